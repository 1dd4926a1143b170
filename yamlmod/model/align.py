"""Align the layers of two documents: the basis of a structural difference.

The rows are aligned by what they are (module, args, number, section), and what that leaves open is
settled by the wiring.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from yamlmod.model.align_by_rows import Apart, Rating, best_pairs
from yamlmod.model.align_by_wiring import settle
from yamlmod.model.refs import IMAGE
from yamlmod.model.wiring import Wiring

# The fit of rows that are the same but for their section.
_EQUAL = 15


@dataclass(frozen=True, eq=False, repr=False)
class Alignment:
    """The layers that are the same in both documents, and those that only one of them has."""

    pairs: tuple[tuple[int, int], ...]
    added: tuple[int, ...]
    removed: tuple[int, ...]

    def to_new(self, layer: int) -> int | None:
        """Return where a layer of the first document is in the second; the image stays."""
        return IMAGE if layer == IMAGE else self._new.get(layer)

    @cached_property
    def _new(self) -> dict[int, int]:
        return dict(self.pairs)


def align(
    before: Wiring, after: Wiring, strict: bool = False, apart: Apart | None = None
) -> Alignment:
    """Align two documents: best rows first, and among equals the fewest reads that changed.

    With ``strict`` only rows that say the same are paired, and the heads; and never two layers that
    are ``apart``.
    """
    rating = Rating(before.keys, after.keys, _EQUAL if strict else 1, apart)
    return alignment_of(settle(before, after, best_pairs(rating), rating), before, after)


def alignment_of(pairs: Sequence[tuple[int, int]], before: Wiring, after: Wiring) -> Alignment:
    old, new = {a for a, _ in pairs}, {b for _, b in pairs}
    return Alignment(
        tuple(pairs),
        tuple(layer for layer in range(len(after.rows)) if layer not in new),
        tuple(layer for layer in range(len(before.rows)) if layer not in old),
    )
