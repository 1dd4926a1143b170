"""Every disk operation: the changes, and the one read; each may fail.

Nothing here needs more than Windows offers: no file is replaced while this process holds it open.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import time
from pathlib import Path

WINDOWS = os.name == "nt"
_BINARY = getattr(os, "O_BINARY", 0)
# A fork may come with a journal folder of a user's making: a pipe in it must not hang a read,
# nor a link lead a write elsewhere.
_NO_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_DRAFT = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY | _NO_LINK
# Whatever is read without a limit of its own; no journal entry and no target comes near it.
LIMIT = 64_000_000
_CHUNK = 1 << 20
_KINDS = (
    (stat.S_ISDIR, "is-folder", "it is a folder, not a file"),
    (stat.S_ISFIFO, "not-a-file", "it is a pipe, not a regular file"),
    (stat.S_ISSOCK, "not-a-file", "it is a socket, not a regular file"),
    (stat.S_ISREG, "", ""),
)


class UnfitError(OSError):
    """A file that is there and is not read: of the wrong kind, too large, or outside."""

    def __init__(self, code: str, reason: str, path: Path) -> None:
        super().__init__(errno.EINVAL, reason, str(path))
        self.code = code


def read(path: Path, limit: int = LIMIT, below: Path | None = None) -> bytes | None:
    """Return a file's bytes, None where there is no file. See `read_regular`."""
    try:
        return read_regular(path, limit, below)
    except FileNotFoundError:
        return None


def read_regular(path: Path, limit: int = LIMIT, below: Path | None = None) -> bytes:
    """Return the bytes of a regular file; it never waits and never reads more than ``limit``.

    A repository may ship links to devices, pipes and files of any size. With ``below``, a folder
    without links, a file that a link leads out of it is not read. Raises UnfitError, or what the
    system says.
    """
    if below is not None:
        path = _inside(path, below)
    # Before it is opened, too: to open some devices is to use them.
    _refuse_unfit(os.stat(path), limit, path)  # noqa: PTH116
    descriptor = os.open(path, os.O_RDONLY | _BINARY | _NO_WAIT)
    try:
        _refuse_unfit(os.fstat(descriptor), limit, path)
        data = _read(descriptor, limit + 1)
    finally:
        os.close(descriptor)
    if len(data) > limit:  # it grew, or is one whose size the system does not tell
        raise _too_large(None, limit, path)
    return data


def _inside(path: Path, below: Path) -> Path:
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(below):
        raise UnfitError(
            "outside", f"it points outside of {below.as_posix()}, to {real.as_posix()}", path
        )
    return real


def _refuse_unfit(status: os.stat_result, limit: int, path: Path) -> None:
    for is_kind, code, reason in _KINDS:
        if is_kind(status.st_mode):
            if code:
                raise UnfitError(code, reason, path)
            break
    else:
        raise UnfitError("not-a-file", "it is a device, not a regular file", path)
    if status.st_size > limit:
        raise _too_large(status.st_size, limit, path)


def _too_large(size: int | None, limit: int, path: Path) -> UnfitError:
    what = "it has more bytes than are read" if size is None else f"it has {size:,} bytes"
    return UnfitError("too-large", f"{what}; at most {limit:,} are read", path)


def _read(descriptor: int, most: int) -> bytes:
    parts = []
    while most and (part := os.read(descriptor, min(most, _CHUNK))):
        parts.append(part)
        most -= len(part)
    return b"".join(parts)


def write_new(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file that does not exist yet, down to the disk; the umask thins ``mode`` out."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode)
    try:
        _write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_draft(path: Path, data: bytes) -> None:
    """Write a file, and the folders above it, of a draft that is put in its place as a whole."""
    make_folders(path.parent)
    descriptor = os.open(path, _DRAFT, 0o666)
    try:
        _write(descriptor, data)
    finally:
        os.close(descriptor)


def copy_file(source: Path, target: Path) -> None:
    """Copy the bytes of a file of any size into a draft."""
    make_folders(target.parent)
    _refuse_unfit(os.stat(source), sys.maxsize, source)  # noqa: PTH116
    reading = os.open(source, os.O_RDONLY | _BINARY | _NO_WAIT)
    try:
        writing = os.open(target, _DRAFT, 0o666)
        try:
            while part := os.read(reading, _CHUNK):
                _write(writing, part)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def copy_folder(source: Path, target: Path) -> None:
    """Copy what a folder of a draft holds; it has no links."""
    make_folders(target)
    for name in names(source):
        if (source / name).is_dir():
            copy_folder(source / name, target / name)
        else:
            copy_file(source / name, target / name)


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


def scratch_folder(prefix: str) -> Path:
    """Make a folder of this user alone, where the system keeps what is soon removed."""
    import tempfile

    return Path(tempfile.mkdtemp(prefix=prefix))


def make_folder(path: Path, mode: int = 0o777) -> None:
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, mode)  # noqa: PTH102


def make_folders(path: Path) -> None:
    """Make a folder and those above it that are missing."""
    if not path.is_dir():
        make_folders(path.parent)
        make_folder(path)


def remove_draft(path: Path) -> None:
    """Remove a draft with all that it holds; no link is followed."""
    try:
        is_folder = stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return
    if not is_folder:
        remove(path)
        return
    for name in names(path):
        remove_draft(path / name)
    remove_folder(path)


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
