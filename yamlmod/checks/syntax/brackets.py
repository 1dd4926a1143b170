"""Scan the brackets of a text that does not parse: depth per line, and where rows end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_KEY = re.compile(r"[A-Za-z_][\w.-]*[ \t]*:(?=\s|$)")


class Bracket(NamedTuple):
    """One bracket, comma or word outside comments and quotes, with the depth after it."""

    mark: str
    position: int
    depth: int


class Line(NamedTuple):
    """One line: start, text, marks, and the depth at its start."""

    start: int
    text: str
    marks: tuple[Bracket, ...]
    depth: int

    @property
    def after(self) -> int:
        return self.marks[-1].depth if self.marks else self.depth

    @property
    def is_key(self) -> bool:
        return _KEY.match(self.text) is not None

    @property
    def is_row(self) -> bool:
        return self.text.lstrip().startswith("[")

    @property
    def is_entry(self) -> bool:
        """Check for an entry of a block list."""
        return self.depth == 0 and self.text.lstrip().startswith("- ")

    @property
    def end(self) -> int:
        """End of the code of the line, before its comment."""
        last = self.marks[-1] if self.marks else None
        return last.position + len(last.mark) if last is not None else self.start


def scan(text: str) -> list[Line]:
    """Split a text into lines with their brackets; an unindented key resets the depth."""
    lines: list[Line] = []
    depth = start = 0
    for raw in text.split("\n"):
        if _KEY.match(raw):
            depth = 0
        marks = tuple(_marks(raw.rstrip("\r"), start, depth))
        lines.append(Line(start, raw.rstrip("\r"), marks, depth))
        depth = lines[-1].after
        start += len(raw) + 1
    return lines


def _marks(raw: str, start: int, depth: int) -> Iterator[Bracket]:
    quote = ""
    position = 0
    while position < len(raw):
        letter = raw[position]
        if quote:
            quote = "" if letter == quote else quote
        elif letter == "#" and (position == 0 or raw[position - 1] in " \t,[]{}"):
            return
        elif letter in "'\"" and raw[:position].rstrip()[-1:] in ("", "[", ",", ":", "-", "{"):
            quote = letter
        elif letter == "[":
            depth += 1
            yield Bracket("[", start + position, depth)
        elif letter == "]":
            depth -= 1
            yield Bracket("]", start + position, depth)
        elif letter == ",":
            yield Bracket(",", start + position, depth)
        elif not letter.isspace():
            word = re.match(r"[^\s,\[\]#]+", raw[position:])
            length = len(word[0]) if word else 1
            yield Bracket(raw[position : position + length], start + position, depth)
            position += length - 1
        position += 1
