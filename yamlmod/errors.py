"""Errors that a command reports: code, message, place and help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from yamlmod.edits import line_column
from yamlmod.safe_text import safe_line, visible_line


class Place(NamedTuple):
    """A place in a file: 1-based line and column, and the text of the line."""

    file: str
    line: int | None = None
    column: int | None = None
    excerpt: str = ""
    width: int = 1

    @classmethod
    def at(cls, file: str, text: str, start: int, end: int | None = None) -> Place:
        """Build the place of ``text[start:end]``, with its first line as the excerpt."""
        line, column = line_column(text, start)
        begin = text.rfind("\n", 0, start) + 1
        stop = text.find("\n", start)
        excerpt = text[begin : len(text) if stop < 0 else stop].rstrip("\r")
        width = max(1, min((end if end is not None else start + 1), begin + len(excerpt)) - start)
        return cls(file, line, column, excerpt, width)

    def __str__(self) -> str:
        parts = [self.file, *(str(n) for n in (self.line, self.column) if n is not None)]
        return ":".join(parts)


class YamlmodError(Exception):
    """Base of all errors that a command reports without a traceback."""

    exit_code = 2

    def __init__(self, code: str, message: str, *, place: Place | None = None, hint: str = ""):
        super().__init__(message)
        self.code = code
        self.message = message
        self.place = place
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions pickle by their args; the keywords would be lost on the way to another process.
        return _rebuild, (type(self), self.code, self.message, self.place, self.hint)

    def lines(self) -> list[str]:
        """Format for a terminal: code and message, place, excerpt with a caret, help."""
        where = f"{self.place}: " if self.place else ""
        out = [safe_line(f"{where}error[{self.code}]: {self.message}")]
        if self.place:
            out += excerpt_lines(self.place)
        if self.hint:
            out += help_lines(self.hint)
        return out

    def as_data(self) -> dict[str, object]:
        place = self.place
        return {
            "code": self.code,
            "message": self.message,
            "file": place.file if place else None,
            "line": place.line if place else None,
            "column": place.column if place else None,
            "excerpt": place.excerpt if place else None,
            "help": self.hint or None,
        }


def _rebuild(
    kind: type[YamlmodError], code: str, message: str, place: Place | None, hint: str
) -> YamlmodError:
    error = kind.__new__(kind)
    YamlmodError.__init__(error, code, message, place=place, hint=hint)
    return error


class Refusal(YamlmodError):
    """The request or the input is not valid; nothing was changed."""


class ProofFailedError(YamlmodError):
    """The result is not what was planned: a bug in yamlmod; nothing was written."""

    exit_code = 3

    def __init__(self, message: str, *, place: Place | None = None):
        hint = "nothing was written; please report this with the file and the command"
        super().__init__("proof-failed", message, place=place, hint=hint)


def one_of(names: Sequence[str], limit: int = 12) -> str:
    """Join names for a message, cut after ``limit``."""
    shown = ", ".join(names[:limit])
    return shown + (f" and {len(names) - limit} more" if len(names) > limit else "")


def plural(count: int, noun: str) -> str:
    """Count a noun: ``1 layer``, ``2 layers``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def help_lines(hint: str) -> list[str]:
    first, *rest = hint.removesuffix("\n").split("\n")
    return [safe_line(f"  help: {first}"), *(safe_line(f"        {line}") for line in rest)]


def excerpt_lines(place: Place) -> list[str]:
    """Show the line of a place with a caret below it."""
    if not place.excerpt or place.line is None:
        return []
    # A tab or a long line would push the caret away from its character.
    text = place.excerpt.replace("\t", " ")
    start = (place.column or 1) - 1
    first = max(0, start - 80)
    gutter = f"{place.line} | "
    # An escape is wider than its character.
    before = len(visible_line(text[first:start]))
    marked = len(visible_line(text[start : start + place.width]))
    caret = " " * (len(gutter) - 2) + "| " + " " * before + "^" * max(1, min(marked, 80))
    return [safe_line(gutter + text[first : first + 160]), caret]
