"""Writing to the terminal and to pipes: bytes for diffs, text that no console can refuse."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable
from typing import Any


def prepare() -> None:
    """Let a console that lacks a character show its escape instead of failing (cp936, cp1252)."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def say(lines: Iterable[str]) -> None:
    """Write lines to stderr, for the person; a closed or full stderr is nobody's error."""
    if sys.stderr is None:
        return
    with contextlib.suppress(OSError, ValueError):
        for line in lines:
            sys.stderr.write(line + "\n")
        sys.stderr.flush()


def show(lines: Iterable[str]) -> None:
    """Write lines to stdout: the answer of a command that only looks."""
    if sys.stdout is None:
        return
    for line in lines:
        sys.stdout.write(line + "\n")
    sys.stdout.flush()


def show_bytes(data: bytes) -> None:
    """Write bytes to stdout as they are, past the console's encoding and newline translation."""
    if sys.stdout is None:
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def say_json(data: Any) -> None:
    """Write one JSON value to stdout, in ASCII."""
    import json

    show_bytes((json.dumps(data, indent=2) + "\n").encode("ascii"))
