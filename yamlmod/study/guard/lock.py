"""The lock of a run's folder, also where several machines share it.

The system's own lock decides between processes of one machine. It may not reach others: on NFS that
depends on server and mount, and some file systems have none. So each holder also creates a file of
the next number in `holders`, which only one can, and writes a beat into it. One of another machine
is taken for dead if its beat stands still while this machine watches: no two clocks are compared.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time

from .plain_files import open_plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LOCKED = 75  # exit code of a guard: another process trains in this folder
BEAT = 5.0  # seconds between two beats
STALE = 30.0  # and without one, until a holder of another machine is dead
_LOOK = 1.0
_MOST = 10_000  # bytes of a holder


class Lock:
    """The lock of one folder, while this process holds it."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.holders = os.path.join(folder, "holders")
        self.number = 0
        self.holder = {"host": socket.gethostname(), "machine": machine(), "pid": os.getpid()}
        self.released = threading.Event()
        self.descriptor = os.open(os.path.join(folder, "lock"), os.O_RDWR | os.O_CREAT, 0o666)

    def acquire(self) -> bool:
        """Take it; where a holder of another machine may be dead, that takes a while."""
        if self._acquire():
            return True
        os.close(self.descriptor)
        return False

    def _acquire(self) -> bool:
        system = _system_lock(self.descriptor)
        if system == "held":
            return False
        number, text = newest(self.folder)
        if _may_live(system, text) and _moves(self.folder, number, text):
            return False
        os.makedirs(self.holders, exist_ok=True)
        self.number = number + 1
        try:
            self._write(0, os.O_CREAT | os.O_EXCL)
        except FileExistsError:  # another was faster
            return False
        return True

    def keep(self, lost: Callable[[], None]) -> None:
        """Write a beat until it is released; ``lost`` is called if another has taken it over."""
        beat = 0
        while not self.released.wait(BEAT):
            beat += 1
            try:
                self._write(beat)
                if newest(self.folder)[0] > self.number:
                    lost()
                    return
            except OSError:  # a full disk, or a server that is away
                continue

    def release(self) -> None:
        self.released.set()
        try:
            self._write(-1)
        except OSError:
            pass

    def _write(self, beat: int, flags: int = 0) -> None:
        # Opened anew: on NFS others see what was written before a file was closed. Of one size, so
        # that a full disk does not end it.
        text = json.dumps({**self.holder, "beat": f"{beat:9d}", "open": int(beat >= 0)})
        path = os.path.join(self.holders, str(self.number))
        descriptor = os.open(path, os.O_WRONLY | flags, 0o666)
        try:
            os.write(descriptor, (text + "\n").encode("utf-8"))
        finally:
            os.close(descriptor)


def is_held(folder: str) -> bool:
    """Check whether a training holds the folder; the system's lock is tried and given back."""
    mode = os.O_RDWR if sys.platform == "win32" else os.O_RDONLY
    try:
        descriptor = os.open(os.path.join(folder, "lock"), mode)
    except OSError:
        return False
    try:
        system = _system_lock(descriptor, shared=True)
    finally:
        os.close(descriptor)
    if system == "held":
        return True
    number, text = newest(folder)
    return _may_live(system, text) and _age(folder, number) < STALE


def newest(folder: str) -> tuple[int, str]:
    """Return the number and the text of the newest holder; 0 where there was none."""
    holders = os.path.join(folder, "holders")
    try:
        number = max((int(name) for name in os.listdir(holders) if name.isdigit()), default=0)
    except (FileNotFoundError, NotADirectoryError):
        return 0, ""
    file = open_plain(os.path.join(holders, str(number)))
    if file is None:
        return 0, ""
    with file:
        return number, file.read(_MOST).decode("utf-8", "replace")


def _may_live(system: str, text: str) -> bool:
    """Check whether a holder may be at work, although the system's lock was not held.

    On its own machine the system's lock would know of it.
    """
    if not text or '"open": 0' in text:
        return False
    try:
        holder: Any = json.loads(text)
    except (ValueError, RecursionError):  # it was killed while it wrote
        return True
    if not isinstance(holder, dict):
        return True
    return system == "none" or holder.get("machine") != machine()


def machine() -> str:
    """Return what tells this machine from others, whatever their names are."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return socket.gethostname()


def _moves(folder: str, number: int, text: str) -> bool:
    """Watch a holder's beat; True as soon as it moves."""
    end = time.monotonic() + STALE
    while time.monotonic() < end:
        time.sleep(min(_LOOK, STALE / 10))
        if newest(folder) != (number, text):
            return True
    return False


def _age(folder: str, number: int) -> float:
    """Return the seconds since a beat by the file server's clock, which stamps both files."""
    holders = os.path.join(folder, "holders")
    stamp = os.stat(os.path.join(holders, str(number))).st_mtime
    path = os.path.join(holders, f"now-{os.getpid()}")
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o666))
        now = os.stat(path).st_mtime
        os.unlink(path)
    except OSError:  # read only: this machine's own clock must do
        now = time.time()
    return now - stamp


def _system_lock(descriptor: int, shared: bool = False) -> str:
    """Try for a moment, since who asks for a run's state takes it, too: taken, held, or none."""
    for _ in range(1 if shared else 20):
        outcome = _try_lock(descriptor, shared)
        if outcome != "held":
            return outcome
        time.sleep(0 if shared else 0.02)
    return "held"


def _try_lock(descriptor: int, shared: bool) -> str:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, 1 << 20, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            if shared:
                msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return "held"
    except OSError:  # such as ENOLCK: this file system has none
        return "none"
    return "taken"
