"""Compare the comments of two texts outside the edits that lead from one to the other."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from yamlmod.edits import Edit


def keeps_comments(old: str, new: str, edits: Sequence[Edit]) -> bool:
    """Check that no comment changes outside the edits; SyntaxError where that cannot be read."""
    return not _near_comments(old, edits) or (
        _comments(old, _old_spans(edits)) == _comments(new, _new_spans(edits))
    )


@dataclass(frozen=True)
class _Span:
    start: int
    end: int


def _old_spans(edits: Iterable[Edit]) -> list[_Span]:
    return [_Span(edit.start, edit.end) for edit in sorted(edits)]


def _new_spans(edits: Iterable[Edit]) -> list[_Span]:
    spans, shift = [], 0
    for edit in sorted(edits):
        start = edit.start + shift
        spans.append(_Span(start, start + len(edit.text)))
        shift += len(edit.text) - (edit.end - edit.start)
    return spans


def _near_comments(text: str, edits: Iterable[Edit]) -> bool:
    """Check whether a line that an edit touches holds a `#`: only there can a comment change.

    Elsewhere an edit could swallow one into a string at most, which the trees would show.
    """
    for edit in edits:
        start = text.rfind("\n", 0, edit.start) + 1
        stop = text.find("\n", edit.end)
        if "#" in text[start : len(text) if stop < 0 else stop]:
            return True
    return False


def _comments(text: str, spans: Sequence[_Span]) -> list[str]:
    """Return the comments that do not stand inside one of the spans."""
    starts = [0]
    lines = io.StringIO(text, newline="").readlines()
    for line in lines:
        starts.append(starts[-1] + len(line))
    kept = []
    for token in tokenize.generate_tokens(iter([*lines, ""]).__next__):
        if token.type == tokenize.COMMENT:
            start = starts[token.start[0] - 1] + token.start[1]
            stop = start + len(token.string)
            if not any(span.start <= start and stop <= span.end for span in spans):
                kept.append(token.string.rstrip("\r"))
    return kept
