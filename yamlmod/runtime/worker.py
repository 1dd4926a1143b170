"""Starts the worker in the fork's interpreter, asks it, and hands back what it answers."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from yamlmod.errors import Refusal
from yamlmod.runtime.interpreter import Interpreter

_START = Path(__file__).with_name("yamlmod_worker") / "__main__.py"
_MARK = b"YAMLMOD "
_KEPT = 64 * 1024  # bytes of the end of what the fork prints: the reason when it dies


class Worker:
    """One process in the fork's folder that answers one question after another.

    Used as a context manager; leaving it ends the process with whatever the fork started.
    ``environment`` holds for what the user's own does not set.
    """

    def __init__(
        self, interpreter: Interpreter, folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.interpreter = interpreter
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._errors = b""
        try:
            self._process = subprocess.Popen(
                [interpreter.path, str(_START)],
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                env={
                    **(environment or {}),
                    **os.environ,
                    "PYTHONDONTWRITEBYTECODE": "1",
                    "PYTHONIOENCODING": "utf-8",
                },
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise Refusal("no-answer", f"{interpreter.path} cannot be started: {reason}") from error
        # Pipes are read by threads: a wait with a limit on them works on every system.
        self._readers = [
            threading.Thread(target=target, daemon=True)
            for target in (self._read_answers, self._read_errors)
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        self.end()

    def ask(
        self,
        question: Mapping[str, Any],
        seconds: float,
        hear: Callable[[dict[str, Any]], None] = lambda part: None,
    ) -> dict[str, Any]:
        """Return the answer to one question; ``hear`` gets parts of it that are told before.

        Raises Refusal for what the worker refuses, for its error, and when the seconds are over or
        the process died; after the latter two the worker is ended.
        """
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it died: what it said comes with the answer's absence
            self._process.stdin.write(json.dumps(question).encode("utf-8") + b"\n")
            self._process.stdin.flush()
        end = time.monotonic() + seconds
        while True:
            message = self._message(end, seconds)
            if "part" not in message:
                return _checked(message["answer"], self.interpreter)
            hear(message["part"])

    def end(self) -> None:
        """End the process with what the fork may have started."""
        with contextlib.suppress(OSError):
            if os.name == "nt":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for reader in self._readers:
            reader.join(1.0)  # what the fork started and did not own its group may hold a pipe

    def _message(self, end: float, seconds: float) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=max(end - time.monotonic(), 0))
        except queue.Empty:
            self.end()
            raise Refusal(
                "timed-out",
                f"{self.interpreter.path} did not answer within {seconds:g} s and was ended",
                hint="allow more with --timeout SECONDS",
            ) from None
        if line is None:
            raise self._silent()
        try:
            message: dict[str, Any] = json.loads(line)
        except ValueError:
            raise self._silent() from None
        return message

    def _silent(self) -> Refusal:
        self.end()
        last = self._errors.decode("utf-8", "replace").strip().splitlines()[-1:]
        reason = last[0][:300] if last else "it said nothing"
        return Refusal(
            "no-answer",
            f"{self.interpreter.path} ({self.interpreter.why}) gave no answer, "
            f"exit code {self._process.returncode}: {reason}",
            hint="name the Python that runs the fork: --python PATH",
        )

    def _read_answers(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(_MARK):
                self._lines.put(line[len(_MARK) :])
        self._process.wait()
        self._lines.put(None)

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        while part := self._process.stderr.read1(_KEPT):  # type: ignore[attr-defined]
            self._errors = (self._errors + part)[-_KEPT:]


def _checked(answer: dict[str, Any], interpreter: Interpreter) -> dict[str, Any]:
    if "refused" in answer:
        code, message, hint = answer["refused"]
        raise Refusal(code, message, hint=hint)
    if "failed" in answer:
        lines = answer["failed"].strip().splitlines()
        raise Refusal(
            "worker-failed",
            f"the worker in {interpreter.path} failed: {lines[-1][:300]}",
            hint="\n".join(line.strip() for line in lines[-7:-1]),
        )
    return answer
