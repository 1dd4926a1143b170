"""Read the directory of a zip file, in time and memory bounded by its own length.

zipfile keeps an object of 0.8 KB for an entry of 47 bytes, and cuts an extra field anew for each
of its parts. torch writes neither comments nor compressed records, and needs little of the format.
"""

from __future__ import annotations

import struct
from typing import Dict, NamedTuple, Optional, Tuple

from ..refused import Refused, bad, shown
from .contents import LONGEST, File, StoragePlace
from .keys import check_text

_ENTRY = struct.Struct("<4s4B4HL2L5H2L")
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_LOCAL = struct.Struct("<4s2B4HL2L2H")
_LONGEST_COMMENT = 1 << 16
_RECORD = 450  # bytes of memory for what is kept of an entry
_IN_EXTRA = 0xFFFFFFFF  # a number of 32 bits that is in the entry's extra field, with 64


class MemberRecord(NamedTuple):
    """An entry of the directory: the position of the record's header, its size and checksum."""

    offset: int
    size: int
    checksum: int
    stored: bool


def records_of(file: File) -> Dict[str, MemberRecord]:
    """Return the records of a zip file by name. Raises Refused where it is damaged."""
    try:
        start, length, count = _end(file)
        if length > LONGEST:
            raise bad("its directory has {} bytes".format(length))
        file.room.spend(length)
        data = file.part(start, length)
        if len(data) != length:
            raise _damaged("its directory is not where it should be")
        return _entries(data, count, file)
    except (struct.error, OverflowError, OSError, UnicodeDecodeError):
        raise _damaged("its directory is malformed") from None


def place_of(record: MemberRecord, file: File, name: str) -> StoragePlace:
    """Return where a record's bytes are: after its own header, whose length differs."""
    if not record.stored:
        raise bad("it is compressed or encrypted, which torch.save never does")
    head = file.part(record.offset, _LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
        raise bad("it is damaged at its record {}".format(shown(name)))
    lengths = _LOCAL.unpack(head)[-2:]
    return StoragePlace(record.offset + _LOCAL.size + sum(lengths), record.size, record.checksum)


def _end(file: File) -> Tuple[int, int, int]:
    """Return where the directory begins, its length, and how many entries it has."""
    first = max(file.size - _END.size - _LONGEST_COMMENT, 0)
    tail = file.part(first, file.size - first)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0:
        raise _damaged("it has no directory")
    _, _, _, _, count, length, start, _ = _END.unpack_from(tail, at)
    if at >= _LOCATOR.size and tail.startswith(b"PK\x06\x07", at - _LOCATOR.size):
        where = _LOCATOR.unpack_from(tail, at - _LOCATOR.size)[2]
        end = _END_64.unpack(file.part(min(where, file.size), _END_64.size))
        if end[0] != b"PK\x06\x06":
            raise _damaged("its directory is not where it should be")
        count, length, start = end[7:]
    if start + length > first + at:
        raise _damaged("its directory is longer than the file")
    return start, length, count


def _entries(data: bytes, count: int, file: File) -> Dict[str, MemberRecord]:
    records: Dict[str, MemberRecord] = {}
    end = 0
    while end < len(data):
        entry = _ENTRY.unpack_from(data, end)
        name_length, extra_length, comment_length = entry[12:15]
        file.room.spend(_RECORD + 4 * name_length)
        extra = end + _ENTRY.size + name_length
        if entry[0] != b"PK\x01\x02" or extra + extra_length + comment_length > len(data):
            raise _damaged("its directory is malformed")
        name = data[end + _ENTRY.size : extra].decode("utf-8", "surrogateescape")
        check_text(name)
        if name in records:
            raise bad("it is a zip file with two records of one name")
        records[name] = _record(entry, data, extra, extra + extra_length)
        end = extra + extra_length + comment_length
    if len(records) != count:
        raise _damaged("its directory has {} entries, but declares {}".format(len(records), count))
    _check_order(records, file.size)
    return records


def _record(entry: Tuple[int, ...], data: bytes, extra: int, stop: int) -> MemberRecord:
    flags, method, checksum, packed, size, offset = (entry[i] for i in (5, 6, 9, 10, 11, 18))
    if _IN_EXTRA in (packed, size, offset):
        size, packed, offset = _wide((size, packed, offset), data, extra, stop)
    return MemberRecord(offset, size, checksum, method == 0 and not flags & 1 and packed == size)


def _wide(numbers: Tuple[int, int, int], data: bytes, extra: int, stop: int) -> Tuple[int, ...]:
    """Return numbers of 64 bits for those that have no place in the entry."""
    while extra + 4 <= stop:
        kind, length = struct.unpack_from("<2H", data, extra)
        if kind == 1 and extra + 4 + length <= stop:
            wide = iter(struct.unpack_from("<{}Q".format(min(length // 8, 3)), data, extra + 4))
            values = [next(wide, None) if n == _IN_EXTRA else n for n in numbers]
            if None not in values:
                return tuple(values)  # type: ignore[arg-type]
            break
        extra += 4 + length
    raise _damaged("a record of 64 bits has no size")


def _check_order(records: Dict[str, MemberRecord], size: int) -> None:
    """Refuse records that overlap: the same bytes would be held more than once."""
    end: Optional[int] = None
    for record in sorted(records.values()):
        if end is not None and record.offset < end:
            raise _damaged("its records overlap")
        end = record.offset + _LOCAL.size + (record.size if record.stored else 0)
    if end is not None and end > size:
        raise bad("its records are longer than the file: it is compressed, or damaged")


def _damaged(what: str) -> Refused:
    return bad("it is a damaged or truncated zip file: {}".format(what))
