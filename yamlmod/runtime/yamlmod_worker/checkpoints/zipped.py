"""Read torch's zip format: `data.pkl` beside `data/KEY`, each uncompressed."""

from __future__ import annotations

import zlib
from typing import Optional

from ..refused import bad, shown
from .contents import LONGEST, Contents, File, StoragePlace
from .directory import MemberRecord, place_of, records_of
from .meanings import KNOWN, storage_of
from .opcodes import TABLE
from .pickles import Pickle

_START = b"PK\x03\x04"
_EMPTY = b"PK\x05\x06"


def is_zip(head: bytes) -> bool:
    """Recognise a zip file by its first bytes."""
    return head.startswith((_START, _EMPTY))


def open_zip(file: File) -> Contents:
    """Return what the archive holds. Raises Refused where it is not torch's, or is damaged."""
    records = records_of(file)
    pickles = [name for name in records if name.endswith("/data.pkl") or name == "data.pkl"]
    if len(pickles) != 1:
        raise bad("it is a zip file, but not from torch.save: it holds no data.pkl")
    prefix = pickles[0][: -len("data.pkl")]
    if prefix + "constants.pkl" in records:
        raise bad("it is a TorchScript archive; give the checkpoint it came from")
    if sum(record.size for record in records.values()) > file.size:
        raise bad("its records are longer than the file: it is compressed, or damaged")
    order = records.get(prefix + "byteorder")
    if order is not None and _content(order, file, "byteorder") != b"little":
        raise bad("it was written on a big-endian machine")
    data = _content(records[pickles[0]], file, pickles[0])
    pickle = Pickle(data, 0, KNOWN, storage_of, file.room)
    root = pickle.load(TABLE)

    def place(key: str) -> Optional[StoragePlace]:
        name = prefix + "data/" + key
        record = records.get(name)
        return None if record is None else place_of(record, file, name)

    return Contents(root, list(pickle.names), place)


def _content(record: MemberRecord, file: File, name: str) -> bytes:
    start, length, checksum = place_of(record, file, name)
    if length > LONGEST:
        raise bad("its pickle has {} bytes; at most {} are read".format(length, LONGEST))
    content = file.part(start, length)
    if len(content) != length or zlib.crc32(content) != checksum:
        raise bad("it is truncated or damaged in its record {}".format(shown(name)))
    return content
