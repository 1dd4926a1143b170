"""One case: a text, what each of its rows may read, and whether it was written on purpose."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from tools.slips.program import Numbers, Program, delete, write
from tools.slips.structure import ATTENTION


@dataclass(frozen=True)
class Case:
    """A file with what is right in it.

    ``numbers`` is the `from` column as it is; ``targets`` the layers that each input may be.
    """

    kind: str
    source: str
    text: str
    numbers: Numbers
    targets: list[list[frozenset[int]]]

    @property
    def wrong(self) -> list[int]:
        """The rows whose numbers are wrong."""
        return [row for row, values in enumerate(self.numbers) if not self.is_right(row, values)]

    def is_right(self, row: int, values: list[int]) -> bool:
        places = [row + v if v < 0 else v for v in values]
        allowed = self.targets[row]
        return len(places) == len(allowed) and all(
            place in some or (row == 0 and place == -1)
            for place, some in zip(places, allowed, strict=True)
        )


Make: TypeAlias = Callable[[Program, random.Random], "Case | None"]
"""Makes one case of a right program (its own copy), None where the program has no place for it."""


def case(
    kind: str,
    program: Program,
    numbers: Numbers,
    rng: random.Random,
    comments: dict[int, str] | None = None,
) -> Case:
    text = write(program, numbers, rng, comments)
    return Case(kind, program.name, text, numbers, program.targets())


def on_purpose(
    kind: str, program: Program, rng: random.Random, before: Program | None = None
) -> Case | None:
    """Make a right file; None where a read that was changed has the number it had in ``before``.

    Nobody can tell such a change from a number that was not updated. The same holds for the number
    it had before somebody put attention into ``before``.
    """
    numbers = program.numbers()
    earlier = [] if before is None else [before, _without_attention(before)]
    if any(_looks_like_a_slip(program, numbers, one) for one in earlier):
        return None
    return case(kind, program, numbers, rng)


def _without_attention(program: Program) -> Program:
    plain = program.copy()
    for layer in [layer for layer in plain.layers if layer.module in ATTENTION]:
        if layer.reads and layer.reads[0].layer is not None:
            delete(plain, layer)
    return plain


def _looks_like_a_slip(program: Program, numbers: Numbers, before: Program) -> bool:
    twins = dict(zip((layer.name for layer in before.layers), before.layers, strict=True))
    old = dict(zip(before.layers, before.numbers(), strict=True))
    for layer, row in zip(program.layers, numbers, strict=True):
        twin = twins.get(layer.name)
        if twin is None:
            continue
        for read, value in zip(layer.reads, row, strict=True):
            was = [r.layer.name if r.layer else None for r in twin.reads]
            now = {read.layer.name if read.layer else None, *(x.name for x in read.also)}
            if value != -1 and value in old[twin] and was[old[twin].index(value)] not in now:
                return True
    return False
