"""Identify a folder: it may be moved, but a copy is another folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_STATX_SIZE = 256
_BORN_MASK = 0x800
_BORN_OFFSET = 0x50
_AT_FDCWD = -100


@dataclass(frozen=True)
class Identity:
    """A folder: where it was, and what the file system calls it. ``born`` is in nanoseconds."""

    path: str
    device: int
    inode: int
    born: int | None

    def same(self, other: Identity) -> bool:
        """Check whether both are one folder, moved perhaps.

        A number is given to another folder once it is free, a time of birth is not: no copy and
        no new clone at the old place has it. Where the system tells no such time, the place or
        the device must be the same, too: device numbers of some file systems change at a restart.
        """
        if self.inode != other.inode:
            return False
        if self.born is not None and other.born is not None:
            return self.born == other.born
        return self.path == other.path or self.device == other.device


def identity_of(folder: Path) -> Identity:
    """Return what ``folder``, a path without links, is."""
    status = folder.stat()
    return Identity(folder.as_posix(), status.st_dev, status.st_ino, _born(folder, status))


def _born(folder: Path, status: os.stat_result) -> int | None:
    if os.name == "nt":
        return getattr(status, "st_birthtime_ns", status.st_ctime_ns)
    seconds = getattr(status, "st_birthtime", None)  # macOS, the BSDs
    return _born_on_linux(folder) if seconds is None else int(seconds * 1_000_000_000)


def _born_on_linux(folder: Path) -> int | None:
    """Ask statx, which Python does not offer; None on a system or file system without it."""
    try:
        import ctypes
        import struct

        buffer = ctypes.create_string_buffer(_STATX_SIZE)
        statx = ctypes.CDLL(None).statx
        if statx(_AT_FDCWD, os.fsencode(folder), 0, _BORN_MASK, buffer) != 0:
            return None
    except (ImportError, OSError, AttributeError, ValueError):
        return None
    (mask,) = struct.unpack_from("=I", buffer, 0)
    seconds, rest = struct.unpack_from("=qI", buffer, _BORN_OFFSET)
    return seconds * 1_000_000_000 + rest if mask & _BORN_MASK else None
