"""Run one training: `python -I guard.py RUN_FOLDER NOTES`. The standard library alone, Python 3.8.

NOTES is the number of lines of `attempts.jsonl` at which the run was seen to be unfinished: if
there are others, somebody has run it since, and a finished run must not be resumed.

It holds the lock of the run's folder, starts the training in a process group of its own, writes
its output to `log.txt`, and ends all of it when whoever started this guard ends (its standard
input closes) or when it is told to end. What happened is a line of `attempts.jsonl`.
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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, BinaryIO

LOCKED = 75  # exit code: another process trains in this folder, or has done so since
_PATIENCE = 10.0  # seconds between asking a training to end and ending it
_DEATH_SIGNAL = 1


def main(folder: str, notes: int) -> int:
    with open(os.path.join(folder, "lock"), "a+b") as lock:
        if not _locked(lock) or _notes(folder) != notes:
            return LOCKED
        _write_holder(lock)
        return _Attempt(folder, lock).run()


class _Attempt:
    def __init__(self, folder: str, lock: BinaryIO) -> None:
        self.folder = folder
        self.lock = lock
        with open(os.path.join(folder, "run.json"), encoding="utf-8") as file:
            self.plan = json.load(file)
        self.stopped = ""
        self.process: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        # Started once its checkpoint is there; before that the training begins again.
        resumes = os.path.isfile(os.path.join(self.folder, self.plan["last"]))
        words = self.plan["resume" if resumes else "argv"]
        environment = dict(os.environ)
        environment.update(self.plan["environment"])
        began = time.time()
        self._note({"event": "start", "resumes": resumes})
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._told)
        with open(os.path.join(self.folder, "log.txt"), "ab") as log:
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
                    pass_fds=() if os.name == "nt" else (self.lock.fileno(),),
                    preexec_fn=_dies_with(os.getpid()) if sys.platform == "linux" else None,
                )
            except OSError as error:
                self._note({"event": "end", "code": None, "why": f"not started: {error}"})
                return 1
        threading.Thread(target=self._watch_parent, daemon=True).start()
        code = self.process.wait()
        self._end_group()
        took = round(time.time() - began, 3)
        self._note({"event": "end", "code": code, "why": self.stopped, "seconds": took})
        return 0 if code == 0 else 1

    def _watch_parent(self) -> None:
        try:
            while os.read(0, 4096):
                pass
        except OSError:
            pass
        self._stop("whoever ran the study has ended")

    def _told(self, number: int, _frame: object) -> None:
        self._stop(signal.Signals(number).name)

    def _stop(self, why: str) -> None:
        self.stopped = self.stopped or why
        process = self.process
        if process is None:
            return
        self._signal(signal.SIGTERM)
        end = time.monotonic() + _PATIENCE
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        self._end_group()

    def _end_group(self) -> None:
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))

    def _signal(self, number: int) -> None:
        process = self.process
        if process is None:
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
            os.path.join(self.folder, "attempts.jsonl"),
            os.O_WRONLY | os.O_CREAT | os.O_APPEND,
            0o666,
        )
        try:
            os.write(end, line)
        finally:
            os.close(end)


def _notes(folder: str) -> int:
    try:
        with open(os.path.join(folder, "attempts.jsonl"), "rb") as file:
            return file.read().count(b"\n")
    except FileNotFoundError:
        return 0


def _dies_with(parent: int) -> Callable[[], None]:
    libc = ctypes.CDLL(None, use_errno=True)

    def before_start() -> None:
        libc.prctl(_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:  # it has ended since
            os._exit(1)

    return before_start


def _locked(file: BinaryIO) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(1 << 20)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _write_holder(file: BinaryIO) -> None:
    file.seek(0)
    file.truncate()
    holder = {"host": socket.gethostname(), "pid": os.getpid(), "since": round(time.time(), 3)}
    file.write((json.dumps(holder) + "\n").encode("utf-8"))
    file.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
