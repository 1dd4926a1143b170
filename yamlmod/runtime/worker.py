"""Ask the worker in the fork's interpreter, and check that answers have the agreed shape."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, TypeVar

from yamlmod.errors import Refusal
from yamlmod.runtime.interpreter import Interpreter
from yamlmod.runtime.launch import NotStarted, Task, launch
from yamlmod.runtime.shapes import Malformed, parse, shaped
from yamlmod.runtime.yamlmod_worker.answers import FailedAnswer, Message, RefusedAnswer

_START = Path(__file__).with_name("yamlmod_worker") / "__main__.py"
_MARK = b"YAMLMOD "
_KEPT = 64 * 1024  # bytes of the end of what the fork prints: the reason when it dies
_LONGEST = 8 << 20  # bytes of a line: some times the longest answer of the largest network
_NOISE = 16 << 20  # bytes beside answers, where only answers belong
_PARTS = 10_000
_CODE = re.compile(r"[a-z][a-z-]{1,40}")
_SLICE = 0.5  # seconds between two looks at the process

Answer = TypeVar("Answer")
Part = TypeVar("Part")


class Nothing:
    """The shape of parts where a question has none."""


# With AVX512-FP16 instructions, oneDNN never ends a depthwise convolution in float16 that is 15
# wide or wider (torch 2.13 and 2.14); CPCA has such ones.
_ONEDNN = {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_BF16"}


class Worker:
    """One process in the fork's folder that answers one question after another.

    Used as a context manager; leaving it ends the process with whatever the fork started.
    ``environment`` holds for what the user's own does not set; ``out`` is a folder to write to.
    """

    def __init__(
        self,
        interpreter: Interpreter,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        out: Path | None = None,
    ) -> None:
        self.interpreter = interpreter
        self._lines: queue.Queue[bytes | Malformed | None] = queue.Queue(100)
        self._errors = b""
        self._over = False
        self._number = 0
        own = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}
        # With a seed that is known, the keys of a checkpoint could be made to collide.
        own["PYTHONHASHSEED"] = "random"
        own["YAMLMOD_OVERLAY_OFF"] = "1"  # the question says which overlay, if any
        variables = {**_ONEDNN, **(environment or {}), **os.environ, **own}
        try:
            self._process = launch(
                Task([interpreter.path, str(_START)], folder, folder, variables, out)
            )
        except NotStarted as error:
            raise Refusal("no-answer", f"{interpreter.path} cannot be started: {error}") from None
        self.protection = self._process.protection
        self._questions, self._answers, self._prints = self._process.streams
        # Pipes are used by threads: a wait with a limit on them works on every system.
        self._readers = [_thread(self._read_answers), _thread(self._read_errors)]

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
        answer: type[Answer],
        part: type[Part] | type[Nothing] = Nothing,
        hear: Callable[[Part], None] = lambda part: None,
    ) -> Answer:
        """Return the answer to one question; ``hear`` gets parts of it that are sent before.

        Raises Refusal for what the worker refuses, for its error, for what is no answer, and when
        the seconds are over or the process died; after the latter three the worker is ended.
        """
        self._number += 1
        text = json.dumps({**question, "number": self._number}).encode("utf-8") + b"\n"
        _thread(self._write, text)
        end = time.monotonic() + seconds
        try:
            for _ in range(_PARTS):
                message = shaped(parse(self._line(end, seconds)), Message)
                if message.keys() == {"answer", "number"} and message["number"] == self._number:
                    return self._checked(message["answer"], answer)
                if message.keys() != {"part"}:
                    raise Malformed("a line that is neither a part nor the answer")
                hear(shaped(message["part"], part, "part"))  # type: ignore[arg-type]
            raise Malformed(f"more than {_PARTS} lines")
        except Malformed as error:
            self._refuse(error)

    def end(self) -> int | None:
        """End the process with what the fork may have started. Return its exit code."""
        code = self._process.end()
        self._over = True
        for reader in self._readers:
            reader.join(1.0)  # what the fork started and did not own its group may hold a pipe
        if not any(reader.is_alive() for reader in self._readers):
            for stream in (self._questions, self._answers, self._prints):
                with contextlib.suppress(OSError, ValueError):
                    stream.close()
        return code

    def _checked(self, given: object, shape: type[Answer]) -> Answer:
        words = given.keys() if isinstance(given, dict) else ()
        if words == {"refused"}:
            code, message, hint = shaped(given, RefusedAnswer)["refused"]
            if not _CODE.fullmatch(code):
                raise Malformed("a refusal without a code")
            raise Refusal(code, message, hint=hint)
        if words == {"failed"}:
            lines = shaped(given, FailedAnswer)["failed"].strip().splitlines() or ["no reason"]
            raise Refusal(
                "worker-failed",
                f"the worker in {self.interpreter.path} failed: {lines[-1][:300]}",
                hint="\n".join(line.strip() for line in lines[-7:-1]),
            )
        return shaped(given, shape)

    def _refuse(self, error: Malformed) -> NoReturn:
        self.end()
        raise Refusal(
            "bad-answer",
            f"the fork's process sent an invalid answer: {error}",
            hint="code of the fork wrote to the output of yamlmod's worker, or broke the worker",
        )

    def _write(self, text: bytes) -> None:
        with contextlib.suppress(OSError, ValueError):  # it died: the missing answer shows it
            self._questions.write(text)
            self._questions.flush()

    def _line(self, end: float, seconds: float) -> bytes:
        gone = False
        while True:
            left = end - time.monotonic()
            try:
                line = self._lines.get(timeout=_SLICE if gone else min(max(left, 0), _SLICE))
            except queue.Empty:
                if gone:  # what it started holds its streams open
                    raise self._silent() from None
                gone = self._process.gone()
                if left <= 0:
                    raise self._late(seconds) from None
                continue
            if line is None:
                raise self._silent()
            if isinstance(line, Malformed):
                raise line
            return line

    def _late(self, seconds: float) -> Refusal:
        self.end()
        return Refusal(
            "timed-out",
            f"{self.interpreter.path} did not answer within {seconds:g} s and was stopped",
            hint="allow more with --timeout SECONDS",
        )

    def _silent(self) -> Refusal:
        self._process.wait(1.0)
        code = self.end()
        last = self._errors.decode("utf-8", "replace").strip().splitlines()[-1:]
        reason = last[0][:300] if last else "it printed nothing"
        ended = "it closed its output" if code is None else f"exit code {code}"
        return Refusal(
            "no-answer",
            f"{self.interpreter.path} ({self.interpreter.why}) gave no answer, {ended}: {reason}",
            hint="name the Python that runs the fork: --python PATH",
        )

    def _read_answers(self) -> None:
        reader = _Lines()
        try:
            while part := self._answers.read1(1 << 16):  # type: ignore[attr-defined]
                for line in reader.take(part):
                    self._put(line)
        except Malformed as error:
            self._put(error)
        except (OSError, ValueError):
            pass
        self._put(None)

    def _put(self, line: bytes | Malformed | None) -> None:
        while not self._over:
            with contextlib.suppress(queue.Full):
                self._lines.put(line, timeout=0.2)
                return

    def _read_errors(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while part := self._prints.read1(_KEPT):  # type: ignore[attr-defined]
                self._errors = (self._errors + part)[-_KEPT:]


class _Lines:
    """Cuts a stream into the lines that are marked as answers, within limits."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = self._noise = 0

    def take(self, part: bytes) -> list[bytes]:
        """Take the next bytes. Return the marked lines that they complete."""
        lines = []
        if _MARK in part or self._may_be_marked(part):
            *whole, rest = part.split(b"\n")
        else:  # a flood of short lines would take its time
            noise, newline, rest = part.rpartition(b"\n")
            whole = [noise] if newline else []
        for piece in whole:
            line = b"".join([*self._parts, piece])
            self._parts, self._size = [], 0
            if line.startswith(_MARK):
                lines.append(line[len(_MARK) :])
            else:
                self._noise += len(line) + 1
        self._parts.append(rest)
        self._size += len(rest)
        if self._size > _LONGEST or self._noise > _NOISE:
            raise Malformed("too much output")
        return lines

    def _may_be_marked(self, part: bytes) -> bool:
        start = b""
        for piece in (*self._parts, part):
            start += piece[: len(_MARK)]
            if len(start) >= len(_MARK):
                break
        return start.startswith(_MARK)


def _thread(target: Callable[..., None], *values: Any) -> threading.Thread:
    thread = threading.Thread(target=target, args=values, daemon=True)
    thread.start()
    return thread
