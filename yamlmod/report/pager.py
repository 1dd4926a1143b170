"""Show long output on a terminal through the user's pager."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import TextIO, cast

from yamlmod.programs import find_program


def write_paged(name: str, lines: int, write: Callable[[TextIO], None]) -> None:
    """Let ``write`` write to the stream, or to the pager where that is more than the terminal has.

    `YAMLMOD_PAGER` or `PAGER` names it; an empty one, or `cat`, turns it off. It is looked for on
    the path only, never in the current folder. After a pager that fails, the stream is written to.
    """
    stream = cast(TextIO, getattr(sys, name))
    command = _command() if lines + 2 > shutil.get_terminal_size().lines else []
    if not command or not _is_paged(command, write):
        write(stream)


def _is_paged(command: list[str], write: Callable[[TextIO], None]) -> bool:
    variables = {"LESS": "FRX", "LV": "-c", **os.environ}
    try:
        pager = subprocess.Popen(
            command, stdin=subprocess.PIPE, env=variables, text=True, encoding="utf-8",
            errors="backslashreplace",
        )  # fmt: skip
    except (OSError, ValueError):  # a NUL in the variable
        return False
    pipe = cast(TextIO, pager.stdin)
    try:
        with contextlib.suppress(BrokenPipeError):  # it was left before the end
            write(pipe)
            pipe.flush()
    finally:
        with contextlib.suppress(OSError):
            pipe.close()
        while True:
            try:
                pager.wait()
                break
            except KeyboardInterrupt:  # the pager handles it
                continue
    return pager.returncode == 0


def _command() -> list[str]:
    """Return the command of the pager, empty for none."""
    if not sys.stdin or not sys.stdin.isatty() or os.environ.get("TERM") == "dumb":
        return []
    words = os.environ.get("YAMLMOD_PAGER", os.environ.get("PAGER", "less"))
    try:
        command = shlex.split(words)
    except ValueError:
        return []
    if not command or command[0] == "cat":
        return []
    program = find_program(command[0]) if os.sep not in command[0] else command[0]
    return [program, *command[1:]] if program else []
