"""How indices move, and the index comments that move with them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

from yamlmod.edits import Edit, line_column
from yamlmod.model.document import Row
from yamlmod.model.refs import IMAGE
from yamlmod.ops.outcome import WrongComment


class GrowingShift:
    """Maps an old index to the new one, given the layers that something was put behind."""

    def __init__(self, places: Sequence[int]):
        self.places = sorted(places)

    def __call__(self, layer: int) -> int:
        """Return the new index of ``layer``; the image stays the image."""
        return IMAGE if layer == IMAGE else layer + bisect_left(self.places, layer)


class ShrinkingShift:
    """Maps an old index that stays to the new one, given the layers that go."""

    def __init__(self, removed: Sequence[int]):
        self.removed = sorted(removed)

    def __call__(self, layer: int) -> int:
        """Return the new index of ``layer``; the image stays the image."""
        return IMAGE if layer == IMAGE else layer - bisect_left(self.removed, layer)


def renumber_comments(
    text: str, rows: Iterable[Row], shift: Callable[[int], int]
) -> tuple[list[Edit], list[WrongComment]]:
    """Return the edits that keep right index comments right, and the comments that were wrong."""
    edits: list[Edit] = []
    wrong: list[WrongComment] = []
    for row in rows:
        comment = row.comment
        if comment is None:
            continue
        now = shift(row.index)
        if comment.value != row.index:
            line, _ = line_column(text, comment.start)
            wrong.append(WrongComment(line, comment.value, row.index, now))
        elif now != row.index:
            edits.append(Edit(comment.start, comment.end, str(now)))
    return edits, wrong
