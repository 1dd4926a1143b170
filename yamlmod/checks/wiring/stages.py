"""The stages of a backbone: where each begins and ends."""

from __future__ import annotations

from collections.abc import Iterable

from yamlmod.model.channels import stride_after
from yamlmod.model.known_modules import KNOWN
from yamlmod.model.wiring import Wiring

# A smaller first argument is none of channels.
_CHANNELS = 8


def stage_ends(wiring: Wiring) -> dict[int, int]:
    """Return the last layer of every stage of the backbone, with its number from the end.

    A stage begins where a known layer strides, or an unknown one changes the channels.
    """
    backbone = [row for row in wiring.rows if row.section == "backbone"]
    ends: list[int] = []
    width = None
    for row in backbone:
        first = row.args[0] if row.args else None
        kind = KNOWN.get(row.module)
        known = kind is not None and stride_after(kind, row, [1.0]) != 1
        widens = isinstance(first, int) and first >= _CHANNELS and first != width
        begins = known if kind is not None else widens
        if begins or not ends:
            ends.append(row.index)
        ends[-1] = row.index
        width = first if isinstance(first, int) and first >= _CHANNELS else width
    return {end: len(ends) - i for i, end in enumerate(ends)}


def stage_starts(ends: Iterable[int]) -> set[int]:
    """Return the first layer of every stage."""
    return {0, *(end + 1 for end in ends)}
