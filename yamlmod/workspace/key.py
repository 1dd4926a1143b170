"""The key that signs this user's journal entries; it never leaves the machine."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from yamlmod.workspace import disk
from yamlmod.workspace.files import display, real_path
from yamlmod.workspace.home import is_marked, state_folder

_NAME = "journal.key"
_LENGTH = 32
_PURPOSE = b"yamlmod journal entry\0"
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)


@dataclass(frozen=True)
class JournalKey:
    """A user's key, or the reason why there is none."""

    secret: bytes | None
    trouble: str = ""

    def sign(self, data: bytes) -> str | None:
        """Return the signature of an entry, None without a key."""
        if self.secret is None:
            return None
        import hmac

        return hmac.digest(self.secret, _PURPOSE + data, "sha256").hex()

    def signed(self, data: bytes, signature: str) -> bool:
        import hmac

        made = self.sign(data)
        return made is not None and hmac.compare_digest(made, signature)


class _Unfit(Exception):
    """There is no key to be had; the text says why."""


def key_for(home: Path, make: bool) -> JournalKey:
    """Return the key for the journal of ``home``; ``make`` makes one where there is none yet."""
    try:
        folder = state_folder()
        if folder is None:
            raise _Unfit("there is no home folder to keep a key in")
        _refuse_inside(folder, home)
        secret = _read(folder / _NAME)
        if secret is None and make:
            _make(folder)
            secret = _read(folder / _NAME)
        if secret is None:
            raise _Unfit("there is no key yet")
    except _Unfit as unfit:
        return JournalKey(None, str(unfit))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return JournalKey(None, f"no key can be kept in {display(folder or Path())}: {reason}")
    return JournalKey(secret)


def _refuse_inside(folder: Path, home: Path) -> None:
    """A key inside the repository may have come with it: HOME may point there, in a CI job."""
    if is_marked(home) and real_path(folder).is_relative_to(home):
        raise _Unfit(f"{display(folder)}, where the key would be, is inside the repository")


def _read(path: Path) -> bytes | None:
    """Return the key; the file that is judged is the one that is read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _BINARY | _NO_WAIT | _NO_LINK)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _Unfit(f"{display(path)} is a link") from error
        raise
    try:
        _refuse_unfit(path, os.fstat(descriptor))
        secret = os.read(descriptor, _LENGTH + 1)
    finally:
        os.close(descriptor)
    if len(secret) != _LENGTH:
        raise _Unfit(f"{display(path)} is damaged; remove it, and a new key is made")
    return secret


def _refuse_unfit(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _Unfit(f"{display(path)} is not a regular file")
    if disk.WINDOWS or not hasattr(os, "geteuid"):  # there the folder's rights protect it
        return
    if status.st_uid != os.geteuid():
        raise _Unfit(f"{display(path)} belongs to another user")
    if status.st_mode & 0o077:
        raise _Unfit(f"other users may read {display(path)}; remove it, and a new key is made")


def _make(folder: Path) -> None:
    """Make a key that is whole or not there, and one only where two processes make it."""
    _make_folders(folder)
    path = folder / _NAME
    temporary = folder / f"{_NAME}.{os.urandom(4).hex()}.tmp"
    disk.write_new(temporary, os.urandom(_LENGTH), 0o600)
    try:
        try:
            os.link(temporary, path)  # fails where there is one
        except FileExistsError:
            return
        except (OSError, AttributeError, NotImplementedError):  # a file system without hard links
            if not path.exists():
                disk.replace(temporary, path)
        disk.sync_folder(folder)
    finally:
        disk.remove(temporary)


def _make_folders(folder: Path) -> None:
    """Make the missing folders, for this user alone; not in the home of another user."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    parent = (missing[-1] if missing else folder).parent if missing else folder
    status = parent.stat()
    if hasattr(os, "geteuid") and not disk.WINDOWS:
        allowed = (os.geteuid(),) if parent == folder else (os.geteuid(), 0)
        if status.st_uid not in allowed:  # root with the HOME of another user, as under sudo
            raise _Unfit(f"{display(parent)} belongs to another user")
        if parent == folder and status.st_mode & 0o022:
            raise _Unfit(f"other users may write in {display(folder)}")
    for one in reversed(missing):
        try:
            one.mkdir(mode=0o700)
        except FileExistsError:
            continue
