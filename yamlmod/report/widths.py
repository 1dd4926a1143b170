"""Measure text in terminal cells, and break it to a width at words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

# What begins a line that goes on: a gutter, blanks, a word of a two-column page, a list's dash.
_HANG = re.compile(r" *(?:help: |warning: |note: |- |[a-z][a-z ]{0,11}[a-z] {2,})?")
_EXCERPT = re.compile(r"(\d+) \| (.*)")
_CARET = re.compile(r"( *)\| ( *)(\^+)")


def cell_count(text: str) -> int:
    """Count terminal cells: a wide character, such as a Chinese one, takes two."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def wrapped_text(text: str, width: int) -> list[str]:
    """Return text in lines of at most ``width`` cells, broken at words where that is possible."""
    if cell_count(text) <= width:
        return [text]
    lines, line = [], ""
    for number, word in enumerate(text.split(" ")):
        candidate = f"{line} {word}" if number else word
        if cell_count(candidate) <= width:
            line = candidate
            continue
        if line:
            lines.append(line.rstrip())
        *full, line = folded(word, width)
        lines += full
    return [*lines, line]


def folded(word: str, width: int) -> list[str]:
    """Return a word in pieces of at most ``width`` cells; Chinese text has no blanks."""
    pieces, piece, used = [], "", 0
    for sign in word:
        size = cell_count(sign)
        if piece and used + size > width:
            pieces.append(piece)
            piece, used = "", 0
        piece, used = piece + sign, used + size
    return [*pieces, piece]


def fitted(lines: Sequence[str], width: int) -> Iterator[str]:
    """Yield lines that fit: what is too wide goes on below, with its indent."""
    number = 0
    while number < len(lines):
        line = lines[number]
        below = lines[number + 1] if number + 1 < len(lines) else ""
        if _EXCERPT.fullmatch(line) and _CARET.fullmatch(below):
            yield from _marked(line, below, width)
            number += 2
            continue
        yield from hanging(line, width)
        number += 1


def hanging(line: str, width: int) -> list[str]:
    """Return one line in lines that fit; those below the first have its indent."""
    if cell_count(line) <= width:
        return [line]
    match = _HANG.match(line)
    indent = min(len(match[0]) if match else 0, width // 3)
    first, *rest = wrapped_text(line[indent:], max(width - indent, 1))
    return [line[:indent] + first, *(" " * indent + part for part in rest)]


def _marked(line: str, caret: str, width: int) -> list[str]:
    """Return an excerpt and its caret, cut around what the caret marks."""
    excerpt, mark = _EXCERPT.fullmatch(line), _CARET.fullmatch(caret)
    if excerpt is None or mark is None:
        return [line, caret]
    gutter, text = f"{excerpt[1]} | ", excerpt[2]
    start, size = len(mark[2]), len(mark[3])
    room = max(width - len(gutter), 8)
    first = 0
    while first < start and cell_count(text[first : start + size]) > room:
        first += 1
    part = text[first:]
    while cell_count(part) > room:
        part = part[:-1]
    before = cell_count(text[first:start])
    marked = min(cell_count(text[start : start + size]) or 1, max(room - before, 1))
    margin = " " * len(mark[1]) + "| "
    return [gutter + part, margin + " " * before + "^" * marked]
