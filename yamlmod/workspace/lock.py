"""Lock a home for one writer; the system releases the lock when its process dies."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.workspace import disk
from yamlmod.workspace.files import display
from yamlmod.workspace.home import store_of
from yamlmod.workspace.wording import safe

WAIT = 3.0
_NAME = "lock"
_IGNORE = ".gitignore"
_ALL = b"*\n"
_LONGEST = 10_000
# Windows bars others from the locked bytes, so that those of the text must not be among them.
_FAR = 1 << 30
_HELD = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
# File systems of clusters that know no locks: the check before writing is what is left there.
_NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL}


@contextlib.contextmanager
def locked(home: Path, command: Sequence[str], wait: float | None = None) -> Iterator[None]:
    """Hold the lock of ``home``. Raises Refusal naming the holder where it stays held.

    A lock file that a dead process left is taken over: what counts is the system's lock on it.
    On the way out the lock file goes, and `.yamlmod` with it if it holds nothing else.
    """
    store = store_of(home)
    descriptor = _acquire(home, store, WAIT if wait is None else wait)
    try:
        _describe(home, store, descriptor, command)
        yield
    finally:
        _release(store, descriptor)


def holder(home: Path) -> str | None:
    """Return who holds the lock of ``home``, None where no one does."""
    path = store_of(home) / _NAME
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        if _try(descriptor):
            return None
        return _read_holder(path)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _acquire(home: Path, store: Path, wait: float) -> int:
    deadline = time.monotonic() + wait
    path = store / _NAME
    while True:
        descriptor = _open(home, store, path)
        if descriptor is not None:
            try:
                if _try(descriptor) and _same(descriptor, path):
                    return descriptor
            except BaseException:
                _close(descriptor)
                raise
            _close(descriptor)
        if time.monotonic() >= deadline:
            raise Refusal(
                "locked",
                f"another yamlmod is writing in {display(home)}: {_read_holder(path)}",
                hint="wait until it is done, then run the command again; nothing was written",
            )
        time.sleep(0.03)


def _open(home: Path, store: Path, path: Path) -> int | None:
    try:
        for folder in reversed(store.parents):
            if not folder.exists():  # of a home that keeps its journal elsewhere
                disk.make_folder(folder, 0o700)
        disk.make_folder(store)
        if store.is_symlink() or path.is_symlink():
            raise Refusal(
                "journal-unwritable",
                f"{display(store)} is or contains a link; yamlmod's journal must be a plain folder",
                hint="remove the link; nothing was changed",
            )
        return _open_own(path)
    except FileNotFoundError:
        return None  # the last holder has just removed the folder
    except OSError as error:
        if disk.WINDOWS and isinstance(error, PermissionError) and store.is_dir():
            return None  # the last holder is just removing the file
        raise unwritable(home, error) from error


def _open_own(path: Path) -> int:
    """Open the lock file; what is written into it must not show up in another file."""
    descriptor = disk.open_shared(path)
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_nlink <= 1:
        return descriptor
    _close(descriptor)
    raise OSError(errno.EINVAL, "it is not a regular file; remove it", str(path))


def unwritable(home: Path, error: OSError) -> Refusal:
    """Return the refusal of a write that could not be journalled."""
    reason = error.strerror or str(error)
    return Refusal(
        "journal-unwritable",
        f"{display(store_of(home))} cannot be written: {reason}; nothing was changed",
        hint="yamlmod keeps there what it needs to undo a write or to survive a kill, and writes "
        "nothing without it: make room or give yourself the right to write there",
    )


def _try(descriptor: int) -> bool:
    """Take the system's lock on an open file if no one has it."""
    try:
        if disk.WINDOWS:
            import msvcrt

            os.lseek(descriptor, _FAR, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore[attr-defined,unused-ignore]
    except OSError as error:
        if error.errno in _HELD:
            return False
        if error.errno not in _NO_LOCKS:
            raise
    return True


def _same(descriptor: int, path: Path) -> bool:
    """Check whether the locked file is still the one of that name: its last holder removed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _describe(home: Path, store: Path, descriptor: int, command: Sequence[str]) -> None:
    text = f"process {os.getpid()}, {' '.join(command)}, since {time.strftime('%H:%M:%S')}\n"
    try:
        disk.overwrite(descriptor, text.encode("utf-8", "replace")[:_LONGEST])
        if _read_small(store / _IGNORE) != _ALL:
            # Hides the folder from git without an edit of anything that is the user's.
            disk.remove(store / _IGNORE)
            disk.write_new(store / _IGNORE, _ALL)
    except OSError as error:
        raise unwritable(home, error) from error


def _read_small(path: Path) -> bytes | None:
    """Return what a file of a line holds, None where it is anything else."""
    try:
        return None if path.is_symlink() else disk.read(path, _LONGEST)
    except disk.UnfitError:
        return None


def _read_holder(path: Path) -> str:
    with contextlib.suppress(OSError, ValueError):
        return safe((_read_small(path) or b"").decode("utf-8", "replace").strip()) or "unknown"
    return "unknown"


def _release(store: Path, descriptor: int) -> None:
    """Remove the lock file and what is empty, then let go.

    While the lock is held no one else may own a file of that name; only Windows, which removes no
    open file, must let go first, and there a file that another process has opened meanwhile stays.
    """
    path = store / _NAME
    try:
        with contextlib.suppress(OSError):
            if set(disk.names(store)) <= {_NAME, _IGNORE}:
                disk.remove(store / _IGNORE)
        if not disk.WINDOWS:
            with contextlib.suppress(OSError):
                disk.remove(path)
    finally:
        _close(descriptor)
    if disk.WINDOWS:
        with contextlib.suppress(OSError):
            disk.remove(path)
    disk.remove_folder(store)


def _close(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.close(descriptor)
