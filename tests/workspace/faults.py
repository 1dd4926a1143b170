"""A machine that fails or dies at a chosen call: put in the place of `os` in workspace/disk.py."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from yamlmod.workspace import disk

# What can change the disk or fail; the rest of `os` goes through uncounted.
CALLS = {
    "open",
    "fdopen",
    "write",
    "ftruncate",
    "fsync",
    "close",
    "replace",
    "unlink",
    "mkdir",
    "rmdir",
    "chmod",
    "chown",
    "stat",
    "fstat",
    "read",
    "listdir",
}


class Killed(BaseException):
    """The process is dead: no handler of it may change the disk any more."""


class Machine:
    """Stands for the module `os` and counts its calls.

    At call number ``at`` it does what ``fault`` says: ``kill`` dies before the call, ``torn`` dies
    in the middle of a write, ``exit`` really ends the process, an OSError is raised once; with
    ``for_good`` by every call from then on.
    """

    def __init__(self, at: int = 0, fault: str | OSError = "kill", for_good: bool = False):
        self.at, self.fault, self.for_good = at, fault, for_good
        self.calls: list[str] = []
        self.dead = False

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        return real if name not in CALLS else lambda *a, **k: self._call(name, real, a, k)

    def _call(self, name: str, real: Any, args: Any, kwargs: Any) -> Any:
        if self.dead:
            if name == "close":  # what the system does for a dead process
                real(*args)
            raise Killed
        self.calls.append(f"{name} {args[0] if args else ''}")
        number = len(self.calls)
        if self.at and (number == self.at or (self.for_good and number > self.at)):
            self._strike(name, real, args)
        return real(*args, **kwargs)

    def _strike(self, name: str, real: Any, args: Any) -> None:
        if isinstance(self.fault, OSError):
            if name == "close":
                real(*args)
            raise OSError(self.fault.errno, os.strerror(self.fault.errno), str(args[0]))
        if self.fault == "torn" and name == "write":
            real(args[0], bytes(args[1])[: len(args[1]) // 2])
        if self.fault == "exit":
            os._exit(77)
        if name == "close":
            real(*args)
        self.dead = True
        raise Killed


@contextmanager
def machine(monkeypatch: pytest.MonkeyPatch, *args: Any, **kwargs: Any) -> Iterator[Machine]:
    """Run the body on a machine that fails."""
    one = Machine(*args, **kwargs)
    with monkeypatch.context() as patch:
        patch.setattr(disk, "os", one)
        yield one


def tree(folder: Path) -> dict[str, tuple[bytes, int] | None]:
    """Every file with bytes and mode and every folder, but yamlmod's journal."""
    return {
        path.relative_to(folder).as_posix(): (
            (path.read_bytes(), path.stat().st_mode & 0o777) if path.is_file() else None
        )
        for path in sorted(folder.rglob("*"))
        if ".yamlmod" not in path.relative_to(folder).parts
    }


def rubbish(folder: Path) -> list[str]:
    """What should not be left: temporary files, locks, a write that was begun."""
    bad = ("*.tmp", "lock", "pending*")
    return sorted(str(path) for pattern in bad for path in folder.rglob(pattern))
