"""Run one child in its own namespaces, up to the start of the fork's interpreter."""

from __future__ import annotations

import marshal
import os
import resource

from . import kernel, view

TYPE_CHECKING = False
if TYPE_CHECKING:  # with every run of a fork this is read: what is slow to import is left out
    from collections.abc import Callable
    from typing import Any, NoReturn

# Of a superuser's rights those over files: its fork and its Python may belong to another user.
_FILE_RIGHTS = frozenset({0, 1, 3, 4})


class CageSettings:
    """The program, its folder, and the protections to try: `processes`, `network`, `home`."""

    command: list[str]
    folder: str
    fork: str
    home: str
    folders: list[str]
    out: str
    wanted: list[str]
    lifeline: int
    status: int

    def __init__(self, text: str) -> None:
        vars(self).update(marshal.loads(bytes.fromhex(text)))


class Pipes:
    """Between the guard and its child: reports, an answer to one of them, the worker's result."""

    def __init__(self) -> None:
        self.report, self.go, self.result = os.pipe(), os.pipe(), os.pipe()

    def close(self, *kept: int) -> None:
        for end in (*self.report, *self.go, *self.result):
            if end not in kept:
                try:
                    os.close(end)
                except OSError:  # it was closed before
                    continue


class CageError(Exception):
    """A step that cannot be done here; what needs it is left out, and all begins again."""

    def __init__(self, step: str, error: OSError) -> None:
        super().__init__(step)
        self.step, self.error = step, error


def run(settings: CageSettings, wanted: frozenset[str], pipes: Pipes, guard: int) -> NoReturn:
    """Be the child: enter what is wanted, and become the worker or its first process."""
    try:
        os.setsid()
        kernel.die_with_parent(guard)
        _enter(settings, wanted, pipes)
    except CageError as failed:
        error = failed.error
        tell(pipes.report[1], {"failed": failed.step, "reason": error.strerror or str(error)})
    except BaseException as error:
        tell(pipes.report[1], {"failed": "all", "reason": repr(error)[:300]})
    os._exit(1)


def tell(end: int, message: dict[str, Any]) -> None:
    """Write one message: a line, in one piece."""
    os.write(end, marshal.dumps(message).hex().encode() + b"\n")


def _enter(settings: CageSettings, wanted: frozenset[str], pipes: Pipes) -> NoReturn:
    hidden: list[str] = []
    if wanted:
        if "home" in wanted:  # in a network of its own the sockets cannot be listed
            hidden = [*_step("home", view.sockets), *_step("home", view.disks)]
        _step("all", kernel.unshare, kernel.NEW_USER)
        tell(pipes.report[1], {"map": os.getpid()})
        if os.read(pipes.go[0], 1) != b"1":
            raise CageError("all", OSError("user ids cannot be mapped"))
    if "network" in wanted:
        _step("network", kernel.unshare, kernel.NEW_NET | kernel.NEW_IPC)
        kernel.loopback()
    if {"home", "processes"} & wanted:
        step = "home" if "home" in wanted else "processes"
        _step(step, kernel.unshare, kernel.NEW_MOUNT)
    if "processes" in wanted:
        _step("processes", kernel.unshare, kernel.NEW_PID)
        _first(settings, wanted, pipes, hidden)
    _view(settings, wanted, pipes, hidden)
    _start(settings, wanted)


def _step(name: str, call: Callable[..., list[str] | None], *values: object) -> list[str]:
    try:
        return call(*values) or []
    except OSError as error:
        raise CageError(name, error) from None


def _first(
    settings: CageSettings, wanted: frozenset[str], pipes: Pipes, hidden: list[str]
) -> NoReturn:
    """Start the first process of the new namespace, and end with it."""
    if child := os.fork():
        pipes.close()
        close_streams()
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
    close_streams()
    while True:
        ended, status = os.wait()
        if ended == worker:  # with its first process the kernel ends all others
            os.write(pipes.result[1], b"%d" % os.waitstatus_to_exitcode(status))
            os._exit(0)


def _view(settings: CageSettings, wanted: frozenset[str], pipes: Pipes, hidden: list[str]) -> None:
    if "home" in wanted:
        try:
            seen = view.enter(settings.home, settings.folders, settings.fork, settings.out, hidden)
        except OSError as error:
            raise CageError("home", error) from None
        word = seen.word()
        if word == "read-only":  # what these two write at their import has to go somewhere
            for variable in ("YOLO_CONFIG_DIR", "MPLCONFIGDIR"):
                os.environ.setdefault(variable, view.SHARED)
        tell(pipes.report[1], {"home": word, "writable": seen.writable})


def _start(settings: CageSettings, wanted: frozenset[str]) -> NoReturn:
    try:
        os.chdir(settings.folder)
        kernel.drop_privileges(_FILE_RIGHTS if wanted else frozenset(range(64)))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.execv(settings.command[0], settings.command)
    except OSError as error:
        raise CageError("start", error) from None


def close_streams() -> None:
    """Let go of the worker's streams: who reads them waits for all to do so."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.close(null)
