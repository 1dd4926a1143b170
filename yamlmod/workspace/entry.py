"""Read and validate a journal entry, which may come with a repository."""

from __future__ import annotations

import binascii
import json
import ntpath
import os
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yamlmod.workspace import disk
from yamlmod.workspace.identity import Identity
from yamlmod.workspace.record import FORMAT, Record, Saved

OLD_FORMAT = 1  # not signed; of the first versions
# Of an entry as it lies in the journal, of its files together and of each, unpacked.
MAX_ENTRY = 32_000_000
MAX_ALL = 64_000_000
MAX_FILE = 16_000_000
MAX_FILES = 10_000
MAX_NUMBER = 99_999_999
_MAX_WORDS = 100_000
_MAX_PATH = 4096
_MAX_WHEN = 100
_MAX_DIGITS = 40  # the number of a file has 128 bits on some systems
# A text of brackets and commas alone takes fifty times its size in memory when it is parsed.
_MAX_MARKS = 500_000
_KEYS = {"format", "number", "when", "command", "kind", "of", "files", "made", "gone"}
_SIGNED = {"home", "signature"}
_FILE = {"path", "before", "after", "mode", "temporary", "kept"}
_TEMPORARY = re.compile(r"\.yamlmod-([0-9a-f]{8})-([0-9]{1,5})\.tmp", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_END = re.compile(rb',\n "signature": "([0-9a-f]{64})"\n\}\n\Z')
_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*\x00-\x1f\\]')


@dataclass(frozen=True)
class ParsedEntry:
    """An entry as it says it is. ``body`` is what its signature covers."""

    record: Record
    format: int
    folder: Identity | None
    body: bytes
    signature: str | None


