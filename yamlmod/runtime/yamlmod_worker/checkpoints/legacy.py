"""Read torch's legacy format: five pickles, then the storages one after another."""

from __future__ import annotations

import struct
from typing import Any, Dict, List

from ..refused import bad, shown
from .contents import LONGEST, Contents, File, StoragePlace
from .inert import Name
from .meanings import KNOWN, WIDTH, Storage, storage_of
from .opcodes import TABLE
from .pickles import Pickle

_MAGIC = 0x1950A86A20F9469CFC6C
_START = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # the same as a pickle, after its protocol
_VERSION = 1001
_PLACE = 300  # bytes of memory for where a storage lies


def is_legacy(head: bytes) -> bool:
    """Recognise the format by its first bytes: a pickle of the magic number."""
    return head.startswith(b"\x80") and _START in head[:64]


def open_legacy(file: File) -> Contents:
    """Return what the file holds. Raises Refused where it is damaged."""
    data = file.part(0, LONGEST)
    goes_on = len(data) < file.size
    objects: List[Any] = []
    names: Dict[Name, None] = {}
    storages: Dict[str, Storage] = {}

    def storage(identifier: Any) -> Any:
        if isinstance(identifier, tuple) and len(identifier) == 4 and identifier[0] == "module":
            return identifier[1]  # the class, with the source it had; never needed
        made = storage_of(identifier)
        storages[made.key] = made
        return made

    end = 0
    for _ in range(5):
        pickle = Pickle(data, end, KNOWN, storage, file.room, goes_on)
        objects.append(pickle.load(TABLE))
        names.update(pickle.names)
        end = pickle.end
    magic, version, system, root, keys = objects
    if magic != _MAGIC or version != _VERSION or not isinstance(keys, list):
        raise bad("it is not of torch.save's legacy format {}".format(_VERSION))
    if isinstance(system, dict) and system.get("little_endian") is False:
        raise bad("it was written on a big-endian machine")
    file.room.spend(_PLACE * len(storages))
    return Contents(root, list(names), _places(file, end, keys, storages).get)


def _places(
    file: File, end: int, keys: List[Any], named: Dict[str, Storage]
) -> Dict[str, StoragePlace]:
    places: Dict[str, StoragePlace] = {}
    for key in keys:
        if not isinstance(key, str) or key not in named or key in places:
            raise bad("it holds a storage that nothing names")
        if file.size - end < 8:
            raise bad("it is truncated: a storage is missing")
        count = struct.unpack("<q", file.part(end, 8))[0]
        length = count * WIDTH[named[key].dtype]
        if count < 0 or length > file.size - end - 8:
            raise bad("it is truncated: bytes of its storage {} are missing".format(shown(key)))
        places[key] = StoragePlace(end + 8, length)
        end += 8 + length
    return places
