"""What a write was: which files it changed, what they held before, and what they hold after."""

from __future__ import annotations

import binascii
import json
import re
import zlib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

FORMAT = 1
# What is packed may be far larger than the journal; no file that yamlmod writes comes near this.
_LIMIT = 64_000_000
_TEMPORARY = re.compile(r"\.yamlmod-[0-9a-f]{8}-\d+\.tmp")
Kind = TypeVar("Kind", int, str)


@dataclass(frozen=True)
class Saved:
    """One file of a write; ``None`` stands for no file.

    ``after`` is a digest: what a file holds now is on the disk, only what it held is at stake.
    ``temporary`` is the name under which the new contents lie beside the file until they replace
    it; ``kept`` says that the file belongs to what undo reverts.
    """

    path: Path
    before: bytes | None
    after: str | None
    mode: int | None
    temporary: str
    kept: bool = True

    def state(self, found: bytes | None) -> str:
        """Return whether ``found`` is the ``old`` contents, the ``new``, or some ``other``."""
        if found == self.before:
            return "old"
        return "new" if digest(found) == self.after else "other"


@dataclass(frozen=True)
class Record:
    """One write of a command. ``kind`` is write, undo or redo; ``of`` is the write it speaks of.

    ``made`` are the folders that it made, outer ones first, and ``gone`` those it removed.
    """

    number: int
    when: str
    command: tuple[str, ...]
    kind: str
    of: int | None
    files: tuple[Saved, ...]
    made: tuple[Path, ...] = ()
    gone: tuple[Path, ...] = ()

    @property
    def write(self) -> int:
        """Return the number of the write that this is, undoes or does again."""
        return self.number if self.of is None else self.of


def digest(data: bytes | None) -> str | None:
    """Return what a record keeps of contents that it does not keep."""
    return None if data is None else sha256(data).hexdigest()


def encode(record: Record, home: Path) -> bytes:
    """Return a record as JSON; paths below ``home`` are relative, so that a fork may be moved."""
    files = [
        {
            "path": _shorten(file.path, home),
            "before": _pack(file.before),
            "after": file.after,
            "mode": file.mode,
            "temporary": file.temporary,
            "kept": file.kept,
        }
        for file in record.files
    ]
    data = {
        "format": FORMAT,
        "number": record.number,
        "when": record.when,
        "command": list(record.command),
        "kind": record.kind,
        "of": record.of,
        "files": files,
        "made": [_shorten(path, home) for path in record.made],
        "gone": [_shorten(path, home) for path in record.gone],
    }
    return (json.dumps(data, indent=1) + "\n").encode("ascii")


def decode(data: bytes, home: Path) -> Record:
    """Return the record that ``encode`` wrote. Raises ValueError where it is none."""
    try:
        told = json.loads(data)
        if told["format"] != FORMAT:
            raise ValueError(f"its format is {told['format']}, and this yamlmod knows {FORMAT}")
        return Record(
            number=int(told["number"]),
            when=str(told["when"]),
            command=tuple(map(str, told["command"])),
            kind=str(told["kind"]),
            of=_maybe(told["of"], int),
            files=tuple(_saved(file, home) for file in told["files"]),
            made=tuple(_path(path, home) for path in told["made"]),
            gone=tuple(_path(path, home) for path in told["gone"]),
        )
    except (
        KeyError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
        zlib.error,
    ) as error:
        raise ValueError(f"it is no journal entry ({type(error).__name__})") from error


def _saved(told: dict[str, Any], home: Path) -> Saved:
    name = str(told["temporary"])
    if not _TEMPORARY.fullmatch(name):
        raise ValueError("it names a temporary file elsewhere")
    mode = _maybe(told["mode"], int)
    return Saved(
        _path(told["path"], home),
        _unpack(told["before"]),
        _maybe(told["after"], str),
        None if mode is None else mode & 0o7777,
        name,
        bool(told["kept"]),
    )


def _path(text: str, home: Path) -> Path:
    if "\0" in text:
        raise ValueError("it names a file that cannot be")
    return home / text


def _maybe(value: Any, kind: type[Kind]) -> Kind | None:
    if value is not None and type(value) is not kind:
        raise ValueError(f"{value!r} stands where {kind.__name__} is expected")
    return value


def _shorten(path: Path, home: Path) -> str:
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else path.as_posix()


def _pack(data: bytes | None) -> str | None:
    if data is None:
        return None
    return binascii.b2a_base64(zlib.compress(data), newline=False).decode("ascii")


def _unpack(text: str | None) -> bytes | None:
    if text is None:
        return None
    opener = zlib.decompressobj()
    data = opener.decompress(binascii.a2b_base64(text), _LIMIT)
    if not opener.eof:
        raise ValueError("it holds a file that is too large or cut off")
    return data
