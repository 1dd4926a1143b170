"""A file seen as a base with changes: which layers correspond, and which reads differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from yamlmod.checks.bases import Base
from yamlmod.checks.wiring.stages import stage_ends, stage_starts
from yamlmod.model.align import Alignment
from yamlmod.model.document import Row
from yamlmod.model.known_modules import KNOWN, Kind
from yamlmod.model.reads import ReadChanges, Rewired
from yamlmod.model.refs import target
from yamlmod.model.wiring import Wiring

# To replace it is one decision, however many rows it has; as many changes are not better.
_OTHER_BACKBONE = 3
# If more than this fraction of the rows was inserted, removed or replaced, it is another network.
_OTHER = 0.45
# A sibling differs by a few layers; with more it is a larger model.
_OTHER_SIBLING = 0.2
# A layer put where one of these was is another way of wiring.
_WAYS = ("nn.Upsample", "Concat")


class Difference(NamedTuple):
    """A read with another target than in the base.

    ``number`` is the base's, ``smaller`` that of the network of which the base is a variant;
    ``wanted`` are the layers that serve, the one of the base first; ``place`` is the index that the
    file's number names, which may be out of range. A ``loose`` one (a layer of another backbone)
    is evidence only beside others.
    """

    reader: int
    slot: int
    value: int
    place: int
    number: int | None
    old_target: int
    wanted: tuple[int, ...]
    smaller: int | None = None
    loose: bool = False

    @property
    def offsets(self) -> frozenset[int]:
        return frozenset(map(self.offset, self.wanted))

    def offset(self, layer: int) -> int:
        """How much too large the number is; a distance counts the other way."""
        return self.place - layer if self.value >= 0 else layer - self.place

    def spelled(self, layer: int) -> int:
        return layer - self.reader if self.value < 0 else layer


@dataclass(frozen=True, eq=False, repr=False)
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
        inputs = len(self.reads.gained) + len(self.reads.lost)
        inputs += sum(map(self._other_head, self.reads.rewired))
        if self.whole:
            return self.distance + inputs
        layers = [
            *(layer for layer in self.alignment.added if self._in_neck(self.file, layer)),
            *(layer for layer in self.alignment.removed if self._in_neck(self.base.wiring, layer)),
            *(new for _, new in self.replaced if self._in_neck(self.file, new)),
        ]
        return _OTHER_BACKBONE + len(layers) + inputs

    @staticmethod
    def _in_neck(wiring: Wiring, layer: int) -> bool:
        return wiring.rows[layer].section == "head"

    @cached_property
    def _old(self) -> dict[int, int]:
        return {new: old for old, new in self.alignment.pairs}

    def old_row(self, layer: int) -> Row:
        """The row of the base that corresponds to a layer of the file."""
        return self.base.wiring.rows[self._old[layer]]

    def number_at(self, layer: int, slot: int) -> int | None:
        """The number that a row has in the base."""
        refs = self.old_row(layer).refs if layer in self._old else ()
        return refs[slot].value if slot < len(refs) else None

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
        firm = (
            self._difference(read)
            for read in self.reads.rewired
            # An empty `from` has no number that could be another.
            if read.expected
            and self.file.rows[read.reader].refs
            and not self._other_head(read)
            and not self._is_meant(read)
        )
        return (*firm, *(() if self.whole else self._skips()))

    @cached_property
    def guesses_stages(self) -> bool:
        """Tell whether a backbone of unknown modules seems to have other stages than the base."""
        theirs, ours = stage_ends(self.base.wiring), stage_ends(self.file)
        return len(theirs) != len(ours)

    def _skips(self) -> Iterator[Difference]:
        """Reads of another backbone that do not lead to the end of the stage that they should."""
        old, new = self.base.wiring, self.file
        theirs, ours = stage_ends(old), stage_ends(new)
        for a, b in self.alignment.pairs:
            refs = new.rows[b].refs
            if new.rows[b].section == "backbone" or len(old.inputs[a]) != len(refs):
                continue
            for slot, was in enumerate(old.inputs[a]):
                value = refs[slot].value
                depth = theirs.get(was)
                wanted = [end for end, other in ours.items() if other == depth]
                if depth is None or value < 0 or not wanted or value == wanted[0]:
                    continue
                if value in ours and self.guesses_stages:
                    continue  # an end by the same guess
                if value in new.inputs[wanted[0]] and value not in stage_starts(ours):
                    continue  # the block, or the attention layer behind it: a choice
                if not (was + 1 < len(old.rows) and old.rows[was + 1].section == "backbone"):
                    continue  # the end of the backbone is no skip
                number = old.rows[a].refs[slot].value
                yield Difference(b, slot, value, value, number, was, tuple(wanted), loose=True)

    def _difference(self, read: Rewired) -> Difference:
        wanted = tuple(target(read.reader, value) for value in read.expected)
        place = target(read.reader, read.value)
        number = self._old_value(read)
        slot = read.old_reader, read.slot
        if slot in self.base.lateral and read.kept is not None and wanted == (read.kept,):
            # The block in front of the lateral convolution serves as well.
            block = self.file.inputs[read.kept][0]
            near = place >= 0 and place in self.file.inputs[block]
            wanted = (block, read.kept) if near else (read.kept, block)
        return Difference(
            read.reader,
            read.slot,
            read.value,
            place,
            number,
            read.old_target,
            wanted,
            self.base.smaller.get(slot),
            slot in self.base.free,
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
        number = self._old_value(read)
        if read.value < 0 and number == -1:
            return True  # no miscount makes a distance of the row above
        if read.value == -1 and (number is None or number >= 0):
            return True  # nor the row above of an index
        if layer >= 0 and read.kept is not None:
            if layer in self._new and read.kept in self._sources(layer):
                return True
            kind = KNOWN.get(self.file.rows[layer].module)
            passes_on = kind is None or kind == Kind("same")
            if passes_on and self.file.inputs[layer] == (read.kept,):
                return True
        if self._is_reordered(read) or self._is_former_end(read) or self._is_block(read):
            return True
        # The row above, by its number, in another slot than its `-1` was.
        was = [ref.value for ref in self.base.wiring.rows[read.old_reader].refs]
        now = [ref.value for ref in self.file.rows[read.reader].refs]
        del was[read.slot : read.slot + 1]
        return layer == read.reader - 1 and -1 in was and -1 not in now

    def _is_former_end(self, read: Rewired) -> bool:
        """Check whether a read leads to the backbone's old last module, before one added to it."""
        if self.whole or read.kept is None or read.target < 0:
            return False
        old = self.base.wiring.rows[read.old_target].module
        rows = self.file.rows
        before = self.file.inputs[read.kept] == (read.target,) and rows[read.kept].module != old
        return before and rows[read.target].module == old

    def _is_block(self, read: Rewired) -> bool:
        """Check for the block in front of a lateral convolution, where a variant reads that."""
        is_lateral = (read.old_reader, read.slot) in self.base.lateral and read.kept is not None
        return is_lateral and self.file.inputs[read.kept or 0] == (read.target,)

    def _is_reordered(self, read: Rewired) -> bool:
        """Check whether a join reads the same layers in another order."""
        old = [self.alignment.to_new(x) for x in self.base.wiring.inputs[read.old_reader]]
        new = self.file.inputs[read.reader]
        return read.reader != self.head and sorted(new) == sorted(x for x in old if x is not None)

    @cached_property
    def _new(self) -> frozenset[int]:
        """Layers that were added, or put where one stood that joins or resizes."""
        old = self.base.wiring.rows
        swapped = (b for a, b in self.replaced if old[a].module in _WAYS)
        return self._added.union(swapped)

    @cached_property
    def _added(self) -> frozenset[int]:
        return frozenset(self.alignment.added)

    def is_new_behind(self, layer: int, other: int) -> bool:
        """Check whether a layer is new and made of another one."""
        return layer in self._added and other in self._sources(layer)

    def _sources(self, layer: int) -> set[int]:
        """The layers that a new layer is made of, through other new layers."""
        found: set[int] = set()
        waiting = [layer]
        while waiting:
            for source in self.file.inputs[waiting.pop()]:
                if source >= 0 and source not in found:
                    found.add(source)
                    if source in self._new:
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
