"""One child in namespaces of its own, up to the start of the fork's interpreter."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import resource
import socket
import struct
from dataclasses import dataclass, field
from typing import NoReturn

from . import kernel, view

# Of a superuser's rights those over files: its fork and its Python may belong to another user.
_FILE_RIGHTS = frozenset({0, 1, 3, 4})
_SET_FLAGS, _UP_AND_RUNNING = 0x8914, 0x41


@dataclass(frozen=True)
class Settings:
    """What to start and where, and which protections to try: `processes`, `network`, `home`."""

    command: list[str]
    folder: str
    fork: str
    home: str
    folders: list[str]
    out: str
    wanted: list[str]
    lifeline: int
    status: int


@dataclass
class Pipes:
    """Between the guard and its child: reports, an answer to one of them, the worker's result."""

    report: tuple[int, int] = field(default_factory=os.pipe)
    go: tuple[int, int] = field(default_factory=os.pipe)
    result: tuple[int, int] = field(default_factory=os.pipe)

    def close(self, *kept: int) -> None:
        """Close all but the ends that are kept."""
        for end in (*self.report, *self.go, *self.result):
            if end not in kept:
                with contextlib.suppress(OSError):
                    os.close(end)


class Failed(Exception):
    """A step that cannot be done here; what needs it is left out, and all begins again."""

    def __init__(self, step: str, error: OSError) -> None:
        super().__init__(step)
        self.step, self.error = step, error


def run(settings: Settings, wanted: frozenset[str], pipes: Pipes, guard: int) -> NoReturn:
    """Be the child: enter what is wanted, and become the worker or its first process."""
    try:
        os.setsid()
        kernel.die_with_parent(guard)
        _enter(settings, wanted, pipes)
    except Failed as failed:
        error = failed.error
        _tell(pipes.report[1], {"failed": failed.step, "reason": error.strerror or str(error)})
    except BaseException as error:
        _tell(pipes.report[1], {"failed": "all", "reason": repr(error)[:300]})
    os._exit(1)


def _tell(end: int, message: object) -> None:
    os.write(end, json.dumps(message).encode() + b"\n")


def _enter(settings: Settings, wanted: frozenset[str], pipes: Pipes) -> NoReturn:
    hidden: list[str] = []
    if wanted:
        if "home" in wanted:  # in a network of its own the sockets cannot be listed
            hidden = [*_step("home", view.sockets), *_step("home", view.disks)]
        _step("all", kernel.unshare, kernel.NEW_USER)
        _tell(pipes.report[1], {"map": os.getpid()})
        if os.read(pipes.go[0], 1) != b"1":
            raise Failed("all", OSError(errno.EPERM, "user ids cannot be mapped"))
    if "network" in wanted:
        _step("network", kernel.unshare, kernel.NEW_NET | kernel.NEW_IPC)
        _loopback()
    if {"home", "processes"} & wanted:
        step = "home" if "home" in wanted else "processes"
        _step(step, kernel.unshare, kernel.NEW_MOUNT)
    if "processes" in wanted:
        _step("processes", kernel.unshare, kernel.NEW_PID)
        _first(settings, wanted, pipes, hidden)
    _view(settings, wanted, pipes, hidden)
    _start(settings, wanted)


def _step(name: str, call: object, *values: object) -> list[str]:
    try:
        return call(*values) or []  # type: ignore[operator]
    except OSError as error:
        raise Failed(name, error) from None


def _loopback() -> None:
    """Give the network its loopback device: distributed training talks to itself by it."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        fcntl.ioctl(device, _SET_FLAGS, struct.pack("16sh22x", b"lo", _UP_AND_RUNNING))


def _first(settings: Settings, wanted: frozenset[str], pipes: Pipes, hidden: list[str]) -> NoReturn:
    """Start the first process of the new namespace, and end with it."""
    if child := os.fork():
        pipes.close()
        _close_streams()
        os.waitpid(child, 0)
        os._exit(0)
    kernel.die_with_parent(0)
    _step("processes", kernel.mount, "", "/", "", kernel.PRIVATE | kernel.RECURSIVE)
    _step("processes", kernel.mount, "proc", "/proc", "proc", kernel.NO_SUID | kernel.NO_DEVICES)
    _view(settings, wanted, pipes, hidden)
    if not (worker := os.fork()):
        kernel.die_with_parent(1)
        _start(settings, wanted)
    os.close(pipes.report[1])
    kernel.hide_memory()
    _close_streams()
    while True:
        ended, status = os.wait()
        if ended == worker:  # with its first process the kernel ends all others
            _tell(pipes.result[1], os.waitstatus_to_exitcode(status))
            os._exit(0)


def _view(settings: Settings, wanted: frozenset[str], pipes: Pipes, hidden: list[str]) -> None:
    if "home" in wanted:
        try:
            seen = view.enter(settings.home, settings.folders, settings.fork, settings.out, hidden)
        except OSError as error:
            raise Failed("home", error) from None
        word = seen.word()
        if word == "read-only":  # what these two write at their import has to go somewhere
            for variable in ("YOLO_CONFIG_DIR", "MPLCONFIGDIR"):
                os.environ.setdefault(variable, view.SHARED)
        _tell(pipes.report[1], {"home": word, "writable": seen.writable})


def _start(settings: Settings, wanted: frozenset[str]) -> NoReturn:
    try:
        os.chdir(settings.folder)
        kernel.drop_privileges(_FILE_RIGHTS if wanted else frozenset(range(64)))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.execv(settings.command[0], settings.command)
    except OSError as error:
        raise Failed("start", error) from None


def _close_streams() -> None:
    """Let go of the worker's streams: who reads them waits for all to do so."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.close(null)
