"""Start and end the worker's process: behind the guard on Linux, else as the system allows."""

from __future__ import annotations

import contextlib
import ctypes
import marshal
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from yamlmod.runtime.protection import NAMES, Protection, wanted

_GUARD = Path(__file__).with_name("yamlmod_guard")
_READY = 20.0  # seconds for the guard's own work
_ENDED = 8.0
_SUBREAPER, _IS_SUBREAPER = 36, 37


class NotStarted(Exception):
    """The program cannot be started, and why."""


@dataclass(frozen=True)
class Task:
    """A program, where it runs, the fork it belongs to, and a folder that it may write to."""

    command: Sequence[str]
    folder: Path
    fork: Path
    environment: Mapping[str, str]
    out: Path | None = None


class Process(Protocol):
    protection: Protection
    streams: tuple[IO[bytes], IO[bytes], IO[bytes]]

    def gone(self) -> bool:
        """Whether it has ended, though what it started may hold its streams."""

    def wait(self, seconds: float) -> None:
        """Wait for the worker's own end."""

    def end(self) -> int | None:
        """End it with all that it started. Return its exit code, None where it had none."""


def launch(task: Task) -> Process:
    """Start a program. Raises NotStarted."""
    names = wanted()
    if names is not None and sys.platform == "linux":
        try:
            return Guarded(task, names)
        except (OSError, TimeoutError) as error:
            return Plain(task, str(error))
    return Plain(task, "turned off" if names is None else f"not on {sys.platform}")


class Plain:
    """A process that is ended with its group, or with its job on Windows."""

    def __init__(self, task: Task, why: str) -> None:
        try:
            self._process = _spawn(task.command, task.folder, task.environment)
        except OSError as error:
            raise NotStarted(error.strerror or str(error)) from None
        self.streams = _streams(self._process)
        self._job = _job_of(self._process) if sys.platform == "win32" else None
        self.protection = Protection(
            processes="job" if self._job else "group", missing=dict.fromkeys(NAMES, why)
        )

    def gone(self) -> bool:
        return self._process.poll() is not None

    def wait(self, seconds: float) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def end(self) -> int | None:
        with contextlib.suppress(OSError):
            if self._job:
                self._job.end()
            elif os.name == "nt":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.wait()


class Guarded:
    """A process below the guard, which ends all when this end of the lifeline is closed.

    The kernel closes it, too, when yamlmod is killed.
    """

    def __init__(self, task: Task, names: Sequence[str]) -> None:
        self._adopts = _Adopting()
        theirs, self._lifeline = os.pipe()
        self._status, other = os.pipe()
        settings = {
            "command": list(task.command),
            "folder": str(task.folder),
            "fork": str(task.fork),
            "home": _home(),
            "folders": _scratch_folders(task),
            "out": "" if task.out is None else str(task.out),
            "wanted": list(names),
            "lifeline": theirs,
            "status": other,
        }
        bare = ["-I", "-S", *["-B"] * sys.dont_write_bytecode]
        command = [sys.executable, *bare, str(_GUARD), marshal.dumps(settings).hex()]
        try:
            self._process = _spawn(command, Path("/"), task.environment, (theirs, other))
        except OSError:
            self._close()
            raise
        finally:
            os.close(theirs)
            os.close(other)
        self.streams = _streams(self._process)
        self._text = b""
        self._ended: dict[str, Any] | None = None
        self._code: int | None = None
        self._over = False
        message = self._hear("started", _READY)
        if message is None or "failed" in message:
            self.end()
            if message is not None:
                raise NotStarted(message["failed"])
            raise TimeoutError("yamlmod's guard could not be started")
        self.protection = Protection(**message["started"])

    def gone(self) -> bool:
        """Whether the guard has ended, as it does with the worker."""
        return self._process.poll() is not None

    def wait(self, seconds: float) -> None:
        self._ended = self._ended or self._hear("ended", seconds)

    def end(self) -> int | None:
        """Let go of the lifeline; where the guard itself is gone, look for what it left."""
        if self._over:
            return self._code
        self._over = True
        with contextlib.suppress(OSError):
            os.close(self._lifeline)
            self._process.send_signal(signal.SIGCONT)
        self.wait(_ENDED)
        if self._ended is None:
            self._process.kill()
        self._process.wait()
        self._code = (self._ended or {}).get("ended")
        self._adopts.end(self._ended is None)
        os.close(self._status)
        return self._code

    def _close(self) -> None:
        os.close(self._lifeline)
        os.close(self._status)
        self._adopts.end(False)

    def _hear(self, word: str, seconds: float) -> dict[str, Any] | None:
        """Return the guard's next message of a kind; None where it is silent or gone."""
        end = time.monotonic() + seconds
        while True:
            line, newline, rest = self._text.partition(b"\n")
            if newline:
                self._text = rest
                message: dict[str, Any] = marshal.loads(bytes.fromhex(line.decode()))
                if word in message or "failed" in message:
                    return message
                continue
            ready, _, _ = select.select([self._status], [], [], max(end - time.monotonic(), 0))
            part = os.read(self._status, 4096) if ready else b""
            if not part:
                return None
            self._text += part


class _Adopting:
    """While it lasts, processes that a dead guard leaves become children of this process."""

    def __init__(self) -> None:
        libc = ctypes.CDLL(None)
        before = ctypes.c_int(0)
        libc.prctl(_IS_SUBREAPER, ctypes.byref(before), 0, 0, 0)
        libc.prctl(_SUBREAPER, 1, 0, 0, 0)
        self._libc, self._before = libc, before.value

    def end(self, orphans: bool) -> None:
        """Stop adopting; ``orphans`` says that there may be some, which are ended."""
        if orphans:
            from yamlmod.runtime.yamlmod_guard.processes import end_strangers

            end_strangers()
        self._libc.prctl(_SUBREAPER, self._before, 0, 0, 0)


def _home() -> str:
    """Return the user's home; the root where a container gives its user none."""
    with contextlib.suppress(RuntimeError):
        return os.path.realpath(Path("~").expanduser())
    return "/"


def _scratch_folders(task: Task) -> list[str]:
    places = [task.fork, Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]
    return [os.path.realpath(place) for place in places if place.is_dir()]


def _spawn(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    descriptors: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        pass_fds=descriptors,
        env=environment,
    )


def _streams(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    assert process.stdin and process.stdout and process.stderr
    return process.stdin, process.stdout, process.stderr


def _job_of(process: subprocess.Popen[bytes]) -> Any:
    from yamlmod.runtime.windows_job import job_of

    return job_of(process)
