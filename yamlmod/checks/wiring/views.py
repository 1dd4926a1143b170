"""A file seen as a base with changes: which layers correspond, and which reads differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from yamlmod.checks.bases import Base
from yamlmod.model.align import Alignment, align, alignment_of
from yamlmod.model.known_modules import KNOWN, Kind
from yamlmod.model.reads import ReadChanges, Rewired, compare_reads
from yamlmod.model.refs import target
from yamlmod.model.wiring import Wiring

# With fewer of its rows, it is another backbone.
_SAME_BACKBONE = 0.6
# If more than this fraction of the rows was inserted, removed or replaced, it is another network.
_OTHER = 0.45
# A sibling differs by a few layers; with more it is a larger model.
_OTHER_SIBLING = 0.2


@dataclass(frozen=True)
class Difference:
    """A read with another target than in the base.

    ``number`` is the base's, ``wanted`` the layers that serve, the one of the base first;
    ``place`` is the index that the file's number names, which may be out of range.
    """

    reader: int
    slot: int
    value: int
    place: int
    number: int | None
    old_target: int
    wanted: tuple[int, ...]

    def offset(self) -> frozenset[int]:
        return frozenset(self.place - layer for layer in self.wanted)

    def spelled(self, layer: int) -> int:
        return layer - self.reader if self.value < 0 else layer


@dataclass(frozen=True, eq=False)
class View:
    """A file aligned with one base; ``whole`` is False if only the necks are compared."""

    base: Base
    file: Wiring
    alignment: Alignment
    reads: ReadChanges
    whole: bool = True

    @cached_property
    def replaced(self) -> tuple[tuple[int, int], ...]:
        old, new = self.base.wiring.rows, self.file.rows
        return tuple((a, b) for a, b in self.alignment.pairs if old[a].module != new[b].module)

    @property
    def distance(self) -> int:
        """Number of layers that were inserted, removed or replaced."""
        return len(self.alignment.added) + len(self.alignment.removed) + len(self.replaced)

    @property
    def head(self) -> int:
        return len(self.file.rows) - 1

    @property
    def edits(self) -> int:
        """Number of changes that the author must have made on purpose."""
        return self.distance + len(self.reads.gained) + len(self.reads.lost)

    @cached_property
    def is_near(self) -> bool:
        if not self.whole:
            return self._neck_fits
        part = _OTHER_SIBLING if self.base.origin == "sibling" else _OTHER
        return self.distance <= part * len(self.file.rows)

    @cached_property
    def _neck_fits(self) -> bool:
        old, new = self.base.wiring.rows, self.file.rows
        same = sum(
            old[a].module == new[b].module
            for a, b in self.alignment.pairs
            if new[b].section == "head"
        )
        theirs = sum(row.section == "head" for row in old)
        ours = sum(row.section == "head" for row in new)
        return ours > 2 and same >= (1 - _OTHER) * max(theirs, ours)

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        """The reads that differ, without those that a change on purpose explains."""
        return tuple(
            self._difference(read)
            for read in self.reads.rewired
            if read.expected and not self._other_head(read) and not self._is_meant(read)
        )

    def _difference(self, read: Rewired) -> Difference:
        wanted = tuple(target(read.reader, value) for value in read.expected)
        place = target(read.reader, read.value)
        number = self._old_value(read)
        return Difference(
            read.reader, read.slot, read.value, place, number, read.old_target, wanted
        )

    def _old_value(self, read: Rewired) -> int | None:
        """The number in the base's row."""
        wiring = self.base.wiring
        row = wiring.rows[read.old_reader]
        slots = [
            slot
            for slot, source in enumerate(wiring.inputs[read.old_reader])
            if source == read.old_target and slot < len(row.refs)
        ]
        return row.refs[slots[0]].value if slots else None

    def _other_head(self, read: Rewired) -> bool:
        """Check whether the number of head inputs changed, so that slots cannot be paired."""
        old, new = self.base.wiring.inputs, self.file.inputs
        return read.reader == self.head and len(old[read.old_reader]) != len(new[read.reader])

    def _is_meant(self, read: Rewired) -> bool:
        """Check whether a read only moved across a layer, or to another slot."""
        layer = read.target
        if layer >= 0 and read.kept is not None:
            if layer in self._added and read.kept in self._sources(layer):
                return True
            kind = KNOWN.get(self.file.rows[layer].module)
            passes_on = kind is None or kind == Kind("same")
            if passes_on and read.kept in self.file.inputs[layer]:
                return True
        # The row above, by its number, in another slot than its `-1` was.
        was = [ref.value for ref in self.base.wiring.rows[read.old_reader].refs]
        now = [ref.value for ref in self.file.rows[read.reader].refs]
        del was[read.slot : read.slot + 1]
        return layer == read.reader - 1 and -1 in was and -1 not in now

    @cached_property
    def _added(self) -> frozenset[int]:
        return frozenset(self.alignment.added)

    def _sources(self, layer: int) -> set[int]:
        """The layers that a new layer is made of, through other new layers."""
        found: set[int] = set()
        waiting = [layer]
        while waiting:
            for source in self.file.inputs[waiting.pop()]:
                if source >= 0 and source not in found:
                    found.add(source)
                    if source in self._added:
                        waiting.append(source)
        return found

    @cached_property
    def right(self) -> tuple[tuple[int, int, int], ...]:
        """Reads by index that are right beyond doubt: reader, slot, target."""
        return tuple(self._right())

    def _right(self) -> Iterator[tuple[int, int, int]]:
        open_reads = {(read.reader, read.slot) for read in self.reads.rewired}
        old = self.base.wiring
        for a, b in self.alignment.pairs:
            if len(old.inputs[a]) != len(self.file.inputs[b]):
                continue
            refs = self.file.rows[b].refs
            for slot, (was, now) in enumerate(zip(old.inputs[a], self.file.inputs[b], strict=True)):
                same = self.alignment.to_new(was) == now
                if not same or (b, slot) in open_reads or not refs or refs[slot].value < 0:
                    continue
                # The layer in front of a new one, or behind it: both are right.
                if now + 1 not in self._added and now not in self._added:
                    yield b, slot, now


def view_of(base: Base, file: Wiring) -> View:
    """Compare the whole file, or the necks if the backbone is another one."""
    alignment = align(base.wiring, file)
    whole = View(base, file, alignment, compare_reads(base.wiring, file, alignment))
    if base.origin != "official" or _same_backbone(whole):
        return whole
    neck = _neck_alignment(base, file, alignment)
    return View(base, file, neck, compare_reads(base.wiring, file, neck), whole=False)


def _same_backbone(view: View) -> bool:
    old, new = view.base.wiring.rows, view.file.rows
    same = sum(
        old[a].module == new[b].module
        for a, b in view.alignment.pairs
        if new[b].section == "backbone"
    )
    theirs = sum(row.section == "backbone" for row in old)
    ours = sum(row.section == "backbone" for row in new)
    return same >= _SAME_BACKBONE * min(theirs, ours)


def _neck_alignment(base: Base, file: Wiring, alignment: Alignment) -> Alignment:
    """Keep the pairs of the neck; of the backbones only the ends correspond."""
    theirs = sum(row.section == "backbone" for row in base.wiring.rows)
    ours = sum(row.section == "backbone" for row in file.rows)
    pairs = [(a, b) for a, b in alignment.pairs if a >= theirs and b >= ours]
    ends = [(theirs - 1, ours - 1)] if theirs and ours else []
    return alignment_of([*ends, *pairs], base.wiring, file)
