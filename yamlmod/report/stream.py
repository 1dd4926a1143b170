"""Write to stdout and stderr; all text is made safe to display."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from typing import Any, Literal, TextIO, cast

from yamlmod.safe_text import safe_line, safe_text, without_commands

_EXCERPT = r"\d+ \| "


class Styled(str):
    """A line made safe already, which holds our own colours or our own workflow command."""


class SafeStream:
    """A text stream that makes safe what anybody writes to it: typer, warnings, tracebacks."""

    def __init__(self, stream: TextIO) -> None:
        self.unfiltered = stream

    def write(self, text: str) -> int:
        self.unfiltered.write(safe_text(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        # Libraries wrap the buffer of a stream whose encoding they dislike, and write past it.
        if name in ("buffer", "detach", "unfiltered"):
            raise AttributeError(name)
        return getattr(self.unfiltered, name)


def filter_streams() -> None:
    """Put a safe stream before stdout and stderr, which then also shows what a console lacks."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None or isinstance(stream, SafeStream):
            continue
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
        setattr(sys, name, SafeStream(stream))


def unfiltered(stream: TextIO) -> TextIO:
    """Return the stream itself, for text that was made safe and is styled."""
    return cast(TextIO, getattr(stream, "unfiltered", stream))


def is_terminal(name: Literal["stdout", "stderr"]) -> bool:
    """Check whether a person looks at a stream."""
    stream = getattr(sys, name)
    return stream is not None and bool(stream.isatty())


def is_styled_terminal(name: Literal["stdout", "stderr"]) -> bool:
    """Check whether a stream is a terminal that knows colours and the cursor."""
    return is_terminal(name) and os.environ.get("TERM") != "dumb"


def is_coloured(name: Literal["stdout", "stderr"]) -> bool:
    """Check whether a stream is shown in colours: a terminal, and NO_COLOR is not set."""
    return is_styled_terminal(name) and not os.environ.get("NO_COLOR")


def width_of(name: Literal["stdout", "stderr"]) -> int | None:
    """Return how many cells a terminal is wide, None where a stream is none."""
    if not is_terminal(name):
        return None
    return max(shutil.get_terminal_size().columns, 20)


def bar_stream() -> TextIO:
    """Return stderr itself, for a progress bar, which moves the cursor."""
    return unfiltered(sys.stderr)


def write_lines(stream: TextIO, lines: Iterable[str]) -> None:
    """Write lines, each made safe unless it is styled, and flush.

    On a terminal they fit its width, and what they say is coloured.
    """
    raw = unfiltered(stream)
    name: Literal["stdout", "stderr"] = "stdout" if stream is sys.stdout else "stderr"
    width = width_of(name)
    if width is None:
        for line in lines:
            raw.write((line if isinstance(line, Styled) else safe_line(line)) + "\n")
    else:
        from yamlmod.report.colour import painted  # a pipe starts faster without

        paint = painted if is_coloured(name) else str
        for line in _fitting(lines, width):
            raw.write((line if isinstance(line, Styled) else paint(without_commands(line))) + "\n")
    raw.flush()


def write_step(text: str) -> None:
    """Write what is under way over the last line of a terminal; an empty text clears it."""
    if not is_styled_terminal("stderr"):
        return
    from yamlmod.report.widths import folded

    room = (width_of("stderr") or 80) - 1  # in the last cell the cursor may go on to the next line
    raw = unfiltered(sys.stderr)
    raw.write("\r\x1b[K" + folded(without_commands(safe_line(text)), room)[0])
    raw.flush()


def _fitting(lines: Iterable[str], width: int) -> Iterator[str]:
    """Yield styled lines as they are, and all others safe and within the width."""
    from yamlmod.report.widths import fitted

    waiting: list[str] = []
    for line in lines:
        if not isinstance(line, Styled):
            waiting.append(safe_line(line))
            # An excerpt is followed by its caret.
            if not re.match(_EXCERPT, waiting[-1]):
                yield from fitted(waiting, width)
                waiting = []
            continue
        yield from fitted(waiting, width)
        waiting = []
        yield line
    yield from fitted(waiting, width)


def write_diff(stream: TextIO, diff: bytes) -> None:
    """Write a diff to a terminal, where it is for reading: lines made safe, with their tabs."""
    from yamlmod.report.colour import painted_diff

    raw = unfiltered(stream)
    paint = painted_diff if is_coloured("stdout") else str
    text = diff.decode("utf-8", "surrogateescape").removesuffix("\n")
    for line in text.split("\n") if diff else ():
        # The end of a CRLF line does nothing, and a sign there would hide what differs.
        shown = paint(safe_text(line.removesuffix("\r")))
        raw.write(shown + ("\r\n" if line.endswith("\r") else "\n"))
    raw.flush()
