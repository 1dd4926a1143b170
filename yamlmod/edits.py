"""Edits as data: spans of a text to replace, sorted, never overlapping."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple


class Edit(NamedTuple):
    """Replace ``text[start:end]`` by ``text``; an insertion has ``start == end``."""

    start: int
    end: int
    text: str


class OverlappingEditsError(ValueError):
    """Two edits want the same characters: a bug in the planning code."""


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Return ``text`` with all ``edits`` applied; offsets speak of the original text.

    Raises OverlappingEditsError when two edits overlap or insert at the same place, because the
    order of two insertions at one offset would be an accident.
    """
    pieces: list[str] = []
    position = 0
    previous: Edit | None = None
    for edit in sorted(edits):
        if previous is not None and (
            edit.start < previous.end or edit.start == previous.start == edit.end
        ):
            raise OverlappingEditsError(f"{previous} and {edit} overlap")
        if not 0 <= edit.start <= edit.end:
            raise ValueError(f"edit spans must run forward, got {edit}")
        if edit.end > len(text):
            raise ValueError(f"{edit} ends behind the text's {len(text)} characters")
        pieces.append(text[position : edit.start])
        pieces.append(edit.text)
        position = edit.end
        previous = edit
    pieces.append(text[position:])
    return "".join(pieces)


@lru_cache(maxsize=8)
def newline_of(text: str) -> str:
    """Return the newline a text uses: the more frequent of CRLF and LF, LF when there is none."""
    crlf = text.count("\r\n")
    return "\r\n" if crlf > text.count("\n") - crlf else "\n"


def line_column(text: str, offset: int) -> tuple[int, int]:
    """Return the 1-based line and column of a character offset."""
    line = text.count("\n", 0, offset) + 1
    return line, offset - (text.rfind("\n", 0, offset) + 1) + 1
