"""Reads the question, answers it, and keeps what the fork prints out of the answer."""

from __future__ import annotations

import json
import os
import platform
import sys
import traceback
from typing import Any, Dict

from .refused import Refused

MARK = "YAMLMOD "


def main() -> int:
    """Answer in one line of JSON behind a marker; the fork's prints go to stderr."""
    question = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.argv[:] = sys.argv[:1]  # a fork that parses the command line must find none
    try:
        answer = _answer(question)
    except Refused as error:
        answer = {"refused": [error.code, error.message, error.hint]}
    except MemoryError:
        answer = {"refused": ["no-memory", "there is not enough memory", ""]}
    except BaseException:
        answer = {"failed": traceback.format_exc()}
    told.write("\n" + MARK + json.dumps(answer) + "\n")
    told.close()
    return 0


def _answer(question: Dict[str, Any]) -> Dict[str, Any]:
    try:
        import torch
    except ImportError as error:
        message = "{} has no torch: {}".format(sys.executable, error)
        raise Refused("no-torch", message, "name the Python that runs the fork: --python") from None
    from .remapping import remap

    versions = {"python": platform.python_version(), "torch": torch.__version__}
    return {**remap(question), **versions}
