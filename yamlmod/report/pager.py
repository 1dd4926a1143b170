"""Show long output on a terminal through the user's pager."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import TextIO, cast

from yamlmod.programs import find_program


@contextlib.contextmanager
def paged(name: str, lines: int) -> Iterator[TextIO]:
    """Give the stream to write to: the pager where the output is longer than the terminal.

    `YAMLMOD_PAGER` or `PAGER` names it; an empty one, or `cat`, turns it off. It is looked for on
    the path only, never in the current folder.
    """
    stream = cast(TextIO, getattr(sys, name))
    command = _command() if lines + 2 > shutil.get_terminal_size().lines else []
    if not command:
        yield stream
        return
    variables = {"LESS": "FRX", "LV": "-c", **os.environ}
    try:
        pager = subprocess.Popen(
            command, stdin=subprocess.PIPE, env=variables, text=True, encoding="utf-8",
            errors="backslashreplace",
        )  # fmt: skip
    except OSError:
        yield stream
        return
    pipe = cast(TextIO, pager.stdin)
    try:
        with contextlib.suppress(BrokenPipeError):
            yield pipe
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
