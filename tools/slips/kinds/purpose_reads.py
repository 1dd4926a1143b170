"""On purpose: layers read something else, and it is right (skips, more inputs, shared inputs)."""

from __future__ import annotations

import random
from functools import partial

from tools.slips.case import Case, Make, on_purpose
from tools.slips.program import Layer, Program, Read, insert
from tools.slips.structure import ATTENTION, head_reads, joins, place_for_gate, strides

_PREFIX = "purpose: "


def _finish(name: str, program: Program, rng: random.Random) -> Case | None:
    for _ in range(rng.choice((0, 0, 1, 2))):
        insert(program, place_for_gate(program, rng), rng.choice(ATTENTION))
    return on_purpose(_PREFIX + name, program, rng, program.original)


def _peers(program: Program, layer: Layer, before: Layer) -> list[Layer]:
    """Return other layers of the same stride that ``before`` may read."""
    of, at = strides(program), program.places()
    return [
        other
        for other in program.layers[1 : at[before]]
        if of[other] is not None and of[other] == of[layer] and other is not layer
    ]


def _other_skip(program: Program, rng: random.Random) -> Case | None:
    for join in rng.sample(joins(program), len(joins(program))):
        for read in join.reads:
            if read.negative or read.layer is None:
                continue
            taken = {other.layer for other in join.reads}
            peers = [x for x in _peers(program, read.layer, join) if x not in taken]
            # A block's end, the strided layer in front of it, or the lateral one beside it.
            peers = [x for x in peers if x.module != "nn.Upsample"]
            if peers:
                dropped = read.layer
                read.layer = rng.choice(peers)
                if not program.readers(dropped):
                    return None
                return _finish("another skip", program, rng)
    return None


def _bifpn(program: Program, rng: random.Random) -> Case | None:
    changed = False
    name = rng.choice(("Concat", "Concat", "BiFPN_Concat3", "Concat_bifpn"))
    for join in joins(program):
        skips = [read.layer for read in join.reads if not read.negative and read.layer is not None]
        if len(join.reads) != 2 or not skips:
            continue
        of, at = strides(program), program.places()
        taken = {read.layer for read in join.reads}
        back = [
            x
            for x in program.layers[: program.backbone]
            if of[x] == of[skips[0]] and x not in taken
        ]
        if back and at[skips[0]] >= program.backbone and of[skips[0]] is not None:
            where = rng.choice((1, 2))
            join.reads.insert(where, Read(back[-1], False))
            join.module, join.listed, changed = name, True, True
    return _finish("BiFPN inputs", program, rng) if changed else None


def _twice_on_purpose(program: Program, rng: random.Random) -> Case | None:
    outputs = head_reads(program)
    if len(outputs) < 3 or program.head.module not in ("Detect", "IDetect", "DDetect"):
        return None
    program.head.reads = [Read(x, False) for x in outputs for _ in range(2)]
    return _finish("a head that reads each layer twice", program, rng)


def _laterals(program: Program, rng: random.Random) -> Case | None:
    """Two rows read one layer and are joined again."""
    outputs = head_reads(program)
    chosen = rng.choice(outputs)
    at = program.places()[chosen] + 1
    if program.layers[at - 1] is not chosen or chosen.section != "head":
        return None
    left = Layer("Conv", [128, 1, 1], 1, "head", [Read(chosen, True)])
    right = Layer("Conv", [128, 3, 1], 1, "head", [Read(chosen, rng.random() < 0.5)])
    join = Layer("Concat", [1], 1, "head", [Read(right, True), Read(left, True)], True)
    for reader, slot in program.readers(chosen):
        reader.reads[slot].layer = join
    program.layers[at:at] = [left, right, join]
    return _finish("shared inputs", program, rng)


def _second_way_down(program: Program, rng: random.Random) -> Case | None:
    """Joins of the way down read one more layer of their stride in the way up."""
    changed = False
    of = strides(program)
    at = program.places()
    for join in joins(program):
        own = {read.layer for read in join.reads}
        stride = of[join]
        neck = [
            x
            for x in program.layers[program.backbone : at[join]]
            if stride is not None and of[x] == stride and x not in own and x.module.startswith("C")
        ]
        if neck and rng.random() < 0.7:
            join.reads.append(Read(rng.choice(neck), False))
            join.listed = changed = True
    return _finish("one more input of a join", program, rng) if changed else None


def _plain(program: Program, rng: random.Random) -> Case | None:
    """Right insertions, by one of the two sides of each new layer."""
    for _ in range(rng.choice((1, 2, 3, 4))):
        insert(program, place_for_gate(program, rng), rng.choice(ATTENTION))
    at = program.places()
    for layer in program.layers:
        for read in layer.reads:
            near = [x for x in read.also if at[x] < at[layer]]
            if near and not read.negative and rng.random() < 0.5:
                read.also, read.layer = [], rng.choice(near)
    if any(not program.readers(layer) for layer in program.layers[:-1]):
        return None
    return on_purpose(_PREFIX + "right insertions", program, rng)


MAKES: dict[str, Make] = {
    _PREFIX + "another skip": _other_skip,
    _PREFIX + "BiFPN inputs": _bifpn,
    _PREFIX + "a head that reads each layer twice": _twice_on_purpose,
    _PREFIX + "shared inputs": _laterals,
    _PREFIX + "one more input of a join": _second_way_down,
    _PREFIX + "right insertions": _plain,
    _PREFIX + "as published": partial(
        lambda program, rng: on_purpose(_PREFIX + "as published", program, rng)
    ),
}
