"""Slip: a row is deleted or commented out, and the numbers below are left as they were."""

from __future__ import annotations

import random
from functools import partial

from tools.slips.case import Case, Make, case
from tools.slips.program import Program, delete, insert, value_text
from tools.slips.structure import ATTENTION, blocks, place_for_gate


def _case(program: Program, rng: random.Random, way: str, commented: bool) -> Case | None:
    gates = [insert(program, place_for_gate(program, rng), rng.choice(ATTENTION))]
    gone = rng.choice(gates if rng.random() < 0.4 else blocks(program) or gates)
    if gone is not gates[0]:  # the row is one of the network's own
        delete(program, gates[0])
    place = program.places()[gone]
    old = dict(zip(program.layers, program.numbers(), strict=True))
    text = f"[-1, {value_text(gone.repeats)}, {gone.module}, {value_text(gone.args)}]"
    if place + 1 >= len(program.layers) or not gone.reads[0].negative:
        return None
    delete(program, gone)
    right = program.numbers()
    base = [old[layer] for layer in program.layers]
    numbers = {
        "nothing": base,
        "head only": [*base[:-1], right[-1]],
        "concats only": [*right[:-1], base[-1]],
    }[way]
    comments = {place: text} if commented else None
    made = case(
        f"{'comment out' if commented else 'delete'}: {way}", program, numbers, rng, comments
    )
    return made if made.wrong else None


MAKES: dict[str, Make] = {
    f"{verb}: {way}": partial(_case, way=way, commented=commented)
    for verb, commented in (("delete", False), ("comment out", True))
    for way in ("nothing", "head only", "concats only")
}
