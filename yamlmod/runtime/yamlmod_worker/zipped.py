"""torch's zip format: `data.pkl` beside `data/KEY`, each uncompressed."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any, Dict, Optional

from .contents import LONGEST, Contents, File, Place
from .meanings import KNOWN, storage_of
from .opcodes import TABLE
from .pickles import Pickle
from .refused import bad, shown

_START = b"PK\x03\x04"
_LENGTHS = struct.Struct("<HH").unpack_from  # of the name and the extra field
_EMPTY = b"PK\x05\x06"
_DAMAGE = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error)


class _Directory(io.FileIO):
    """The file as zipfile sees it: a directory that would fill the memory is not read."""

    def read(self, size: Any = -1) -> Any:
        if size is not None and size > LONGEST:
            raise bad("its directory has {} bytes".format(size))
        return super().read(size)


def is_zip(head: bytes) -> bool:
    """Tell a zip file by its first bytes."""
    return head.startswith((_START, _EMPTY))


def open_zip(file: File) -> Contents:
    """Return what the archive holds. Raises Refused where it is not torch's, or is damaged."""
    members = _members(file.path)
    pickles = [name for name in members if name.endswith("/data.pkl") or name == "data.pkl"]
    if len(pickles) != 1:
        raise bad("it is a zip file, but not of torch.save: it holds no data.pkl")
    prefix = pickles[0][: -len("data.pkl")]
    if prefix + "constants.pkl" in members:
        raise bad("it is a TorchScript archive; give the checkpoint it came from")
    if sum(info.file_size for info in members.values()) > file.size:
        raise bad("its records are longer than the file: it is compressed, or damaged")
    if prefix + "byteorder" in members:
        start, length, _ = _place(members[prefix + "byteorder"], file)
        if file.part(start, length) != b"little":
            raise bad("it was written on a big-endian machine")
    pickle = Pickle(_checked(members[pickles[0]], file), 0, KNOWN, storage_of)
    root = pickle.load(TABLE)

    def place(key: str) -> Optional[Place]:
        info = members.get(prefix + "data/" + key)
        return None if info is None else _place(info, file)

    return Contents(root, list(pickle.names), place)


def _members(path: str) -> Dict[str, zipfile.ZipInfo]:
    try:
        with _Directory(path) as file, zipfile.ZipFile(file) as archive:
            listed = archive.infolist()
    except _DAMAGE as error:
        raise bad("it is a damaged or truncated zip file: {}".format(shown(str(error)))) from None
    members = {info.filename: info for info in listed}
    if len(members) != len(listed):
        raise bad("it is a zip file with two records of one name")
    return members


def _place(info: zipfile.ZipInfo, file: File) -> Place:
    """Return where a record's bytes lie: behind its own header, whose length differs."""
    if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
        raise bad("it is compressed or encrypted, which torch.save never does")
    offset = info.header_offset
    head = file.part(offset, 30) if offset >= 0 else b""
    if len(head) < 30 or not head.startswith(_START):
        raise bad("it is damaged at its record {}".format(shown(info.filename)))
    return Place(offset + 30 + sum(_LENGTHS(head, 26)), info.file_size, info.CRC)


def _checked(info: zipfile.ZipInfo, file: File) -> bytes:
    start, length, checksum = _place(info, file)
    if length > LONGEST:
        raise bad("its pickle has {} bytes, and at most {} are read".format(length, LONGEST))
    found = file.part(start, length)
    if len(found) != length or zlib.crc32(found) != checksum:
        raise bad("it is truncated or damaged in its record {}".format(shown(info.filename)))
    return found
