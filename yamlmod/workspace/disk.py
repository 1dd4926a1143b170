"""Every call that changes the disk, in one place: each is a step that may fail or be the last.

Nothing here needs more than Windows offers: no file is replaced while this process holds it open.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

WINDOWS = os.name == "nt"
_BINARY = getattr(os, "O_BINARY", 0)
# A fork may come with a journal folder of somebody's making: a pipe in it must not hang a read,
# nor a link lead a write elsewhere.
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def read(path: Path) -> bytes | None:
    """Return a file's bytes, None where there is no file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _BINARY | _NO_WAIT)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read()


def write_new(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file that does not exist yet, down to the disk; the umask thins ``mode`` out."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode)
    try:
        _write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_shared(path: Path) -> int:
    """Open a file, no link, for several processes at once; it is made if it is missing."""
    return os.open(path, os.O_RDWR | os.O_CREAT | _BINARY | _NO_WAIT | _NO_LINK, 0o666)


def overwrite(descriptor: int, data: bytes) -> None:
    """Give an open file other contents."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.ftruncate(descriptor, 0)
    _write(descriptor, data)


def dress(path: Path, mode: int, like: Path) -> None:
    """Give a file a mode, and the owner of another file where this user may do that."""
    if hasattr(os, "chown"):
        with contextlib.suppress(OSError):
            status = os.stat(like)  # noqa: PTH116 - every call of this module goes through `os`
            os.chown(path, status.st_uid, status.st_gid)
    os.chmod(path, mode)  # noqa: PTH101


def replace(source: Path, target: Path) -> None:
    """Put one file in another's place, or at a free one, in one step."""
    for pause in (0.02, 0.05, 0.1, 0.2):
        try:
            os.replace(source, target)  # noqa: PTH105
        except PermissionError:
            if not WINDOWS:
                raise
            # A virus scanner or an indexer opens new files for a moment.
            time.sleep(pause)
        else:
            return
    os.replace(source, target)  # noqa: PTH105


def remove(path: Path) -> None:
    """Remove a file that may be missing."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108


def make_folder(path: Path) -> None:
    """Make one folder that may exist."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(path)  # noqa: PTH102


def remove_folder(path: Path) -> None:
    """Remove a folder that may be missing or, then it stays, hold something."""
    with contextlib.suppress(OSError):
        os.rmdir(path)  # noqa: PTH106


def names(folder: Path) -> list[str]:
    """Return the names in a folder, sorted; none where there is no folder."""
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208
    except (FileNotFoundError, NotADirectoryError):
        return []


def sync_folder(folder: Path) -> None:
    """Bring a folder's names down to the disk, where the system can do that."""
    if WINDOWS:  # it opens no folders
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
