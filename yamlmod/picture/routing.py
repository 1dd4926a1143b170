"""Route every connection around the boxes: through gutters, empty cells and the gaps of rows.

Positions on the grid: row r is 2r, the gap below it 2r + 1. Gutter g is left of column g. A route
runs level beside the boxes of a row (a wire), up and down in a gutter (a lane) and along a gap (a
track). None of these can meet a box, so no connection crosses one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from yamlmod.picture.placement import Cell, GridPlacement


@dataclass(eq=False)
class Wire:
    """A level run in a row, from a box through the gutters ``first`` to ``last``.

    ``bend`` is where the connection goes on: -1 up, 1 down, 0 level. ``is_left`` says that the box
    is on the left of it.
    """

    row: int
    first: int
    last: int
    bend: int
    is_left: bool
    track: int = 0
    tracks: int = 1
    nearness: float = 0.0


@dataclass(eq=False)
class Lane:
    """An upright run in a gutter between two positions, and the sides that its ends come from."""

    gutter: int
    start: int
    end: int
    start_left: bool
    end_left: bool
    slot: int = 0

    @property
    def low(self) -> int:
        return min(self.start, self.end)

    @property
    def high(self) -> int:
        return max(self.start, self.end)


@dataclass(eq=False)
class GapTrack:
    """A level run in the gap below a row, through the gutters ``first`` to ``last``."""

    gap: int
    first: int
    last: int
    slot: int = 0


@dataclass(frozen=True, eq=False)
class Route:
    """One connection: straight between neighbours in a column, or its runs in their order."""

    source: int
    target: int
    is_direct: bool = False
    out: Wire | None = None
    lanes: tuple[Lane, ...] = ()
    gap: GapTrack | None = None
    into: Wire | None = None


class Router:
    """Chooses the runs of all connections of a placement, in the order of the file."""

    def __init__(self, placement: GridPlacement) -> None:
        self.placement = placement
        self.taken: dict[tuple[int, int], int] = {}
        for number, cell in enumerate(placement.cells):
            for row in range(cell.top, cell.bottom + 1):
                self.taken[cell.column, row] = number
        self.direct: set[tuple[int, int]] = set()
        self.load: Counter[tuple[str, int]] = Counter()

    def route(self, source: int, target: int) -> Route:
        """Return the way from one cell to another."""
        source_cell, target_cell = self.placement.cells[source], self.placement.cells[target]
        if self._is_direct(source, target):
            self.direct.add((source, target))
            return Route(source, target, is_direct=True)
        left = source_cell.column < target_cell.column
        if source_cell.column == target_cell.column:
            return self._beside(source, target)
        return self._across(source, target, source_cell, target_cell, left)

    def _is_direct(self, source: int, target: int) -> bool:
        """Check whether nothing is between two boxes of one column."""
        source_cell, target_cell = self.placement.cells[source], self.placement.cells[target]
        if source_cell.column != target_cell.column or (source, target) in self.direct:
            return False
        down = target_cell.top > source_cell.bottom
        rows = (
            range(source_cell.bottom + 1, target_cell.top)
            if down
            else range(target_cell.bottom + 1, source_cell.top)
        )
        return not any((source_cell.column, row) in self.taken for row in rows)

    def _beside(self, source: int, target: int) -> Route:
        """Route between two boxes of one column, on the side that is freer."""
        source_cell, target_cell = self.placement.cells[source], self.placement.cells[target]
        column = source_cell.column
        right = self.load["gutter", column + 1] <= self.load["gutter", column]
        gutter = column + 1 if right else column
        i, j = source_cell.nearest(target_cell.top), target_cell.nearest(source_cell.top)
        bend = 1 if j > i else -1
        lane = self._lane(gutter, 2 * i, 2 * j, right, right)
        out = Wire(i, gutter, gutter, bend, right)
        into = Wire(j, gutter, gutter, -bend, right)
        return Route(source, target, False, out, (lane,), None, into)

    def _lane(self, gutter: int, start: int, end: int, from_left: bool, to_left: bool) -> Lane:
        self.load["gutter", gutter] += 1
        return Lane(gutter, start, end, from_left, to_left)

    def _across(
        self, source: int, target: int, source_cell: Cell, target_cell: Cell, left: bool
    ) -> Route:
        i = (
            source_cell.nearest(target_cell.top)
            if source_cell.top != source_cell.bottom
            else source_cell.top
        )
        j = target_cell.nearest(i)
        start = source_cell.column + 1 if left else source_cell.column
        end = target_cell.column if left else target_cell.column + 1
        crossed = range(min(start, end), max(start, end))
        low, high = min(start, end), max(start, end)
        bend = (j > i) - (j < i)
        if self._is_free(crossed, i):
            out = Wire(i, low, high, bend, left)
            if i == j:
                return Route(source, target, False, out)
            lane = self._lane(end, 2 * i, 2 * j, left, not left)
            return Route(source, target, False, out, (lane,), None, self._into(j, end, -bend, left))
        if i != j and self._is_free(crossed, j):
            out = Wire(i, start, start, bend, left)
            lane = self._lane(start, 2 * i, 2 * j, left, not left)
            into = Wire(j, low, high, -bend, not left)
            return Route(source, target, False, out, (lane,), None, into)
        return self._through_gap(source, target, i, j, start, end, left)

    def _into(self, row: int, gutter: int, bend: int, left: bool) -> Wire:
        return Wire(row, gutter, gutter, bend, not left)

    def _is_free(self, columns: Sequence[int], row: int) -> bool:
        return not any((column, row) in self.taken for column in columns)

    def _through_gap(
        self, source: int, target: int, i: int, j: int, start: int, end: int, left: bool
    ) -> Route:
        gap = min(self._gaps(i, j), key=lambda g: self._cost(g, i, j))
        self.load["gap", gap] += 1
        level = 2 * gap + 1
        first = self._lane(start, 2 * i, level, left, not left)
        second = self._lane(end, level, 2 * j, left, not left)
        out = Wire(i, start, start, 1 if level > 2 * i else -1, left)
        into = Wire(j, end, end, 1 if level > 2 * j else -1, not left)
        track = GapTrack(gap, min(start, end), max(start, end))
        return Route(source, target, False, out, (first, second), track, into)

    def _gaps(self, i: int, j: int) -> Iterator[int]:
        yield from range(min(i, j) - 1, max(i, j) + 1)

    def _cost(self, gap: int, i: int, j: int) -> tuple[int, int]:
        level = 2 * gap + 1
        length = abs(level - 2 * i) + abs(level - 2 * j)
        return length + 2 * self.load["gap", gap], -gap