def parse(data: bytes, home: Path, room: int = MAX_ALL) -> ParsedEntry:
    """Return what an entry says; its files may unpack to ``room`` bytes together.

    Raises ValueError with the reason where it is none. Nothing of it is in the reason.
    """
    if len(data) > MAX_ENTRY or sum(map(data.count, (b",", b"[", b"{"))) > _MAX_MARKS:
        raise ValueError("it is too large")
    try:
        fields = json.loads(
            data,
            object_pairs_hook=_once,
            parse_int=_whole,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    except (ValueError, RecursionError) as error:
        reason = str(error) if type(error) is ValueError else "it is not JSON"
        raise ValueError(reason) from None
    number = fields.get("format") if isinstance(fields, dict) else None
    if type(number) is not int:
        raise ValueError("it is not a journal entry")
    if number not in (OLD_FORMAT, FORMAT):
        raise ValueError(f"its format is {number}, this yamlmod supports up to {FORMAT}")
    _expect_keys(fields, _KEYS if number == OLD_FORMAT else _KEYS | _SIGNED)
    record = _record(fields, home, room)
    if number == OLD_FORMAT:
        return ParsedEntry(record, number, None, data, None)
    folder = _identity(fields["home"])
    if fields["signature"] is None:
        return ParsedEntry(record, number, folder, data, None)
    signed = signature_of(data)
    if signed is None:
        raise ValueError("its signature is missing or misplaced")
    return ParsedEntry(record, number, folder, *signed)


def signature_of(data: bytes) -> tuple[bytes, str] | None:
    """Return what the signature of an entry covers, and it; None where it has none."""
    end = _END.search(data)
    if end is None:
        return None
    return data[: end.start()], end[1].decode("ascii")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("it has a duplicate key")
    return fields


def _whole(text: str) -> int:
    if len(text) > _MAX_DIGITS:  # thousands of digits take seconds
        raise ValueError("it has a number that is too large")
    return int(text)


def _no_number(text: str) -> Any:
    raise ValueError("it has a number that is not an integer")


def _expect_keys(fields: Any, keys: set[str]) -> None:
    if not isinstance(fields, dict) or set(fields) != keys:
        raise ValueError("a key is missing or unexpected")


def _record(fields: dict[str, Any], home: Path, room: int) -> Record:
    kind, of = fields["kind"], fields["of"]
    number = _int(fields["number"], 1, MAX_NUMBER, "number")
    if kind not in ("write", "undo", "redo") or (of is None) != (kind == "write"):
        raise ValueError("its kind is unknown")
    if of is not None and _int(of, 1, MAX_NUMBER, "write") >= number:
        raise ValueError("it refers to a later write")
    files = _files(fields["files"], home, room)
    return Record(
        number=number,
        when=_text(fields["when"], _MAX_WHEN),
        command=tuple(_text(word) for word in _list(fields["command"], _MAX_WORDS)),
        kind=kind,
        of=of,
        files=files,
        made=_folders(fields["made"], home),
        gone=_folders(fields["gone"], home),
    )


def _files(told: Any, home: Path, room: int) -> tuple[Saved, ...]:
    files: list[Saved] = []
    for fields in _list(told, MAX_FILES):
        _expect_keys(fields, _FILE)
        file = _saved(fields, home, min(room, MAX_FILE))
        room -= len(file.before or b"")
        files.append(file)
    if not files:
        raise ValueError("it names no file")
    if len({file.path for file in files}) < len(files):
        raise ValueError("it names a file twice")
    names = [_TEMPORARY.fullmatch(file.temporary) for file in files]
    if len({name[1] for name in names if name}) != 1 or any(
        name is None or name[2] != str(index) for index, name in enumerate(names)
    ):
        raise ValueError("its temporary files have names that yamlmod does not use")
    return tuple(files)


def _saved(fields: dict[str, Any], home: Path, room: int) -> Saved:
    before, after, mode = fields["before"], fields["after"], fields["mode"]
    if after is not None and not _DIGEST.fullmatch(_text(after)):
        raise ValueError("one of its digests is not valid")
    if (before is None) != (mode is None) or (before is None and after is None):
        raise ValueError("it does not contain the old state of a file")
    if type(fields["kept"]) is not bool:
        raise ValueError("it does not say whether a file can be undone")
    return Saved(
        path_of(fields["path"], home),
        None if before is None else _unpack(_text(before), room),
        after,
        # No file that yamlmod reads needs more than this; it comes back without.
        None if mode is None else _int(mode, 0, 0o7777, "mode") & 0o777,
        _text(fields["temporary"]),
        fields["kept"],
    )


def _folders(told: Any, home: Path) -> tuple[Path, ...]:
    # The home itself is named where it lost its last file; nothing is done to it.
    folders = tuple(home if one == "." else path_of(one, home) for one in _list(told, MAX_FILES))
    if len(set(folders)) < len(folders):
        raise ValueError("it names a folder twice")
    return folders


def path_of(text: Any, home: Path) -> Path:
    """Return the path that an entry names: below ``home``, or absolute and elsewhere."""
    name = _text(text, _MAX_PATH)
    try:
        if b"\0" in os.fsencode(name):
            raise ValueError
    except ValueError:  # a lone surrogate is one, too
        raise ValueError("it names a file that cannot exist") from None
    root, inner = _root_of(name)
    if any(part in ("", ".", "..") for part in inner.split("/")):
        raise ValueError("it names a file by a path that yamlmod never writes")
    if disk.WINDOWS and _NOT_ON_WINDOWS.search(inner):
        raise ValueError("it names a file that cannot exist")
    path = Path(name) if root else home / name
    if root and path.is_relative_to(home):
        raise ValueError("it names a file by a path that yamlmod never writes")
    return path


def _root_of(name: str) -> tuple[str, str]:
    """Split a path into what makes it absolute, empty for a relative one, and the rest."""
    if disk.WINDOWS:
        drive, rest = ntpath.splitdrive(name)
        if not drive or rest[:1] not in ("/", "\\"):  # `C:x` is relative to somewhere
            return "", name
        return drive + "/", rest[1:]
    return ("/", name[1:]) if name.startswith("/") else ("", name)


def _identity(fields: Any) -> Identity:
    _expect_keys(fields, {"path", "device", "inode", "born"})
    most = 10**_MAX_DIGITS
    born = fields["born"]
    return Identity(
        _text(fields["path"], _MAX_PATH),
        _int(fields["device"], 0, most, "device"),
        _int(fields["inode"], 0, most, "inode"),
        None if born is None else _int(born, -most, most, "time"),
    )


def _int(value: Any, least: int, most: int, what: str) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"its {what} is not valid")
    return value


def _text(value: Any, longest: int = MAX_ENTRY) -> str:
    if type(value) is not str or len(value) > longest:
        raise ValueError("it has another value instead of a string")
    return value


def _list(value: Any, most: int) -> list[Any]:
    if type(value) is not list or len(value) > most:
        raise ValueError("it has another value instead of a list, or the list is too long")
    return value


def _unpack(text: str, room: int) -> bytes:
    opener = zlib.decompressobj()
    try:
        data = opener.decompress(binascii.a2b_base64(text), room + 1)
    except (ValueError, zlib.error):
        raise ValueError("the old contents of a file are damaged") from None
    if len(data) > room:
        raise ValueError("its contents are too large")
    if not opener.eof or opener.unused_data:
        raise ValueError("the old contents of a file are damaged")
    return data
