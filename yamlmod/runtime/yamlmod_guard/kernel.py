"""Call the functions of the Linux kernel that Python 3.10 does not wrap."""

from __future__ import annotations

import ctypes
import os
import sys

NEW_MOUNT, NEW_IPC, NEW_USER, NEW_PID, NEW_NET = (
    0x00020000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
)  # fmt: skip
BIND, RECURSIVE, PRIVATE, NO_SUID, NO_DEVICES = 0x1000, 0x4000, 0x40000, 2, 4
_SET_FLAGS, _UP_AND_RUNNING = 0x8914, 0x41
_MOUNT_SETATTR = 442  # one number on every architecture that this is for
_ATTR_READ_ONLY = 1
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_DEATH_SIGNAL, _DUMPABLE, _DROP_BOUND, _SUBREAPER, _NO_NEW_PRIVILEGES = 1, 4, 24, 36, 38
_AMBIENT, _AMBIENT_CLEAR = 47, 4

_libc = ctypes.CDLL(None, use_errno=True)


class _Attributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]


def _checked(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def unshare(flags: int) -> None:
    _checked(_libc.unshare(flags))


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    words = [(word and os.fsencode(word)) or None for word in (source, target, kind, options)]
    _checked(_libc.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[3]))


def read_only(target: str, on: bool = True, recursive: bool = False) -> None:
    """Make a mount, or all below it, read-only or writable. From Linux 5.12 on."""
    attributes = _Attributes(_ATTR_READ_ONLY * on, _ATTR_READ_ONLY * (not on), 0, 0)
    _checked(
        _libc.syscall(
            ctypes.c_long(_MOUNT_SETATTR),
            ctypes.c_int(_AT_FDCWD),
            ctypes.c_char_p(os.fsencode(target)),
            ctypes.c_uint(_AT_RECURSIVE * recursive),
            ctypes.byref(attributes),
            ctypes.c_size_t(ctypes.sizeof(attributes)),
        )
    )


def _control(option: int, *values: int) -> None:
    given = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    _checked(_libc.prctl(option, *given))


def loopback() -> None:
    """Give this network its loopback device: distributed training talks to itself by it."""
    device = _libc.socket(2, 2, 0)
    if device >= 0:
        request = b"lo".ljust(16, b"\0") + _UP_AND_RUNNING.to_bytes(2, sys.byteorder) + bytes(22)
        _libc.ioctl(device, ctypes.c_ulong(_SET_FLAGS), request)
        os.close(device)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    _control(_SUBREAPER, 1)


def die_with_parent(parent: int) -> None:
    """Be killed when the parent ends; ``parent`` is its number when this process was made."""
    _control(_DEATH_SIGNAL, 9)
    if os.getppid() != parent:
        os._exit(1)


def hide_memory() -> None:
    """Let no other process of the user read or trace this one."""
    _control(_DUMPABLE, 0)


def drop_privileges(kept: frozenset[int]) -> None:
    """Give up capabilities for good; the numbers in ``kept`` may survive the start of a program."""
    _control(_NO_NEW_PRIVILEGES, 1)
    try:
        _control(_AMBIENT, _AMBIENT_CLEAR)
        for capability in range(64):
            if capability not in kept:
                _control(_DROP_BOUND, capability)
    except OSError:  # past the last one, or not ours to drop
        pass
