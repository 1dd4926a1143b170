"""Slip: the neck and head of another file are copied with their numbers."""

from __future__ import annotations

import random

from tools.slips.case import Case, Make, case
from tools.slips.program import Program
from tools.slips.sources import programs
from tools.slips.structure import simple, stage_ends


def take_neck(program: Program, other: Program) -> bool:
    """Put the other file's neck on this one's backbone."""
    ends, theirs = stage_ends(program), stage_ends(other)
    if max(ends, default=0) != max(theirs, default=1):
        return False
    back = set(other.layers[: other.backbone])
    strides = {layer: stride for stride, layer in theirs.items()}
    neck = other.layers[other.backbone :]
    for layer in neck:
        for read in layer.reads:
            read.also = []
            if read.layer in back and read.layer is not None:
                stride = strides.get(read.layer)
                if stride is None or stride not in ends:
                    return False
                read.layer = ends[stride]
    program.layers[:] = [*program.layers[: program.backbone], *neck]
    return True


def _case(program: Program, rng: random.Random) -> Case | None:
    others = [other for other in programs() if simple(other) and other.backbone != program.backbone]
    if not simple(program) or not others:
        return None
    other = rng.choice(others).copy()
    old = dict(zip(other.layers, other.numbers(), strict=True))
    if not take_neck(program, other):
        return None
    right = program.numbers()
    numbers = [old.get(layer, row) for layer, row in zip(program.layers, right, strict=True)]
    made = case("neck of another file", program, numbers, rng)
    return made if made.wrong else None


MAKES: dict[str, Make] = {"neck of another file": _case}
