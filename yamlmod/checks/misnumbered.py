"""Find `from` references that changed target relative to the base.

A changed target may be intended. It counts as wrong if its number results from a typical
renumbering mistake (`stale`), if it joins feature maps of different strides and the old target
would not (`strides`), or if new rows read the head's inputs by their old numbers (`head`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Literal, NamedTuple

from yamlmod.checks.bases import Compared
from yamlmod.model.graph import reachable
from yamlmod.model.known_modules import KNOWN, Kind
from yamlmod.model.reads import Rewired
from yamlmod.model.refs import IMAGE
from yamlmod.model.wiring import Wiring

Why = Literal["stale", "strides", "head", "other"]
Conflicts = Callable[[Mapping[int, tuple[int, ...]]], int]
"""Counts layers that join different strides when some layers have other inputs."""

# If more than this fraction of the rows was inserted, removed or replaced, it is another network.
_OTHER = 0.45
# A sibling differs by a few layers; with more it is a larger model.
_OTHER_SIBLING = 0.2
# More inserted layers than these are a new design, not a miscount.
_FEW = 6


class Wrong(NamedTuple):
    """One number of a `from` column with another target than in the base.

    ``shift`` is the difference from the base's number, ``due`` the correct difference.
    """

    reader: int
    slot: int
    value: int
    expected: int
    why: Why
    old_target: int
    shift: int
    due: int


def misnumbered(compared: Compared, file: Wiring, conflicts: Conflicts) -> list[Wrong]:
    """Find the wrong references of a file, compared with its base."""
    return _WrongReadSearch(compared, file, conflicts).all()


class _WrongReadSearch:
    """The search in one file against one base."""

    def __init__(self, compared: Compared, file: Wiring, conflicts: Conflicts):
        self.compared, self.file, self.conflicts = compared, file, conflicts
        part = _OTHER_SIBLING if compared.base.origin == "sibling" else _OTHER
        self.near = compared.distance <= part * len(file.rows)

    def all(self) -> list[Wrong]:
        wrong: list[Wrong] = []
        open_reads: list[Rewired] = []
        for read in self.compared.reads.rewired:
            if not read.expected or self._other_head(read) or self._is_meant(read):
                continue
            if self.near and self._is_stale(read):
                wrong.append(self._wrong(read, "stale"))
            else:
                open_reads.append(read)
        taken_over = self._taken_over() if self.near else []
        wrong += self._by_strides(open_reads)
        if self.compared.base.origin == "given":
            known = {(item.reader, item.slot) for item in [*wrong, *taken_over]}
            wrong += [
                self._wrong(read, "other")
                for read in open_reads
                if (read.reader, read.slot) not in known
            ]
        return wrong + taken_over

    def _is_meant(self, read: Rewired) -> bool:
        """Check whether a read only moved across a layer, or to another slot."""
        target = read.target
        if target >= 0 and read.kept in self.file.inputs[target]:
            kind = KNOWN.get(self.file.rows[target].module)
            passes_on = kind is None or kind == Kind("same")
            if target in self.compared.alignment.added or passes_on:
                return True
        # The row above, by its number, in another slot than its `-1` was.
        was = [ref.value for ref in self.compared.base.wiring.rows[read.old_reader].refs]
        now = [ref.value for ref in self.file.rows[read.reader].refs]
        del was[read.slot : read.slot + 1]
        return target == read.reader - 1 and -1 in was and -1 not in now

    def _other_head(self, read: Rewired) -> bool:
        """Check whether the number of head inputs changed, so that slots cannot be paired."""
        old, new = self.compared.base.wiring.inputs, self.file.inputs
        last = read.reader == len(self.file.rows) - 1
        return last and len(old[read.old_reader]) != len(new[read.reader])

    @cached_property
    def _shifts(self) -> frozenset[int]:
        """Shifts that a typical renumbering mistake adds to a number."""
        alignment = self.compared.alignment
        total = len(alignment.added) - len(alignment.removed)
        steps = {new - old for old, new in alignment.pairs}
        # A replaced row moves no index, but is sometimes counted as if it did.
        replaced = range(1, min(len(self.compared.replaced), _FEW // 2) + 1)
        return frozenset({0, total, *steps, *replaced})

    def _is_stale(self, read: Rewired) -> bool:
        was, now = self._old_value(read), read.value
        if was is None or now == -1 or (was < 0) != (now < 0):
            return False
        if was < 0:
            return abs(was - now) <= len(self.compared.alignment.added) and abs(now) <= abs(was) + 1
        alignment = self.compared.alignment
        if now != was and len(alignment.added) + len(alignment.removed) > _FEW:
            return False
        total = len(alignment.added) - len(alignment.removed)
        if now - was == total and self._steps_at(read) != {total}:
            return False  # the total is added to all the numbers of a row, or it is a coincidence
        return now - was in self._shifts

    def _steps_at(self, read: Rewired) -> set[int]:
        """Differences of a row's absolute references from the base's."""
        old = self.compared.base.wiring.rows[read.old_reader].refs
        new = self.file.rows[read.reader].refs
        pairs = zip(old, new, strict=False)
        return {b.value - a.value for a, b in pairs if a.value >= 0 and b.value >= 0}

    def _old_value(self, read: Rewired) -> int | None:
        """The number in the base's row."""
        wiring = self.compared.base.wiring
        row = wiring.rows[read.old_reader]
        slots = [
            slot
            for slot, source in enumerate(wiring.inputs[read.old_reader])
            if source == read.old_target and slot < len(row.refs)
        ]
        return row.refs[slots[0]].value if slots else None

    def _wrong(self, read: Rewired, why: Why) -> Wrong:
        was = self._old_value(read)
        expected = self._side(read)
        base = read.value if was is None else was
        return Wrong(
            read.reader,
            read.slot,
            read.value,
            expected,
            why,
            read.old_target,
            read.value - base,
            expected - base,
        )

    def _side(self, read: Rewired) -> int:
        """The number to write: a new layer if all other readers go through it."""
        kept = read.kept
        if kept is None or len(read.expected) == 1:
            return read.expected[0]
        for layer in reversed(self.compared.alignment.added):
            value = layer - read.reader if read.value < 0 else layer
            if value not in read.expected or self.file.through(layer, [layer])[-1] != kept:
                continue
            if layer == kept + 1 and set(self.file.readers[kept]) == {layer}:
                return value
        return read.expected[0]

    def _by_strides(self, reads: Sequence[Rewired]) -> list[Wrong]:
        """Find reads whose old targets would make mismatched strides fit."""
        wrong: list[Wrong] = []
        now = self.conflicts({}) if reads else 0
        changed: dict[int, tuple[int, ...]] = {}
        for read in reads if now else []:
            expected = read.expected[0]
            inputs = list(changed.get(read.reader, self.file.inputs[read.reader]))
            inputs[read.slot] = read.reader + expected if expected < 0 else expected
            if len(set(inputs)) < len(inputs):
                continue  # reading one layer twice is never intended
            trial = {**changed, read.reader: tuple(inputs)}
            then = self.conflicts(trial)
            if then < now:
                now, changed = then, trial
                wrong.append(self._wrong(read, "strides"))
        return wrong

    def _taken_over(self) -> list[Wrong]:
        """Find new rows that read the head's inputs by their numbers in the base."""
        base, alignment = self.compared.base.wiring, self.compared.alignment
        head = base.rows[-1]
        moved = {
            ref.value: kept
            for ref in head.refs
            if ref.value >= 0 and (kept := alignment.to_new(ref.value)) is not None
        }
        readers = list(self._single_reads(moved))
        if {value for _, value in readers} != set(moved) or not moved:
            return []
        alive = reachable([list(i) for i in self.file.inputs], [len(self.file.rows) - 1])
        if all(layer in alive for layer in moved.values()):
            return []
        return [
            Wrong(reader, 0, value, moved[value], "head", value, 0, moved[value] - value)
            for reader, value in readers
            if moved[value] not in (value, IMAGE) and moved[value] < reader
        ]

    def _single_reads(self, moved: Mapping[int, int]) -> Iterator[tuple[int, int]]:
        for layer in self.compared.alignment.added:
            row = self.file.rows[layer]
            if len(row.refs) == 1 and row.refs[0].value in moved:
                yield layer, row.refs[0].value
