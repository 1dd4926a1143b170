"""Measure a network as it is wired: a proposal must make it better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from yamlmod.model.graph import reachable
from yamlmod.model.refs import IMAGE
from yamlmod.model.strides import Stride, differ

if TYPE_CHECKING:
    from yamlmod.checks.subject import Subject

Inputs = Mapping[int, tuple[int, ...]]
"""The inputs of some layers, as they would be."""


class Health(NamedTuple):
    """Rows with inputs that do not exist, do not join, or repeat; layers that reach no head.

    ``disordered`` are heads whose inputs are not in order of stride.
    """

    nowhere: frozenset[int]
    conflicts: frozenset[int]
    repeated: frozenset[int]
    dead: frozenset[int]
    disordered: frozenset[int]

    @property
    def sick(self) -> frozenset[int]:
        """Rows that cannot work as they are."""
        return self.nowhere | self.conflicts | self.repeated | self.disordered

    def is_worse_than(self, other: Health) -> bool:
        return not (
            self.nowhere <= other.nowhere
            and self.conflicts <= other.conflicts
            and self.repeated <= other.repeated
            and self.dead <= other.dead
            and self.disordered <= other.disordered | other.nowhere
        )

    def repairs(self, other: Health) -> bool:
        """Check that an input exists, joins or is no copy that was not so, and nothing is worse."""
        better = (
            self.nowhere != other.nowhere
            or self.conflicts != other.conflicts
            or self.repeated != other.repeated
        )
        return better and not self.is_worse_than(other)


class Patient:
    """A file whose inputs are changed on trial."""

    def __init__(self, subject: Subject):
        self.subject = subject

    @cached_property
    def now(self) -> Health:
        return self.health({})

    def health(self, changed: Inputs) -> Health:
        subject = self.subject
        inputs = [changed.get(i, old) for i, old in enumerate(subject.wiring.inputs)]
        known = [[t for t in targets if 0 <= t < i] for i, targets in enumerate(inputs)]
        alive = reachable(known, [len(inputs) - 1, *subject.network.roots])
        conflicts, disordered = self._by_strides(changed)
        return Health(
            frozenset(i for i, targets in enumerate(inputs) if _leads_nowhere(i, targets)),
            conflicts,
            frozenset(i for i, targets in enumerate(inputs) if len(set(targets)) < len(targets)),
            frozenset(range(len(inputs))) - alive,
            disordered,
        )

    def _by_strides(self, changed: Inputs) -> tuple[frozenset[int], frozenset[int]]:
        network = self.subject.network
        strides = network.strides_with(changed)
        conflicts, disordered = set(), set()
        for row, joins, is_head in self._watched:
            targets = changed.get(row) or network.known_inputs(row)
            known = [strides[target] for target in targets if 0 <= target < row]
            if joins and differ(known):
                conflicts.add(row)
            if is_head and _is_disordered(targets, known):
                disordered.add(row)
        return frozenset(conflicts), frozenset(disordered)

    @cached_property
    def _watched(self) -> list[tuple[int, bool, bool]]:
        subject = self.subject
        rows = [
            (row.index, subject.joins_strides(row), subject.is_head(row)) for row in subject.rows
        ]
        return [item for item in rows if item[1] or item[2]]


def _is_disordered(targets: Sequence[int], strides: Sequence[Stride]) -> bool:
    """Check the order of a head's inputs: by stride if these compare, else by index."""
    factors: Sequence[float] = [stride.factor for stride in strides if stride.is_known]
    if len(factors) < len(strides):
        one_origin = len({stride.origin for stride in strides}) == 1
        factors = [stride.factor for stride in strides] if one_origin else targets
    ordered = sorted(set(factors))
    return list(factors) not in (ordered, ordered[::-1])


def _leads_nowhere(row: int, targets: tuple[int, ...]) -> bool:
    return any(not (0 <= t < row or (row == 0 and t == IMAGE)) for t in targets)
