"""The brackets of a text that does not parse: how deep every line begins, and where rows end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_KEY = re.compile(r"[A-Za-z_][\w.-]*[ \t]*:(?=\s|$)")


class Bracket(NamedTuple):
    """One bracket, comma or word outside comments and quotes: what, where, and the depth behind."""

    mark: str
    position: int
    depth: int


class Line(NamedTuple):
    """One line: where it begins, its text, its own marks, and the depth it begins at."""

    start: int
    text: str
    marks: tuple[Bracket, ...]
    depth: int

    @property
    def after(self) -> int:
        """Return the depth behind the line."""
        return self.marks[-1].depth if self.marks else self.depth

    @property
    def is_key(self) -> bool:
        """Tell whether a top-level key begins here."""
        return _KEY.match(self.text) is not None

    @property
    def is_row(self) -> bool:
        """Tell whether the line begins with a bracket."""
        return self.text.lstrip().startswith("[")

    @property
    def is_entry(self) -> bool:
        """Tell whether an entry of a block list begins here."""
        return self.depth == 0 and self.text.lstrip().startswith("- ")

    @property
    def end(self) -> int:
        """Return where the code of the line ends, in front of its comment."""
        last = self.marks[-1] if self.marks else None
        return last.position + len(last.mark) if last is not None else self.start


def scan(text: str) -> list[Line]:
    """Return the lines of a text with their brackets; a key at the margin starts over."""
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
