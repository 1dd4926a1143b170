"""Align the layers of two documents: the basis of a structural difference.

The rows are aligned by a dynamic program over what they are (module, args, number, section), and
what that leaves open is settled by the wiring, in `realign`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from yamlmod.model.align_by_wiring import Rate, settle
from yamlmod.model.document import Row
from yamlmod.model.parse import value_key
from yamlmod.model.refs import IMAGE
from yamlmod.model.wiring import Wiring

# Cells of the dynamic program; beyond that it keeps to a band around the diagonal (about 2 s).
_CELLS = 2_000_000
_HEADS = 16
# The fit of rows that are the same but for their section.
_EQUAL = 15
_PAIR, _REMOVED, _ADDED = 0, 1, 2


RowKey = tuple[str, str, str, str, tuple[int, bool]]
"""Module, args, number, section and form of the inputs: what two rows that do the same share."""


Apart = Callable[[int, int], bool]
"""Whether a layer of the first document cannot be one of the second, for what it is there."""


@dataclass(frozen=True)
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
    rate = _rating(before.rows, after.rows, _EQUAL if strict else 1)
    if apart is not None:
        rate = _rating_together(rate, apart)
    pairs = _best_pairs(before.rows, after.rows, rate)
    return alignment_of(settle(before, after, pairs, rate), before, after)


def alignment_of(pairs: Sequence[tuple[int, int]], before: Wiring, after: Wiring) -> Alignment:
    old, new = {a for a, _ in pairs}, {b for _, b in pairs}
    return Alignment(
        tuple(pairs),
        tuple(layer for layer in range(len(after.rows)) if layer not in new),
        tuple(layer for layer in range(len(before.rows)) if layer not in old),
    )


def row_key(row: Row) -> RowKey:
    """Return what a row is, wherever it is."""
    args, repeats = value_key(row.args), value_key(row.repeats)
    return row.module, args, repeats, row.section, (len(row.refs), row.listed)


def _rating(before: Sequence[Row], after: Sequence[Row], least: int) -> Rate:
    old, new = [row_key(row) for row in before], [row_key(row) for row in after]
    known: dict[tuple[Any, Any], int] = {}

    def rate(a: int, b: int) -> int:
        one, other = old[a], new[b]
        found = known.get((one, other))
        if found is None:
            fit = _fit(one, other)
            found = known[one, other] = fit if fit >= least else 0
        # The head stays the head, whatever it is called.
        return found + _HEADS if a == len(old) - 1 and b == len(new) - 1 else found

    return rate


def _rating_together(rate: Rate, apart: Apart) -> Rate:
    return lambda a, b: 0 if apart(a, b) else rate(a, b)


def _fit(one: RowKey, other: RowKey) -> int:
    """Rate two rows: one equal pair outweighs any two replaced ones."""
    module, args, repeats, section, inputs = map(_same, one, other)
    if module:
        return 8 + 4 * args + 2 * repeats + section + inputs
    if not inputs:
        return 0  # another module with other inputs is another layer
    alike = one[0] in other[0] or other[0] in one[0]  # C3 and C3TR, Detect and IDetect
    return 1 + args + section + 2 * alike


def _same(one: object, other: object) -> bool:
    return one == other


def _best_pairs(before: Sequence[Row], after: Sequence[Row], rate: Rate) -> list[tuple[int, int]]:
    """Return the pairs of the best alignment; equal beginnings and ends need no search."""
    old, new = [row_key(row) for row in before], [row_key(row) for row in after]
    shorter = min(len(old), len(new))
    top = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    room = shorter - top
    end = next((i for i in range(room) if old[-1 - i] != new[-1 - i]), room)
    inner = _search(range(top, len(old) - end), range(top, len(new) - end), rate)
    tail = [(len(old) - i, len(new) - i) for i in range(end, 0, -1)]
    return [*((i, i) for i in range(top)), *inner, *tail]


def _search(old: range, new: range, rate: Rate) -> list[tuple[int, int]]:
    """Find the pairs of two stretches by the dynamic program over all (or the band's) cells."""
    if not old or not new:
        return []
    bands = [_band(i, len(old), len(new)) for i in range(len(old) + 1)]
    previous = [0] * len(bands[0])
    moves = [bytes([_ADDED] * len(bands[0]))]
    for i in range(1, len(old) + 1):
        previous, move = _next_row(previous, bands[i - 1], bands[i], old[i - 1], new, rate)
        moves.append(move)
    return _walk_back(moves, bands, old, new)


def _band(row: int, rows: int, columns: int) -> range:
    if rows * columns <= _CELLS:
        return range(columns + 1)
    half = max(_CELLS // rows // 2, 1)
    centre = row * columns // rows
    return range(max(0, centre - half), min(columns, centre + half) + 1)


def _next_row(
    previous: list[int], above: range, band: range, layer: int, new: range, rate: Rate
) -> tuple[list[int], bytes]:
    scores: list[int] = []
    moves = bytearray()
    left = -1
    for j in band:
        best, move = left, _ADDED
        if j in above and previous[j - above.start] > best:
            best, move = previous[j - above.start], _REMOVED
        if j and j - 1 in above:
            fit = rate(layer, new[j - 1])
            if fit and previous[j - 1 - above.start] + fit >= best:
                best, move = previous[j - 1 - above.start] + fit, _PAIR
        scores.append(best)
        moves.append(move)
        left = best
    return scores, bytes(moves)


def _walk_back(
    moves: Sequence[bytes], bands: Sequence[range], old: range, new: range
) -> list[tuple[int, int]]:
    i, j = len(old), len(new)
    pairs: list[tuple[int, int]] = []
    while i and j:
        move = moves[i][j - bands[i].start]
        if move == _PAIR:
            pairs.append((old[i - 1], new[j - 1]))
        i -= move != _ADDED
        j -= move != _REMOVED
    return pairs[::-1]
