"""Map old layer indices to new ones, and renumber index comments."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from yamlmod.edits import Edit
from yamlmod.model.document import Row
from yamlmod.model.refs import IMAGE
from yamlmod.ops.outcome import WrongComment


class GrowingShift:
    """Maps an old index to the new one, given the layers after which layers were inserted."""

    def __init__(self, places: Sequence[int]):
        self.places = sorted(places)

    def __call__(self, layer: int) -> int:
        """Return the new index of ``layer``; the image stays the image."""
        return IMAGE if layer == IMAGE else layer + bisect_left(self.places, layer)

    def mapping(self, count: int) -> tuple[int, ...]:
        """Return the new index of each of ``count`` layers."""
        indices: list[int] = []
        for number, place in enumerate([*self.places, count - 1]):
            indices += range(len(indices) + number, place + 1 + number)
        return tuple(indices)


class ShrinkingShift:
    """Maps the old index of a layer that is kept to the new one, given the removed layers."""

    def __init__(self, removed: Sequence[int]):
        self.removed = sorted(removed)

    def __call__(self, layer: int) -> int:
        """Return the new index of ``layer``; the image stays the image."""
        return IMAGE if layer == IMAGE else layer - bisect_left(self.removed, layer)

    def mapping(self, count: int) -> tuple[int | None, ...]:
        """Return the new index of each of ``count`` layers, None for a removed one."""
        indices: list[int | None] = []
        for number, layer in enumerate([*self.removed, count]):
            indices += range(len(indices) - number, layer - number)
            indices.append(None)
        return tuple(indices[:-1])


def renumber_comments(
    text: str, rows: Iterable[Row], mapping: Sequence[int | None]
) -> tuple[list[Edit], list[WrongComment]]:
    """Return the edits that keep right index comments right, and the comments that were wrong.

    ``mapping`` holds the new index of each layer; None: it is removed, with its comment.
    """
    edits: list[Edit] = []
    wrong: list[WrongComment] = []
    line, counted = 1, 0
    for row in rows:
        comment = row.comment
        if comment is None:
            continue
        now = mapping[row.index]
        if now is None:
            continue
        if comment.value != row.index:
            # Rows are in the order of the text, so each line is counted once.
            line += text.count("\n", counted, comment.start)
            counted = comment.start
            wrong.append(WrongComment(line, comment.value, row.index, now))
        elif now != row.index:
            edits.append(Edit(comment.start, comment.end, str(now)))
    return edits, wrong
