"""One case: a text, what each of its rows may read, and whether it was written on purpose."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from tools.slips.program import Numbers, Program, write


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
