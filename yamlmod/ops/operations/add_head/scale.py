"""Hold a planned scale, and what both directions share."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from yamlmod.errors import Refusal
from yamlmod.model.network import Network
from yamlmod.ops.operations.add_head.copies import Copies, CopyPlace, same_ratio
from yamlmod.ops.operations.add_head.replay import Target


class PlannedScale(NamedTuple):
    """The copies, the reads that move to one of them, and what the head reads of the scale."""

    copies: Copies
    moves: tuple[tuple[int, int, Target], ...]
    source: Target
    finer: bool


def no_pattern(model: Network) -> Refusal:
    head = model.document.head
    return Refusal(
        "no-pattern",
        "the neck has no step up and step down to copy",
        place=model.document.place(head.start, head.end),
        hint="the new branch is a copy of the neighbouring one, so the neck needs at least two "
        "scales",
    )


def out_copies(
    copies: Copies, stride: int, node: Target, ratio: Fraction, *, above: bool
) -> Target:
    """Copy the rows between the way down and the head; return what the head reads."""
    pyramid = copies.pyramid
    rows = pyramid.outs[stride]
    if not rows:
        return node
    place = CopyPlace(rows[0] - 1) if above else CopyPlace(rows[-1])
    pattern = pyramid.downs[stride]
    made = copies.copy(rows, {pattern: node}, place, node, same_ratio(rows, ratio))
    return made[rows[-1]]
