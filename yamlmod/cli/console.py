"""Writing to the terminal and to pipes: text made safe to show, diffs and JSON as exact bytes."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from yamlmod.report.pager import write_paged
from yamlmod.report.stream import (
    filter_streams,
    is_terminal,
    unfiltered,
    write_diff,
    write_lines,
    write_step,
)

if TYPE_CHECKING:
    from yamlmod.report.live import LiveLines

# Set by the command line: whether lines beside the answer are left out, and which command runs.
_STATE: dict[str, Any] = {"quiet": False, "command": None}
SCHEMA_VERSION = 1


def be_quiet(quiet: bool) -> None:
    """Leave out, from now on, what is neither an answer nor a warning nor an error."""
    _STATE["quiet"] = _STATE["quiet"] or quiet


def name_command(name: str) -> None:
    """Remember which command runs: every JSON answer names it."""
    _STATE["command"] = name


def prepare() -> None:
    """Make safe whatever this process writes; a console that lacks a sign shows its escape."""
    filter_streams()


def say(lines: Iterable[str], always: bool = False) -> None:
    """Write lines to stderr, for the person; a closed or full stderr is ignored."""
    if sys.stderr is None:
        return
    if _STATE["quiet"] and not always:
        lines = [line for line in lines if line.startswith("warning:")]
    with contextlib.suppress(OSError, ValueError):
        write_lines(sys.stderr, lines)


@contextlib.contextmanager
def live() -> Iterator[LiveLines | None]:
    """Give what shows lines that change on stderr; None where no person looks, or wants quiet."""
    if _STATE["quiet"] or not is_terminal("stderr"):
        yield None
        return
    from yamlmod.report.live import live_lines

    with live_lines() as lines:
        yield lines


def say_step(text: str) -> None:
    """Show on a terminal what is under way, in a line that the next one takes; empty clears it."""
    if sys.stderr is not None and not _STATE["quiet"]:
        with contextlib.suppress(OSError, ValueError):
            write_step(text)


def show(lines: Iterable[str]) -> None:
    """Write lines to stdout: the answer of a command that only looks."""
    if sys.stdout is not None:
        write_lines(sys.stdout, lines)


def show_diff(diff: bytes) -> None:
    """Write a diff to stdout: made safe on a terminal, else byte for byte, for `git apply`."""
    if is_terminal("stdout"):
        write_paged("stdout", diff.count(b"\n"), lambda stream: write_diff(stream, diff))
    else:
        _show_bytes(diff)


def say_json(data: Any, envelope: bool = True) -> None:
    """Write one JSON value to stdout, in ASCII without controls.

    A mapping gets the envelope of docs/json.md: the version of the schema, and the command.
    """
    import json

    if envelope and isinstance(data, dict):
        data = {"schema_version": SCHEMA_VERSION, "command": _STATE["command"], **data}

    text = json.dumps(data, indent=2).replace("\x7f", "\\u007f")
    # `##[error]` inside of a string is a command to a CI service.
    _show_bytes((text.replace("##", "#\\u0023") + "\n").encode("ascii"))


def say_json_text(data: bytes) -> None:
    """Write JSON that is for a file as well in the envelope of other answers."""
    import json

    say_json(json.loads(data))


def show_figure(data: bytes) -> None:
    """Write a drawing to stdout: made safe on a terminal, else byte for byte."""
    if is_terminal("stdout"):
        show(data.decode("utf-8").removesuffix("\n").split("\n"))
    else:
        _show_bytes(data)


def is_seen() -> bool:
    """Tell whether stdout is a terminal."""
    return is_terminal("stdout")


def silence_stdout() -> None:
    """Point stdout at nothing, so that the interpreter does not fail again at exit."""
    # The reader went away (`| head`).
    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(descriptor, sys.stdout.fileno())


def _show_bytes(data: bytes) -> None:
    """Write bytes as they are, past the console's encoding and newline translation."""
    if sys.stdout is None:
        return
    stream = unfiltered(sys.stdout)
    stream.flush()
    stream.buffer.write(data)
    stream.buffer.flush()
