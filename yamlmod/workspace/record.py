"""The record of a write: changed files, with their contents before and after."""

from __future__ import annotations

import binascii
import json
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from yamlmod.workspace.identity import Identity

FORMAT = 2


@dataclass(frozen=True)
class Saved:
    """One file of a write; ``None`` represents no file.

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
        """Check whether ``found`` is the ``old`` contents, the ``new``, or some ``other``."""
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


def encode(
    record: Record, home: Path, folder: Identity, sign: Callable[[bytes], str | None]
) -> bytes:
    """Return a record as JSON that is signed as the write of ``folder``, which is ``home``.

    Paths below ``home`` are relative, so that a fork may be moved.
    """
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
        "home": asdict(folder),
    }
    body = json.dumps(data, indent=1).removesuffix("\n}").encode("ascii")
    return seal(body, sign(body))


def seal(body: bytes, signature: str | None) -> bytes:
    """Return an entry: its text up to the signature, which covers every byte of that, and it."""
    return body + b',\n "signature": ' + json.dumps(signature).encode("ascii") + b"\n}\n"


def _shorten(path: Path, home: Path) -> str:
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else path.as_posix()


def _pack(data: bytes | None) -> str | None:
    if data is None:
        return None
    return binascii.b2a_base64(zlib.compress(data), newline=False).decode("ascii")
