"""Reads questions, a line each, answers them, and keeps what the fork prints out of the answers."""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
import traceback
from typing import Any, Callable, Dict, TextIO

from .refused import Refused

MARK = "YAMLMOD "
# Each kind of question is answered by the function `answer` of the module of that name. It gets
# the question, and a function that tells something of the answer before the rest is there.
_KINDS = frozenset({"explaining", "remapping"})
_Tell = Callable[[Dict[str, Any]], None]


def main() -> int:
    """Answer every question in one line of JSON behind a marker; the fork's prints go to stderr."""
    questions = os.fdopen(os.dup(0), "r", encoding="utf-8")
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # A fork that reads its standard input, or parses the command line, must find nothing.
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    sys.argv[:] = sys.argv[:1]
    for line in questions:
        _write(told, {"answer": _guarded(json.loads(line), told)})
    told.close()
    return 0


def _write(told: TextIO, message: Dict[str, Any]) -> None:
    told.write("\n" + MARK + json.dumps(message) + "\n")
    told.flush()


def _guarded(question: Dict[str, Any], told: TextIO) -> Dict[str, Any]:
    try:
        return _answer(question, lambda part: _write(told, {"part": part}))
    except Refused as error:
        return {"refused": [error.code, error.message, error.hint]}
    except MemoryError:
        return {"refused": ["no-memory", "there is not enough memory", ""]}
    except BaseException:
        return {"failed": traceback.format_exc()}


def _answer(question: Dict[str, Any], tell: _Tell) -> Dict[str, Any]:
    try:
        import torch
    except ImportError as error:
        message = "{} has no torch: {}".format(sys.executable, error)
        raise Refused("no-torch", message, "name the Python that runs the fork: --python") from None
    kind = question["kind"]
    if kind not in _KINDS:
        raise ValueError(kind)
    module = importlib.import_module("." + kind, __package__)
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    return {**module.answer(question, tell), **versions}
