"""Slip: the head reads the Concats in front of its blocks."""

from __future__ import annotations

import random

from tools.slips.case import Case, Make, case
from tools.slips.program import Program, insert
from tools.slips.structure import ATTENTION, head_reads, place_for_gate


def _case(program: Program, rng: random.Random) -> Case | None:
    for _ in range(rng.choice((0, 1, 2))):
        insert(program, place_for_gate(program, rng), rng.choice(ATTENTION))
    at = program.places()
    fronts = [layer.reads[0].layer for layer in head_reads(program)]
    if not all(front is not None and front.module == "Concat" for front in fronts):
        return None
    numbers = program.numbers()
    numbers[-1] = [at[front] for front in fronts if front is not None]
    return case("head in front of its blocks", program, numbers, rng)


MAKES: dict[str, Make] = {"head in front of its blocks": _case}
