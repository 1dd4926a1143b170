"""Slip: a scale at stride 4 is added by hand, and the numbers below it are left."""

from __future__ import annotations

import random
from functools import partial

from tools.slips.case import Case, Make, case
from tools.slips.program import Layer, Program, Read
from tools.slips.structure import head_reads, joins_fit, simple, stage_ends


def add_p2(program: Program) -> list[Layer] | None:
    """Add the way up to stride 4 and the way down from it; return the new rows."""
    ends = stage_ends(program)
    outputs = head_reads(program)
    if not simple(program) or 4.0 not in ends or len(outputs) != 3:
        return None
    at = program.places()
    first = outputs[0]  # the end of the way up
    ups = [i for i, layer in enumerate(program.layers) if layer.module == "nn.Upsample"]
    if len(ups) != 2 or not ups[1] < at[first] or at[outputs[1]] - at[first] != 3:
        return None
    lateral = program.layers[ups[1] - 1].module == "Conv"
    start = ups[1] - lateral
    way_up = program.layers[start : at[first] + 1]
    up = _copies(way_up, program.layers[start - 1], first)
    join = next((layer for layer in up if len(layer.reads) == 2), None)
    if join is None or [len(layer.reads) for layer in up].count(2) != 1:
        return None
    for read in join.reads:
        if not read.negative:
            read.layer = ends[4.0]
    way_down = program.layers[at[first] + 1 : at[outputs[1]] + 1]
    down = _copies(way_down, first, up[-1])
    crossing = next((layer for layer in down if len(layer.reads) == 2), None)
    if crossing is None:
        return None
    for read in crossing.reads:
        if not read.negative:
            read.layer = up[0] if lateral else first
    new = [*up, *down]
    program.layers[at[first] + 1 : at[first] + 1] = new
    for read in way_down[0].reads:
        read.layer = new[-1] if read.layer is first else read.layer
    program.head.reads = [Read(up[-1], False), Read(new[-1], False), *program.head.reads[1:]]
    return new if joins_fit(program) else None


def _copies(rows: list[Layer], above: Layer, now_above: Layer) -> list[Layer]:
    twins = {above: now_above}
    for row in rows:
        args = [row.args[0] // 2, *row.args[1:]] if _counts(row) else list(row.args)
        twin = Layer(row.module, args, row.repeats, row.section, [], row.listed)
        for read in row.reads:
            source = None if read.layer is None else twins.get(read.layer, read.layer)
            twin.reads.append(Read(source, read.negative))
        twins[row] = twin
    return [twins[row] for row in rows]


def _counts(row: Layer) -> bool:
    return bool(row.args) and isinstance(row.args[0], int) and row.module != "Concat"


def _case(program: Program, rng: random.Random, way: str) -> Case | None:
    old = dict(zip(program.layers, program.numbers(), strict=True))
    new = add_p2(program)
    if new is None:
        return None
    right = program.numbers()
    head = program.head
    numbers = [
        row if layer in new or (layer is head) else old[layer]
        for layer, row in zip(program.layers, right, strict=True)
    ]
    if way == "head left":  # the new scale is named, the old ones keep their numbers
        numbers = [*right[:-1], [*right[-1][:2], *old[head][1:]]]
    made = case(f"P2 by hand: {way}", program, numbers, rng)
    return made if made.wrong else None


MAKES: dict[str, Make] = {
    f"P2 by hand: {way}": partial(_case, way=way) for way in ("concats left", "head left")
}
