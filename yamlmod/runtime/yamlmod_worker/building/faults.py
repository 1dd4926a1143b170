"""Locate an error in the network and in the fork's code, in one line."""

from __future__ import annotations

import os
import traceback
from typing import Any, List, Optional


def place_in(fork: str, error: BaseException) -> str:
    """Return the last line of the fork's own code on the way to an error: `models/yolo.py:12`."""
    where, inside = "", fork.rstrip(os.sep) + os.sep
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(inside):
            where = "{}:{}".format(frame.filename[len(inside) :], frame.lineno)
    return where


def layer_of(error: BaseException) -> Optional[int]:
    """Return the layer that was being made, or run, when an error arose; None where none was.

    Forks share the two loops: `i` counts the rows in parse_model, `m` is the layer in forward_once.
    """
    layer, step = None, error.__traceback__
    while step is not None:
        name, seen = step.tb_frame.f_code.co_name, step.tb_frame.f_locals
        index: Any = None
        if "parse" in name:
            index = seen.get("i")
        elif "forward" in name or "predict" in name:
            index = getattr(seen.get("m"), "i", None)
        if isinstance(index, int) and not isinstance(index, bool):
            layer = index
        step = step.tb_next
    return layer


def error_line(error: BaseException, fork: str, names: List[str]) -> str:
    """Return an error with its layer and its place in the fork's code."""
    layer = layer_of(error)
    start = ""
    if layer is not None and 0 <= layer < len(names):
        start = "layer {} {}: ".format(layer, names[layer])
    lines = [line.strip() for line in str(error).strip().split("\n") if line.strip()]
    text = " ".join(lines)[:300] if lines else "no message"
    where = place_in(fork, error)
    return "{}{}: {}{}".format(
        start, type(error).__name__, text, " ({})".format(where) * bool(where)
    )
