"""Give every layer a column and a row: columns are passes, rows are strides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from yamlmod.picture.folding import Unit, units_of
from yamlmod.picture.scene import Scene

# Rows of a column in file order; a longer one is hard to follow.
_FILE_ROWS = 16


class Cell(NamedTuple):
    """What is drawn as one box: its nodes, its column and the rows it spans."""

    nodes: Unit
    column: int
    top: int
    bottom: int

    @property
    def is_group(self) -> bool:
        return len(self.nodes) > 1

    def nearest(self, row: int) -> int:
        return min(max(row, self.top), self.bottom)


class BandRows(NamedTuple):
    """The rows of one stride; None: the stride is not known."""

    stride: float | None
    top: int
    bottom: int


class GridPlacement(NamedTuple):
    """All boxes on the grid, the rows by stride, and which cell each node is in."""

    cells: tuple[Cell, ...]
    bands: tuple[BandRows, ...]
    columns: int
    rows: int
    owner: tuple[int, ...]


@dataclass
class _Pass:
    """One column: its direction (1: down, -1: up) and its units."""

    direction: int
    units: list[Unit]


def place(scene: Scene, fold: bool) -> GridPlacement:
    """Place every node; ``fold`` draws a region with one entry and one exit as one box."""
    return _Placer(scene, fold).place()


class _Placer:
    def __init__(self, scene: Scene, fold: bool) -> None:
        self.scene = scene
        self.fold = fold
        self.inputs: list[list[int]] = [[] for _ in scene.nodes]
        self.joined: list[list[int]] = [[] for _ in scene.nodes]
        for link in scene.links:
            self.inputs[link.target].append(link.source)
            self.joined[link.target].append(link.source)
            self.joined[link.source].append(link.target)
        self.units = units_of(scene)
        self.at: dict[int, tuple[int, int]] = {}

    def place(self) -> GridPlacement:
        heads = [unit for unit in self.units if self.scene.nodes[unit[0]].is_head]
        body = [unit for unit in self.units if not self.scene.nodes[unit[0]].is_head]
        passes = self._file_order(body) if self.scene.in_file_order else self._passes(body)
        cells, bands, rows = self._rows(passes)
        columns = len(passes)
        for unit in heads:
            cell = self._head(unit, cells, columns)
            columns = max(columns, cell.column + 1)
            cells.append(cell)
        owner = [0] * len(self.scene.nodes)
        for number, cell in enumerate(cells):
            for node in cell.nodes:
                owner[node] = number
        return GridPlacement(tuple(cells), tuple(bands), columns, rows, tuple(owner))

    def _split(self, units: Iterable[Unit]) -> Iterator[Unit]:
        for unit in units:
            yield from [unit] if self.fold else [(node,) for node in unit]

    def _file_order(self, body: Sequence[Unit]) -> list[_Pass]:
        units = list(self._split(body))
        count = -(-len(units) // _FILE_ROWS)
        height = -(-len(units) // count)
        return [_Pass(1, units[at : at + height]) for at in range(0, len(units), height)]

    def _passes(self, body: Sequence[Unit]) -> list[_Pass]:
        """Start a column wherever the stride changes direction."""
        passes = [_Pass(0, [])]
        current: float | None = None
        before: Unit = ()
        for unit in body:
            stride = self.scene.nodes[unit[-1]].stride or current
            if current is not None and stride is not None and stride != current:
                turn = 1 if stride > current else -1
                if passes[-1].direction not in (0, turn):
                    # A unit that reads another branch begins a pass; it does not turn one.
                    passes.append(_Pass(turn if self._follows(unit, before) else 0, []))
                else:
                    passes[-1].direction = turn
            passes[-1].units.append(unit)
            current, before = stride, unit
        return passes

    def _follows(self, unit: Unit, before: Unit) -> bool:
        return any(source in before for node in unit for source in self.inputs[node])

    def _rows(self, passes: Sequence[_Pass]) -> tuple[list[Cell], list[BandRows], int]:
        stacks = self._stacks(passes)
        strides = sorted({stride for _, stride in stacks}, key=lambda s: (s is None, s or 0.0))
        bands: list[BandRows] = []
        cells: list[Cell] = []
        top = 0
        for stride in strides:
            band = {column: units for (column, s), units in stacks.items() if s == stride}
            height = max(len(units) for units in band.values())
            # The fullest column first: the others take the levels of what they are joined with.
            for column in sorted(band, key=lambda c: (-len(band[c]), c)):
                units = band[column]
                offset = self._offset(column, units, top, height)
                for place, unit in enumerate(units):
                    row = top + offset + place
                    cells.append(Cell(unit, column, row, row))
                    self.at.update(dict.fromkeys(unit, (column, row)))
            bands.append(BandRows(stride, top, top + height - 1))
            top += height
        cells.sort(key=lambda cell: cell.nodes)
        return cells, bands, top

    def _stacks(self, passes: Sequence[_Pass]) -> dict[tuple[int, float | None], list[Unit]]:
        """Return the units of each column and stride, from top to bottom."""
        stacks: dict[tuple[int, float | None], list[Unit]] = defaultdict(list)
        current: float | None = None
        for column, column_pass in enumerate(passes):
            for unit in self._split(column_pass.units):
                stride = self.scene.nodes[unit[-1]].stride
                if self.scene.in_file_order:
                    stride = None
                elif stride is None:
                    stride = current
                stacks[column, stride].append(unit)
                current = stride
        for (column, _), units in stacks.items():
            if passes[column].direction < 0:
                units.reverse()
        return dict(stacks)

    def _offset(self, column: int, units: Sequence[Unit], top: int, height: int) -> int:
        """Return how far down a stack is, so that connections with placed units run level."""
        ends = self._ends(column, units, range(top, top + height))
        best, least = 0, float("inf")
        for offset in range(height - len(units) + 1):
            cost = sum(abs(top + offset + place - row) for place, row in ends)
            level = sum(top + offset + place == row for place, row in ends)
            if cost - 2 * level < least:
                best, least = offset, cost - 2 * level
        return best

    def _ends(self, column: int, units: Sequence[Unit], rows: range) -> list[tuple[int, int]]:
        """Return the places in a stack that are joined with placed units of these rows."""
        ends = []
        for place, unit in enumerate(units):
            for node in unit:
                for other in self.joined[node]:
                    at = self.at.get(other)
                    if at is not None and at[0] != column and at[1] in rows:
                        ends.append((place, at[1]))
        return ends

    def _head(self, unit: Unit, cells: Sequence[Cell], columns: int) -> Cell:
        """Return a head's cell: on the right, from the level of its first input to its last."""
        rows = [self.at[source][1] for source in self.inputs[unit[0]] if source in self.at]
        top, bottom = (min(rows), max(rows)) if rows else (0, 0)
        column = columns
        last = [cell for cell in cells if cell.column == columns - 1]
        is_beside = last and self.scene.nodes[last[0].nodes[0]].is_head
        if is_beside and all(cell.bottom < top or cell.top > bottom for cell in last):
            column = columns - 1
        cell = Cell(unit, column, top, bottom)
        self.at.update(dict.fromkeys(unit, (cell.column, cell.top)))
        return cell
