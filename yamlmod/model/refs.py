"""Resolve `from` references, and spell a target as a reference."""

from __future__ import annotations

from typing import NamedTuple

IMAGE = -1
"""The target of layer 0's `-1`: the image."""


class SpellingRule(NamedTuple):
    """Which spellings a fork's parse_model reads right; all of them, in most forks.

    Forks that keep `ch` offset by one read the channels of the wrong layer for a positive single
    index (`from: 4`), and YOLOv5 v1 to v3 for a number below -1 inside a list. The head's list is
    read by another line of parse_model, so it has a rule of its own.
    """

    positive_single: bool = True
    negative_in_list: bool = True
    negative_in_head: bool = True

    def misreads(self, value: int, listed: bool, in_head: bool) -> bool:
        """Check whether the fork reads another layer than ``value`` names."""
        if not listed:
            return value >= 0 and not self.positive_single
        if in_head:
            return value < 0 and not self.negative_in_head
        return value < -1 and not self.negative_in_list


ANY_SPELLING = SpellingRule()


def target(reader: int, value: int) -> int:
    """Return the layer that ``value`` names in the row of layer ``reader``."""
    return reader + value if value < 0 else value


def spell(reader: int, wanted: int, negative: bool) -> int:
    """Return the number by which layer ``reader`` names layer ``wanted``, in the given style.

    The image has no index, so it can only be named by a negative number.
    """
    return wanted - reader if negative or wanted == IMAGE else wanted


def spell_for_fork(
    reader: int, wanted: int, negative: bool, listed: bool, in_head: bool, rule: SpellingRule
) -> int:
    """Return the spelling like :func:`spell`, in the other style where the fork misreads it."""
    value = spell(reader, wanted, negative)
    return spell(reader, wanted, value >= 0) if rule.misreads(value, listed, in_head) else value
