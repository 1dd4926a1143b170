"""Compare the inputs of aligned layers: find references with another target."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

from yamlmod.model.align import Alignment
from yamlmod.model.refs import IMAGE, spell
from yamlmod.model.wiring import Wiring


class Rerouted(NamedTuple):
    """A read that reaches its old layer through added layers, or past removed ones."""

    old_reader: int
    reader: int
    slot: int
    old_target: int
    value: int
    target: int
    through: tuple[int, ...]
    past: tuple[int, ...]


class Rewired(NamedTuple):
    """A read that leads to another layer than it did.

    ``kept`` is where the old layer is now (None: gone), ``expected`` the numbers that would lead
    there: directly, then through the added layers behind it.
    """

    old_reader: int
    reader: int
    slot: int
    old_target: int
    value: int
    target: int
    kept: int | None
    expected: tuple[int, ...]


class Input(NamedTuple):
    """An input that only one of the files gives a layer; ``target`` is that file's."""

    old_reader: int
    reader: int
    slot: int
    value: int
    target: int


class ReadChanges(NamedTuple):
    """The reads that differ between two wirings under an alignment."""

    rewired: tuple[Rewired, ...]
    rerouted: tuple[Rerouted, ...]
    gained: tuple[Input, ...]
    lost: tuple[Input, ...]


def compare_reads(before: Wiring, after: Wiring, alignment: Alignment) -> ReadChanges:
    reads = _Reads(before, after, alignment)
    found = [read for old, new in alignment.pairs for read in reads.of(old, new)]
    return ReadChanges(
        tuple(read for read in found if isinstance(read, Rewired)),
        tuple(read for read in found if isinstance(read, Rerouted)),
        tuple(reads.gained),
        tuple(reads.lost),
    )


class _Read(NamedTuple):
    """One reference as spelled, and where it leads."""

    reader: int
    slot: int
    target: int
    value: int


def _reads_of(wiring: Wiring, layer: int) -> tuple[_Read, ...]:
    refs = wiring.rows[layer].refs
    return tuple(
        # A head with an empty `from` reads by itself; its numbers are spelled nowhere.
        _Read(layer, slot, source, refs[slot].value if refs else source)
        for slot, source in enumerate(wiring.inputs[layer])
    )


class _Reads:
    """Compares what aligned layers read; inputs that only one side has are collected."""

    def __init__(self, before: Wiring, after: Wiring, alignment: Alignment):
        self.old, self.new, self.alignment = before, after, alignment
        self.added, self.removed = frozenset(alignment.added), frozenset(alignment.removed)
        self.gained: list[Input] = []
        self.lost: list[Input] = []

    def of(self, old: int, new: int) -> Iterator[Rerouted | Rewired]:
        """Yield what is different in the reads of one layer."""
        was, now = _reads_of(self.old, old), _reads_of(self.new, new)
        for one, other in self._slots(was, now):
            if other is None and one is not None:
                self.lost.append(Input(old, new, one.slot, one.value, one.target))
            elif one is None and other is not None:
                self.gained.append(Input(old, new, other.slot, other.value, other.target))
            elif one is not None and other is not None:
                found = self._read(one, other)
                if found is not None:
                    yield found

    def _slots(
        self, was: tuple[_Read, ...], now: tuple[_Read, ...]
    ) -> Iterator[tuple[_Read | None, _Read | None]]:
        """Pair the inputs: by place, or by what they lead to where their number differs."""
        if len(was) == len(now):
            yield from zip(was, now, strict=True)
            return
        first, waiting = 0, list[_Read]()
        for other in now:
            match = next((k for k in range(first, len(was)) if self._leads(was[k], other)), None)
            if match is None:
                waiting.append(other)
                continue
            yield from zip_longest(was[first:match], waiting)
            yield was[match], other
            first, waiting = match + 1, []
        yield from zip_longest(was[first:], waiting)

    def _leads(self, one: _Read, other: _Read) -> bool:
        kept = self._kept(one.target)
        return kept is not None and self.new.through(other.target, self.added)[-1] == kept

    def _kept(self, target: int) -> int | None:
        """Return where the layer that was read, or what stood in front of it, is now."""
        return self.alignment.to_new(self.old.through(target, self.removed)[-1])

    def _read(self, one: _Read, other: _Read) -> Rerouted | Rewired | None:
        if self.alignment.to_new(one.target) == other.target:
            return None
        past, kept = self.old.through(one.target, self.removed), self._kept(one.target)
        way = self.new.through(other.target, self.added)
        told = (one.reader, other.reader, other.slot, one.target, other.value, other.target)
        if kept is not None and way[-1] == kept:
            return Rerouted(*told, through=tuple(way[:-1]), past=tuple(past[:-1]))
        return Rewired(*told, kept=kept, expected=tuple(self._expected(other, kept)))

    def _expected(self, read: _Read, kept: int | None) -> Iterator[int]:
        """Yield the numbers that would lead to ``kept``, in the style of the one that stands."""
        if kept is None or (kept == IMAGE and read.reader != 0):
            return
        behind = [
            layer
            for layer in self.alignment.added
            if layer < read.reader and self.new.through(layer, self.added)[-1] == kept
        ]
        for layer in [kept, *behind]:
            if layer < read.reader:
                yield spell(read.reader, layer, read.value < 0)
