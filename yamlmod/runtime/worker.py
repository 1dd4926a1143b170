"""Starts the worker in the fork's interpreter, with a time limit, and hands back its answer."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from yamlmod.errors import Refusal
from yamlmod.runtime.interpreter import Interpreter

_START = Path(__file__).with_name("yamlmod_worker") / "__main__.py"
_MARK = "YAMLMOD "


def ask_worker(
    interpreter: Interpreter, folder: Path, question: Mapping[str, Any], seconds: float
) -> dict[str, Any]:
    """Run the worker once in ``folder``. Raises Refusal for what it refuses, or with its error."""
    answer = _parse(interpreter, *_run(interpreter, folder, question, seconds))
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


def _run(
    interpreter: Interpreter, folder: Path, question: Mapping[str, Any], seconds: float
) -> tuple[int, bytes, bytes]:
    try:
        process = subprocess.Popen(
            [interpreter.path, str(_START)],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"},
        )
    except OSError as error:
        reason = error.strerror or str(error)
        raise Refusal("no-answer", f"{interpreter.path} cannot be started: {reason}") from error
    try:
        out, errors = process.communicate(json.dumps(question).encode("utf-8"), seconds)
    except BaseException as error:
        _end(process)
        if isinstance(error, subprocess.TimeoutExpired):
            raise Refusal(
                "timed-out",
                f"{interpreter.path} did not answer within {seconds:g} s and was ended",
                hint="allow more with --timeout SECONDS",
            ) from None
        raise
    return process.returncode, out, errors


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the worker with what the fork may have started."""
    with contextlib.suppress(OSError):
        if os.name == "nt":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _parse(interpreter: Interpreter, code: int, out: bytes, errors: bytes) -> dict[str, Any]:
    told = [line for line in out.decode("utf-8", "replace").splitlines() if line.startswith(_MARK)]
    try:
        answer: dict[str, Any] = json.loads(told[-1][len(_MARK) :])
        return answer
    except (IndexError, ValueError):
        last = errors.decode("utf-8", "replace").strip().splitlines()[-1:]
        reason = last[0][:300] if last else "it said nothing"
        raise Refusal(
            "no-answer",
            f"{interpreter.path} ({interpreter.why}) gave no answer, exit code {code}: {reason}",
            hint="name the Python that runs the fork: --python PATH",
        ) from None
