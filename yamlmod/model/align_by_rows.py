"""Align rows by what they are: a dynamic program over module, args, number and section."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from yamlmod.model.wiring import RowKey

# Cells of the dynamic program; beyond that it keeps to a band around the diagonal (about 2 s).
_CELLS = 2_000_000
_HEADS = 16
_PAIR, _REMOVED, _ADDED = 0, 1, 2
_NEVER = -(10**9)

Apart = Callable[[int, int], bool]
"""Whether a layer of the first document cannot be one of the second, for what it is there."""


class Rating:
    """How well rows of the first document fit rows of the second; 0: not at all."""

    def __init__(
        self,
        before: Sequence[RowKey],
        after: Sequence[RowKey],
        least: int,
        apart: Apart | None = None,
    ):
        self.before, self.after, self.least, self.apart = before, after, least, apart
        # Numbers for keys, and fits by number: to hash a key for every cell would cost more.
        numbers: dict[RowKey, int] = {}
        self._old = [numbers.setdefault(key, len(numbers)) for key in before]
        self._new = [numbers.setdefault(key, len(numbers)) for key in after]
        self._fits: dict[int, dict[int, int]] = {}

    def __call__(self, a: int, b: int) -> int:
        if self.apart is not None and self.apart(a, b):
            return 0
        known = self._fits.get(self._old[a])
        found = None if known is None else known.get(self._new[b])
        if found is None:
            found = self._rate(a, b)
        # The head stays the head, whatever it is called.
        return found + _HEADS if self._are_heads(a, b) else found

    def row(self, a: int, columns: range) -> list[int]:
        """Return how well a row fits each of these."""
        if self.apart is not None:
            return [self(a, b) for b in columns]
        known = self._fits.setdefault(self._old[a], {})
        new = self._new
        fits = [known[new[b]] if new[b] in known else self._rate(a, b) for b in columns]
        if fits and self._are_heads(a, columns[-1]):
            fits[-1] += _HEADS
        return fits

    def _are_heads(self, a: int, b: int) -> bool:
        return b == len(self.after) - 1 and a == len(self.before) - 1

    def _rate(self, a: int, b: int) -> int:
        fit = _fit(self.before[a], self.after[b])
        found = fit if fit >= self.least else 0
        self._fits.setdefault(self._old[a], {})[self._new[b]] = found
        return found


def _fit(one: RowKey, other: RowKey) -> int:
    """Rate two rows: one equal pair outweighs any two replaced ones."""
    name, args, repeats, section, inputs = one
    module, *_ = other
    if name == module:
        same = (args == other[1], repeats == other[2], section == other[3], inputs == other[4])
        return 8 + 4 * same[0] + 2 * same[1] + same[2] + same[3]
    if inputs != other[4]:
        return 0  # another module with other inputs is another layer
    alike = name in module or module in name  # C3 and C3TR, Detect and IDetect
    return 1 + (args == other[1]) + (section == other[3]) + 2 * alike


def best_pairs(rating: Rating) -> list[tuple[int, int]]:
    """Return the pairs of the best alignment; equal beginnings and ends need no search."""
    old, new = rating.before, rating.after
    shorter = min(len(old), len(new))
    top = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    room = shorter - top
    end = next((i for i in range(room) if old[-1 - i] != new[-1 - i]), room)
    inner = _search(range(top, len(old) - end), range(top, len(new) - end), rating)
    tail = [(len(old) - i, len(new) - i) for i in range(end, 0, -1)]
    return [*((i, i) for i in range(top)), *inner, *tail]


def _search(old: range, new: range, rating: Rating) -> list[tuple[int, int]]:
    """Find the pairs of two stretches by the dynamic program over all (or the band's) cells."""
    if not old or not new:
        return []
    bands = [_band(i, len(old), len(new)) for i in range(len(old) + 1)]
    previous = [0] * len(bands[0])
    moves = [bytes([_ADDED] * len(bands[0]))]
    for i in range(1, len(old) + 1):
        above, band = bands[i - 1], bands[i]
        columns = range(max(band.start - 1, 0), band.stop - 1)
        fits = rating.row(old[i - 1], new[columns.start : columns.stop])
        previous, move = _next_row(_shifted(previous, above, band), fits)
        moves.append(move)
    return _walk_back(moves, bands, old, new)


def _band(row: int, rows: int, columns: int) -> range:
    if rows * columns <= _CELLS:
        return range(columns + 1)
    half = max(_CELLS // rows // 2, 1)
    centre = row * columns // rows
    return range(max(0, centre - half), min(columns, centre + half) + 1)


def _shifted(previous: list[int], above: range, band: range) -> list[int]:
    """Return the row above at the places of this row, with the place in front of its first."""
    first = band.start - 1 - above.start
    front = previous[first:] if first >= 0 else [_NEVER] * -first + previous
    return front + [_NEVER] * (band.stop - above.stop)


def _next_row(above: Sequence[int], fits: Sequence[int]) -> tuple[list[int], bytes]:
    """Return the scores of the next row and how they are reached."""
    scores: list[int] = []
    moves = bytearray()
    best = -1
    fits = fits if len(fits) == len(above) - 1 else [0, *fits]  # nothing is in front of the first
    diagonal = above[0]
    for over, fit in zip(above[1:], fits, strict=True):
        move = _ADDED
        if over > best:
            best, move = over, _REMOVED
        if fit and diagonal + fit >= best:
            best, move = diagonal + fit, _PAIR
        diagonal = over
        scores.append(best)
        moves.append(move)
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
