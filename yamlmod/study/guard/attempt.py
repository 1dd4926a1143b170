"""One attempt at a run: RUN_FOLDER NOTES HOW.

NOTES is the number of lines of `attempts.jsonl` at which the run was seen to be unfinished. If
there are others, another process has run it since: then it is continued only if that one was
killed or stopped. HOW is `resume` (from the last checkpoint, if there is one) or `fresh`.

It holds the lock of the run's folder, starts the training in a process group of its own, writes
its output to `log.txt`, and ends all of it when the process that started this guard ends (its
standard input closes) or when a signal asks for it. A file `stop` in the run's folder asks for an
end after the next checkpoint, one in the study's folder for an end at once. Every attempt is noted
in `attempts.jsonl`.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

from . import notes
from .checkpoint import KeptCheckpoint, study_stop
from .lock import LOCKED, Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, BinaryIO

NOT_DUE = 76  # exit code: another process has trained it since
STOPPED = 77  # exit code: `study stop` was given
_PATIENCE = 10.0  # seconds between asking a training to end and ending it
_DEATH_SIGNAL = 1
_LINUX = sys.platform == "linux"


def main(folder: str, seen: int, how: str) -> int:
    lock = Lock(folder)
    if not lock.acquire():
        return LOCKED
    try:
        if os.path.exists(study_stop(folder)):
            return STOPPED
        attempt = _Attempt(folder, lock)
        now = notes.text_of(folder).count("\n")
        if now != seen and not notes.is_cut_off(folder, attempt.plan):
            return NOT_DUE
        return attempt.run(how == "resume" or now != seen)
    finally:
        lock.release()


class _Attempt:
    def __init__(self, folder: str, lock: Lock) -> None:
        self.folder = folder
        self.lock = lock
        with open(os.path.join(folder, "run.json"), encoding="utf-8") as file:
            self.plan = json.load(file)
        self.stopped = ""
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, may_resume: bool) -> int:
        checkpoint = KeptCheckpoint(self.folder, self.plan["last"])
        checkpoint.take_back_stop()
        resumes = may_resume and checkpoint.is_usable()
        began = time.time()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        with open(os.path.join(self.folder, "log.txt"), "ab") as log:
            gpus = os.environ.get("CUDA_VISIBLE_DEVICES", "")
            self._note({"event": "start", "resumes": resumes, "log": log.tell(), "gpus": gpus})
            if resumes:
                self._remove_torn_lines()
            else:
                checkpoint.set_aside()
            failure = self._start(self.plan["resume" if resumes else "argv"], log)
        if self.process is None:
            self._note({"event": "end", "code": None, "why": f"not started: {failure}"})
            return 1
        if self.stopped:  # a signal came before there was a process to stop
            self._stop(self.stopped)
        for work in (
            self._watch_parent,
            lambda: checkpoint.keep(self._stop),
            lambda: self.lock.keep(lambda: self._stop("another machine has taken it over")),
        ):
            threading.Thread(target=work, daemon=True).start()
        self._wait()
        code = self.process.wait()
        took = round(time.time() - began, 3)
        self._note({"event": "end", "code": code, "why": self.stopped, "seconds": took})
        checkpoint.forget(code == 0)
        return 0 if code == 0 else 1

    def _start(self, words: list[str], log: BinaryIO) -> str:
        environment = dict(os.environ)
        environment.update(self.plan["environment"])
        try:
            self.process = subprocess.Popen(
                words,
                cwd=self.plan["cwd"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # It holds the lock, too: one that outlives its guard keeps others out.
                pass_fds=() if os.name == "nt" else (self.lock.descriptor,),
                preexec_fn=_dies_with(os.getpid()) if sys.platform == "linux" else None,
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            return str(error)
        return ""

    def _wait(self) -> None:
        """Wait for the training, then end what it left in its group."""
        assert self.process is not None
        if _LINUX:
            # Not reaped yet: its number, and so its group, cannot be another's.
            os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)
            self._signal(signal.SIGKILL)
        else:
            self.process.wait()
            self._end_group()

    def _remove_torn_lines(self) -> None:
        """Remove a torn last line of the results: what is appended would continue it."""
        for name in self.plan["results"]:
            try:
                with open(os.path.join(self.folder, name), "r+b") as file:
                    file.truncate(file.read().rfind(b"\n") + 1)
            except OSError:
                continue

    def _watch_parent(self) -> None:
        try:
            while os.read(0, 4096):
                pass
        except OSError:
            pass
        self._stop("the command that ran the study has ended")

    def _on_signal(self, number: int, _frame: object) -> None:
        why = signal.Signals(number).name
        if self.process is None:
            self.stopped = self.stopped or why
        else:  # not here: the main thread waits for the process and holds its lock
            threading.Thread(target=self._stop, args=(why,), daemon=True).start()

    def _stop(self, why: str) -> None:
        self.stopped = self.stopped or why
        self._signal(signal.SIGTERM)
        end = time.monotonic() + _PATIENCE
        while self._is_running() and time.monotonic() < end:
            time.sleep(0.05)
        self._end_group()

    def _is_running(self) -> bool:
        assert self.process is not None
        if _LINUX:
            try:
                found = os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
            except OSError:  # it has been reaped
                return False
            return found is None
        return self.process.poll() is None

    def _end_group(self) -> None:
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))

    def _signal(self, number: int) -> None:
        process = self.process
        if process is None or process.returncode is not None:
            return
        try:
            if sys.platform != "win32":
                os.killpg(process.pid, number)
            else:
                process.terminate()
        except OSError:
            pass

    def _note(self, values: dict[str, Any]) -> None:
        values = dict(values, at=round(time.time(), 3), host=socket.gethostname(), pid=os.getpid())
        line = (json.dumps(values) + "\n").encode("utf-8")
        # In one write: a reader, and a guard that is killed, never leave half of a line behind.
        end = os.open(
            os.path.join(self.folder, notes.FILE),
            os.O_WRONLY | os.O_CREAT | os.O_APPEND,
            0o666,
        )
        try:
            os.write(end, line)
        finally:
            os.close(end)


def _dies_with(parent: int) -> Callable[[], None]:
    libc = ctypes.CDLL(None, use_errno=True)

    def before_start() -> None:
        libc.prctl(_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:  # it has ended since
            os._exit(1)

    return before_start
