"""Slip: every number from some layer on is one too large or one too small."""

from __future__ import annotations

import random
from functools import partial

from tools.slips.case import Case, Make, case
from tools.slips.program import Program, insert
from tools.slips.structure import ATTENTION, place_for_gate


def _case(program: Program, rng: random.Random, shift: int, what: str) -> Case | None:
    for _ in range(rng.choice((0, 0, 1, 2))):
        insert(program, place_for_gate(program, rng), rng.choice(ATTENTION))
    right = program.numbers()
    first = rng.choice((2, program.backbone - 1, program.backbone))
    numbers = [
        [v + shift if v >= first and _chosen(row, len(right), what) else v for v in values]
        for row, values in enumerate(right)
    ]
    late = "late" if shift > 0 else "early"
    made = case(f"{what} {abs(shift)} {late}", program, numbers, rng)
    return made if made.wrong else None


def _chosen(row: int, rows: int, what: str) -> bool:
    return what == "all" or row == rows - 1


MAKES: dict[str, Make] = {
    f"{what} {abs(shift)} {'late' if shift > 0 else 'early'}": partial(
        _case, shift=shift, what=what
    )
    for what, shift in (("all", 1), ("all", -1), ("all", 2), ("all", -2), ("head", -1))
}
