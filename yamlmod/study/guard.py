"""Run one training: `python -I guard.py RUN_FOLDER NOTES HOW`. Standard library, Python 3.8.

NOTES is the number of lines of `attempts.jsonl` at which the run was seen to be unfinished: if
there are others, another process has run it since, and a finished run must not be resumed. HOW is
`resume` (from the last checkpoint, if there is one) or `fresh`.

It holds the lock of the run's folder, starts the training in a process group of its own, writes
its output to `log.txt`, and ends all of it when the process that started this guard ends (its
standard input closes) or when a signal asks for it. Every attempt is noted in `attempts.jsonl`.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, BinaryIO

LOCKED = 75  # exit code: another process trains in this folder, or has done so since
_PATIENCE = 10.0  # seconds between asking a training to end and ending it
_LOOK = 0.2  # seconds between two looks at the last checkpoint
_DEATH_SIGNAL = 1
_LINUX = sys.platform == "linux"
_KEPT = "kept.pt"


def main(folder: str, notes: int, how: str) -> int:
    with open(os.path.join(folder, "lock"), "a+b") as lock:
        if not _locked(lock) or _notes(folder) != notes:
            return LOCKED
        _write_holder(lock)
        return _Attempt(folder, lock).run(how == "resume")


class _Attempt:
    def __init__(self, folder: str, lock: BinaryIO) -> None:
        self.folder = folder
        self.lock = lock
        with open(os.path.join(folder, "run.json"), encoding="utf-8") as file:
            self.plan = json.load(file)
        self.stopped = ""
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, may_resume: bool) -> int:
        checkpoint = _Checkpoint(self.folder, self.plan["last"])
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
        threading.Thread(target=self._watch_parent, daemon=True).start()
        threading.Thread(target=checkpoint.keep, daemon=True).start()
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
                pass_fds=() if os.name == "nt" else (self.lock.fileno(),),
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
            os.path.join(self.folder, "attempts.jsonl"),
            os.O_WRONLY | os.O_CREAT | os.O_APPEND,
            0o666,
        )
        try:
            os.write(end, line)
        finally:
            os.close(end)


class _Checkpoint:
    """The last checkpoint of a run, and a copy of it: a kill while it is written tears it."""

    def __init__(self, folder: str, last: str) -> None:
        self.folder = folder
        self.last = os.path.join(folder, last)
        self.results = os.path.join(folder, last.split("/", 1)[0])
        self.kept = os.path.join(folder, _KEPT)
        self.ended = threading.Event()

    def is_usable(self) -> bool:
        """Check whether a training can go on; a torn checkpoint is replaced by its copy."""
        if _is_whole(self.last):
            return True
        if not _is_whole(self.kept):
            return False
        self._copy(self.kept, self.last)
        return True

    def set_aside(self) -> None:
        """Move the results of an attempt without a checkpoint out of the next one's way."""
        self._remove_kept()
        if not os.path.isdir(self.results):
            return
        number = 1
        while os.path.lexists(os.path.join(self.folder, f"cut-off-{number}")):
            number += 1
        os.rename(self.results, os.path.join(self.folder, f"cut-off-{number}"))

    def keep(self) -> None:
        """Copy each new checkpoint, in at most a twentieth of the time."""
        seen, pause = _stamp(self.last), _LOOK
        while not self.ended.wait(pause):
            pause, stamp = _LOOK, _stamp(self.last)
            if stamp is None or stamp == seen or not _is_whole(self.last):
                continue
            began = time.monotonic()
            try:
                self._copy(self.last, self.kept, stamp)
            except OSError:  # a full disk: the training itself will say so
                continue
            seen, pause = stamp, max(_LOOK, 20 * (time.monotonic() - began))

    def forget(self, removes: bool) -> None:
        self.ended.set()
        if removes:
            self._remove_kept()

    def _remove_kept(self) -> None:
        try:
            os.unlink(self.kept)
        except OSError:
            pass

    def _copy(self, source: str, target: str, stamp: tuple[int, int] | None = None) -> None:
        draft = target + ".draft"
        shutil.copyfile(source, draft)
        if stamp is None or _stamp(source) == stamp:  # else it has been written meanwhile
            os.replace(draft, target)


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _is_whole(path: str) -> bool:
    """Check whether a checkpoint was written to its end: torch writes the index of a zip last."""
    try:
        with open(path, "rb") as file:
            start = file.read(2)
    except OSError:
        return False
    return zipfile.is_zipfile(path) if start == b"PK" else len(start) == 2


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
    """Take the lock; tried for a moment, since one who asks for a run's state takes it, too."""
    for _ in range(20):
        if _try_lock(file):
            return True
        time.sleep(0.02)
    return False


def _try_lock(file: BinaryIO) -> bool:
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
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
