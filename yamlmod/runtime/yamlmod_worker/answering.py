"""Read questions, one per line, answer them, and keep the fork's prints out of the answers."""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from typing import Any, Callable, Dict, TextIO

from .refused import Refused

MARK = "YAMLMOD "
_TEXT = 3900  # characters; more in one text is no answer to yamlmod
_Tell = Callable[[Dict[str, Any]], None]


def main() -> int:
    """Answer every question in one line of JSON behind a marker; the fork's prints go to stderr."""
    questions = os.fdopen(os.dup(0), "r", encoding="utf-8")
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # A fork that reads its standard input, or parses the command line, must find nothing.
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    sys.argv[:] = sys.argv[:1]
    for line in questions:
        question = json.loads(line)
        _write(stream, _guarded(question, stream))
    stream.close()
    return 0


def _write(stream: TextIO, text: str) -> None:
    stream.write("\n" + MARK + text + "\n")
    stream.flush()


def _line(number: int, answer: Dict[str, Any]) -> str:
    return json.dumps({"answer": answer, "number": number})


def _guarded(question: Dict[str, Any], stream: TextIO) -> str:
    number = question["number"]
    try:
        return _line(number, _answer(question, lambda part: _tell(stream, part)))
    except Refused as error:
        words = [error.code, error.message, error.hint]
        return _line(number, {"refused": [_clean(word) for word in words]})
    except MemoryError:
        return _line(number, {"refused": ["no-memory", "not enough memory", ""]})
    except BaseException:
        # The end of a traceback says what happened.
        return _line(number, {"failed": _clean(traceback.format_exc()[-_TEXT:])})


def _tell(stream: TextIO, part: Dict[str, Any]) -> None:
    check = part.get("check")
    if check is not None:
        part = {"check": {**check, "reason": _clean(check["reason"])}}
    _write(stream, json.dumps({"part": part}))


def _clean(text: str) -> str:
    """Return text as yamlmod takes it: of some length, and without halves of characters."""
    return text[:_TEXT].encode("utf-8", "replace").decode("utf-8")


def _answer(question: Dict[str, Any], tell: _Tell) -> Dict[str, Any]:
    """Ask `answer` in the folder that the question names.

    It gets the question, and a function that sends parts of the answer before the rest is there.
    """
    try:
        import torch  # noqa: F401
    except ImportError as error:
        message = "{} has no torch: {}".format(sys.executable, error)
        raise Refused("no-torch", message, "name the Python that runs the fork: --python") from None
    module = importlib.import_module("." + question["kind"] + ".answer", __package__)
    answer: Dict[str, Any] = module.answer(question, tell)
    return answer
