"""Levels in comments: `P3/8-small` becomes `P2/4-xsmall`, `Detect(P3, P4)` gets a P2."""

from __future__ import annotations

import re
from collections.abc import Sequence

from yamlmod.edits import Edit
from yamlmod.model.document import Document, Row
from yamlmod.model.layout import trailing_comment

_LEVEL = re.compile(r"(?<![\w.])P(\d)(?:/(\d{1,3})(?!\d))?(?:-(x?small|medium|x?large))?(?!\w)")
_SIZES = ("xsmall", "small", "medium", "large", "xlarge")
_SMALLEST = 2


def shifted(comment: str, by: int) -> str:
    """Return a comment with its levels ``by`` further; strides and sizes that fit them go along."""

    def one(match: re.Match[str]) -> str:
        level = int(match[1])
        new = level + by
        if not 0 <= new <= 9:
            return match[0]
        text = f"P{new}"
        if match[2]:
            text += f"/{2**new if int(match[2]) == 2**level else match[2]}"
        return text + _size(match[3], new)

    return _LEVEL.sub(one, comment)


def copied_comment(comment: str, index: str, number: int, by: int) -> str:
    """Return the comment of a copied row: its new number, its levels; no words about the old one.

    ``index`` is the number that the old one begins with, empty where it has none.
    """
    if index:
        comment = comment.replace(index, str(number), 1)
    rest = _LEVEL.sub("", comment)
    rest = rest.replace(str(number), "", 1) if index else rest
    if any(character.isdigit() for character in rest):
        # It names other layers, blocks or channels, which are not those of the copy.
        cut = comment.find(str(number)) + len(str(number)) if index else 0
        comment = comment[:cut]
    return shifted(comment, by).rstrip()


def _size(word: str | None, level: int) -> str:
    if word is None:
        return ""
    position = min(max(level - _SMALLEST, 0), len(_SIZES) - 1)
    return f"-{_SIZES[position]}"


def head_list_edits(
    document: Document, head: Row, old: Sequence[str], new: Sequence[str]
) -> list[Edit]:
    """Return the edit of a comment such as `Detect(P3, P4, P5)` that lists the head's levels."""
    comment = trailing_comment(document, head)
    if len(old) < 2 or not comment:
        return []
    found = re.search(rf"(?<!\w){old[0]}([,/ ]{{1,2}}){old[1]}(?!\d)", comment)
    if found is None:
        return []
    listed = found[1].join(old)
    start = comment.find(listed)
    if start < 0 or re.match(r"[,/ ]{1,2}P\d", comment[start + len(listed) :]):
        return []
    begin = document.text.index(comment, head.end) + start
    return [Edit(begin, begin + len(listed), found[1].join(new))]
