"""Variants of official graphs that people draw by hand: a scale at stride 4, joins as in BiFPN."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from yamlmod.checks.bases import Base, wiring_of_rows
from yamlmod.model.channels import stride_after
from yamlmod.model.known_modules import KNOWN
from yamlmod.model.refs import target
from yamlmod.registry.official import OfficialGraph, OfficialRow

_UP = "nn.Upsample"
# Rows of one way up or down: a lateral convolution, a change of size, a join, a block.
_LONGEST = 6
_TWO = 2
_HALF, _THIRD = 2, 3


@dataclass(eq=False)
class _Line:
    """A row whose inputs are rows (None: the image); the numbers are made at the end.

    ``old`` is its index in the smaller network, ``free`` an input that is the author's choice.
    """

    module: str
    inputs: list[_Line | None]
    negative: list[bool]
    listed: bool
    row: OfficialRow
    old: int | None = None
    free: int | None = None


class VariantPlan(NamedTuple):
    """What is changed: a scale at stride 4 is added, joins read one more.

    ``dropped`` is the input that the head has no more: -1, the largest stride; 0, the new one.
    """

    scale: bool
    joins: bool
    dropped: int | None


@cache
def variants(base: Base, plan: VariantPlan) -> tuple[Base, ...]:
    """Return the variants of an official base, those that its plan has a place for."""
    if not isinstance(base.graph, OfficialGraph):
        return ()
    found = []
    for order in _ORDERS if plan.joins else ((),):
        lines = _lines(base.graph)
        name = base.graph.name
        if plan.scale:
            if not _add_scale(lines, base):
                return ()
            name += " with a scale at stride 4"
            if plan.dropped is not None:
                _drop(plan.dropped, lines, base.graph.backbone)
        if plan.joins:
            if not _add_joins(lines, base.graph.backbone, order):
                return ()
            name += " with joins of three"
        found.append(_base(name, base.graph, lines, plan.scale))
    return tuple(found)


def _drop(slot: int, lines: list[_Line], backbone: int) -> None:
    """Drop an input of the head, and the rows that only it used."""
    head = lines[-1]
    head.inputs.pop(slot)
    head.negative.pop(slot)
    while True:
        used = {id(part) for line in lines for part in line.inputs}
        unused = [line for line in lines[backbone:-1] if id(line) not in used]
        if not unused:
            return
        lines.remove(unused[-1])


_ORDERS: tuple[tuple[int, ...], ...] = ((2,), (1,))
"""The position of the third input in the row."""


def _lines(graph: OfficialGraph) -> list[_Line]:
    lines: list[_Line] = []
    for index, row in enumerate(graph.rows):
        listed = isinstance(row.source, list)
        values = row.source if isinstance(row.source, list) else [row.source]
        places = [target(index, value) for value in values]
        inputs = [lines[place] if 0 <= place < index else None for place in places]
        lines.append(_Line(row.module, inputs, [v < 0 for v in values], listed, row, index))
    return lines


def _add_scale(lines: list[_Line], base: Base) -> bool:
    """Go one step further up from the head's first input, and one step down again."""
    head = lines[-1]
    ups = [i for i, line in enumerate(lines) if line.module == _UP]
    outputs = [line for line in head.inputs if line is not None]
    if len(ups) != 2 or len(outputs) != 3 or len(head.inputs) != 3:
        return False
    first, second = lines.index(outputs[0]), lines.index(outputs[1])
    start = ups[1] - (lines[ups[1] - 1].module != lines[first].module and _single(lines, ups[1]))
    skip = _stride_four(lines, base)
    if not start < first < second <= first + _LONGEST or first - start > _LONGEST or skip is None:
        return False
    up = _copy(lines[start : first + 1], lines[start - 1], lines[first])
    down = _copy(lines[first + 1 : second + 1], lines[first], up[-1])
    lateral = up[0] if up[0].module != _UP else lines[first]
    for line, other in ((_join(up), skip), (_join(down), lateral)):
        if line is None:
            return False
        line.inputs = [
            part if negative else other
            for part, negative in zip(line.inputs, line.negative, strict=True)
        ]
    for line in lines[first + 1 : second + 1]:
        if len(line.inputs) == 1 and line.inputs[0] is lines[first]:
            line.inputs[0] = down[-1]
    head.inputs = [up[-1], down[-1], *head.inputs[1:]]
    head.negative = [False] * 4
    lines[first + 1 : first + 1] = [*up, *down]
    return True


def _single(lines: Sequence[_Line], up: int) -> bool:
    return lines[up].negative == [True] and lines[up - 1].module.endswith("Conv")


