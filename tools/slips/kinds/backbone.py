"""Slip: the backbone is replaced by another, and the neck's numbers do not follow."""

from __future__ import annotations

import random
from functools import partial

from tools.slips.case import Case, Make, case
from tools.slips.program import Layer, Numbers, Program, Read
from tools.slips.structure import stage_ends

_PLANS = (
    (("StemPool", "4"), ("UnitDown", "2"), ("UnitFlat", "1")),
    (("Conv", "k2"), ("PatchMerge", "2"), ("MixBlock", "1")),
    (("Conv", "k2"), ("Conv", "k2"), ("FasterBlock", "1")),
    (("Conv", "k2"), ("Conv", "k2"), ("C3Swin", "1")),
)


def replace_backbone(program: Program, rng: random.Random) -> bool:
    """Put other stages in place of the backbone's; the neck reads their ends."""
    ends = stage_ends(program)
    used = {read.layer for layer in program.layers[program.backbone :] for read in layer.reads}
    if any(
        layer in used and layer not in ends.values() for layer in program.layers[: program.backbone]
    ):
        return False
    tail = [x for x in program.layers[: program.backbone] if x.module.startswith(("SPP", "C2PSA"))]
    if not tail or set(ends) < {8.0, 16.0, 32.0} or max(ends) != 32:
        return False
    new, new_ends = _stages(rng, keep_p2=ends.get(4.0) in used)
    for layer in tail:
        source = new[-1]
        layer.reads = [Read(source, True)]
        new.append(layer)
        new_ends[32.0] = layer
    moved = {layer: new_ends[stride] for stride, layer in ends.items() if stride in new_ends}
    rest = program.layers[program.backbone :]
    for layer in rest:
        for read in layer.reads:
            read.also = []
            if read.layer in moved:
                read.layer = moved[read.layer]
    program.layers[:] = [*new, *rest]
    return True


def _stages(rng: random.Random, keep_p2: bool) -> tuple[list[Layer], dict[float, Layer]]:
    (stem, _), (down, how), (flat, _) = rng.choice(_PLANS)
    layers: list[Layer] = []
    ends: dict[float, Layer] = {}

    def add(module: str, args: list[object], repeats: int) -> Layer:
        source = layers[-1] if layers else None
        layers.append(Layer(module, args, repeats, "backbone", [Read(source, True)]))
        return layers[-1]

    width = rng.choice((24, 32, 48, 64))
    if stem == "Conv":
        add("Conv", [width, 3, 2], 1)
        ends[4.0] = add(down, [width, 3, 2] if how == "k2" else [width, 2], 1)
    else:
        ends[4.0] = add(stem, [width], 1)
    if keep_p2 or rng.random() < 0.5:
        ends[4.0] = add(flat, [width], 1)
    for stride in (8.0, 16.0, 32.0):
        width *= 2
        add(down, [width, 3, 2] if how == "k2" else [width, 2], 1)
        for _ in range(rng.choice((1, 1, 2))):
            ends[stride] = add(flat, [width], rng.choice((1, 2, 3)))
    return layers, ends


def _case(program: Program, rng: random.Random, way: str) -> Case | None:
    old = dict(zip(program.layers, program.numbers(), strict=True))
    before = program.backbone
    if not replace_backbone(program, rng):
        return None
    right = program.numbers()
    base = [old.get(layer, row) for layer, row in zip(program.layers, right, strict=True)]
    numbers = _moved(program, base, right, way, program.backbone - before, rng)
    made = case(f"other backbone: {way}", program, numbers, rng)
    return made if made.wrong else None


def _moved(
    program: Program, base: Numbers, right: Numbers, way: str, shift: int, rng: random.Random
) -> Numbers:
    first = program.backbone
    if way == "neck left as it was":
        # The author chose the backbone's layers, and forgot the neck's own.
        return [
            [r if r < first - 1 else b for b, r in zip(old, row, strict=True)]
            for old, row in zip(base, right, strict=True)
        ]
    if way == "head left as it was":
        return [*right[:-1], base[-1]]
    by = {"neck one early": -1, "neck one late": 1}.get(way) or rng.choice((-2, -1, 1, 2))
    least = first - 1 if way.startswith("neck") else 2
    return [[v + by if v >= least else v for v in row] for row in right]


_WAYS = (
    "neck one early",
    "neck one late",
    "all by one offset",
    "neck left as it was",
    "head left as it was",
)
MAKES: dict[str, Make] = {f"other backbone: {way}": partial(_case, way=way) for way in _WAYS}
