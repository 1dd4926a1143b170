"""Slip: one to four layers are put in, and the numbers below are not all renumbered."""

from __future__ import annotations

import random
from functools import partial

from tools.slips.case import Case, Make, case
from tools.slips.program import Layer, Numbers, Program, insert
from tools.slips.structure import ATTENTION, place_for_gate


def _case(program: Program, rng: random.Random, policy: str) -> Case | None:
    old = dict(zip(program.layers, program.numbers(), strict=True))
    places = sorted(
        {place_for_gate(program, rng) for _ in range(rng.choice((1, 1, 2, 3, 4)))}, reverse=True
    )
    module = rng.choice(ATTENTION)
    for place in places:
        insert(program, place, module)
    right = program.numbers()
    base = [old.get(layer, row) for layer, row in zip(program.layers, right, strict=True)]
    numbers = _POLICIES[policy](program, base, right, len(places), places[-1], rng)
    made = case(f"insert: {policy}", program, numbers, rng)
    return made if made.wrong else None


def _nothing(program: Program, base: Numbers, right: Numbers, *_: object) -> Numbers:
    return base


def _head(program: Program, base: Numbers, right: Numbers, *_: object) -> Numbers:
    return [*base[:-1], right[-1]]


def _concats(program: Program, base: Numbers, right: Numbers, *_: object) -> Numbers:
    return [*right[:-1], base[-1]]


def _add(row: list[int], total: int, first: int) -> list[int]:
    return [value + total if value > first else value for value in row]


def _total(
    program: Program, base: Numbers, right: Numbers, total: int, first: int, rng: random.Random
) -> Numbers:
    new = _new(program, right, base)
    return [
        row if layer in new else _add(old, total, first) if max(old, default=0) >= 0 else row
        for layer, old, row in zip(program.layers, base, right, strict=True)
    ]


def _new(program: Program, right: Numbers, base: Numbers) -> set[Layer]:
    return {
        layer for layer, row, old in zip(program.layers, right, base, strict=True) if row is old
    }


def _head_total(
    program: Program, base: Numbers, right: Numbers, total: int, first: int, rng: random.Random
) -> Numbers:
    return [*right[:-1], _add(base[-1], total, first)]


def _forgets_one(
    program: Program, base: Numbers, right: Numbers, total: int, first: int, rng: random.Random
) -> Numbers:
    moved = [i for i, (a, b) in enumerate(zip(base, right, strict=True)) if a != b]
    if not moved:
        return right
    chosen = rng.choice(moved)
    return [
        old if i == chosen else row for i, (old, row) in enumerate(zip(base, right, strict=True))
    ]


_POLICIES = {
    "nothing renumbered": _nothing,
    "head only": _head,
    "concats only": _concats,
    "all by the total": _total,
    "head by the total": _head_total,
    "one forgotten": _forgets_one,
}
MAKES: dict[str, Make] = {name: partial(_case, policy=name) for name in _POLICIES}