def _stride_four(lines: Sequence[_Line], base: Base) -> _Line | None:
    """The last row before the third change of size, as backbones are drawn."""
    seen = 0
    for row in base.wiring.rows[: base.backbone]:
        kind = KNOWN.get(row.module)
        seen += kind is not None and stride_after(kind, row, [1.0]) == _HALF
        if seen == _THIRD and row.index:
            return lines[row.index - 1]
    return None


def _copy(rows: Sequence[_Line], above: _Line, now_above: _Line) -> list[_Line]:
    twins: dict[int, _Line] = {id(above): now_above}
    made = []
    for line in rows:
        inputs = [twins.get(id(part), part) for part in line.inputs]
        twin = _Line(line.module, inputs, list(line.negative), line.listed, _half(line.row))
        twins[id(line)] = twin
        made.append(twin)
    return made


def _half(row: OfficialRow) -> OfficialRow:
    first = row.args[0] if row.args else None
    if isinstance(first, bool) or not isinstance(first, int) or first < 16:
        return row
    return row._replace(args=(first // 2, *row.args[1:]))


def _join(lines: Sequence[_Line]) -> _Line | None:
    joins = [line for line in lines if len(line.inputs) == 2]
    return joins[0] if len(joins) == 1 and not all(joins[0].negative) else None


def _add_joins(lines: list[_Line], backbone: int, order: Sequence[int]) -> bool:
    """Let every join of the way down also read the backbone's layer of its stride."""
    back = {id(line) for line in lines[:backbone]}
    added = False
    for line in lines[backbone:-1]:
        if len(line.inputs) != 2 or line.module != "Concat" or line.negative != [True, False]:
            continue
        other = line.inputs[1]
        skip = None if other is None or id(other) in back else _from_backbone(other, back)
        if skip is not None:
            line.inputs.insert(order[0], skip)
            line.negative.insert(order[0], False)
            line.free = order[0]
            added = True
    return added


def _from_backbone(line: _Line, back: set[int]) -> _Line | None:
    """The backbone's layer that was joined on the way up to ``line``."""
    while len(line.inputs) == 1 and line.inputs[0] is not None and id(line) not in back:
        line = line.inputs[0]
    return next((part for part in line.inputs if part is not None and id(part) in back), None)


def _base(name: str, graph: OfficialGraph, lines: Sequence[_Line], is_larger: bool) -> Base:
    place = {id(line): index for index, line in enumerate(lines)}
    rows: list[OfficialRow] = []
    numbers: dict[tuple[int, int], int] = {}
    for index, line in enumerate(lines):
        at = [-1 if part is None else place[id(part)] for part in line.inputs]
        values = [
            to - index if negative or to < 0 else to
            for to, negative in zip(at, line.negative, strict=True)
        ]
        rows.append(line.row._replace(source=values if line.listed else values[0]))
        numbers |= {(index, slot): value for slot, value in _smaller(line, graph)}
    free = frozenset((i, line.free) for i, line in enumerate(lines) if line.free is not None)
    # Without the scale, YOLOv5's own BiFPN says which is read.
    lateral = frozenset(_lateral_reads(lines) if is_larger else ())
    return Base(name, "official", wiring_of_rows(rows, graph.backbone), numbers, free, lateral)


def _lateral_reads(lines: Sequence[_Line]) -> Iterator[tuple[int, int]]:
    """The inputs of joins, new or with one input more, that read a convolution before a way up."""
    ups = {id(line.inputs[0]) for line in lines if line.module == _UP}
    for index, line in enumerate(lines[:-1]):
        if len(line.inputs) < _TWO or (line.free is None and line.old is not None):
            continue
        for slot, part in enumerate(line.inputs):
            if part is not None and id(part) in ups and part.module.endswith("Conv"):
                yield index, slot


def _smaller(line: _Line, graph: OfficialGraph) -> Iterator[tuple[int, int]]:
    """The numbers of a row in the smaller network, by slot; its head's inputs are the last ones."""
    if line.old is None:
        return
    source = graph.rows[line.old].source
    values = source if isinstance(source, list) else [source]
    more = len(line.inputs) - len(values)
    if not more and len(values) > _TWO and line.old == len(graph.rows) - 1:
        return  # a scale was added and another dropped
    if more and line.free is not None:
        values = [*values[: line.free], 0, *values[line.free :]]
        yield from ((slot, v) for slot, v in enumerate(values) if slot != line.free)
    else:
        yield from enumerate(values, start=more)
