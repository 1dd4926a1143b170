"""The structural difference of two model YAMLs: layers, what they are, and whom they read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from yamlmod.model.align import Alignment, align, value_key
from yamlmod.model.document import Row
from yamlmod.model.graph import Read
from yamlmod.model.refs import IMAGE, spell
from yamlmod.model.wiring import Wiring
from yamlmod.ops.positions import Model


@dataclass(frozen=True)
class Field:
    """One value that differs: of a row (module, args, number, from) or a setting of the file."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Change:
    """A layer that both files have, with another module, args or number."""

    old: int
    new: int
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Rerouted:
    """A read that reaches its old layer through added layers, or past removed ones."""

    old_reader: int
    reader: int
    slot: int
    old_target: int
    value: int
    target: int
    through: tuple[int, ...]
    past: tuple[int, ...]


@dataclass(frozen=True)
class Rewired:
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


@dataclass(frozen=True)
class Input:
    """An input that only one of the files gives a layer; ``target`` is that file's."""

    old_reader: int
    reader: int
    slot: int
    value: int
    target: int


@dataclass(frozen=True)
class Comparison:
    """All that differs between two models; indices of added layers and readers are the second's."""

    before: Model
    after: Model
    alignment: Alignment
    changes: tuple[Change, ...]
    rewired: tuple[Rewired, ...]
    rerouted: tuple[Rerouted, ...]
    gained: tuple[Input, ...]
    lost: tuple[Input, ...]
    settings: tuple[Field, ...]

    @property
    def added(self) -> tuple[int, ...]:
        """Return the layers that only the second file has."""
        return self.alignment.added

    @property
    def removed(self) -> tuple[int, ...]:
        """Return the layers that only the first file has."""
        return self.alignment.removed

    @property
    def replaced(self) -> tuple[Change, ...]:
        """Return the layers with another module in the same place."""
        return tuple(change for change in self.changes if change.fields[0].name == "module")

    @property
    def changed(self) -> tuple[Change, ...]:
        """Return the layers with the same module and other args or another number."""
        return tuple(change for change in self.changes if change.fields[0].name != "module")

    @property
    def equal(self) -> bool:
        """Tell whether both files describe the same model; numbers may be spelled differently."""
        layers = (self.added, self.removed, self.changes, self.settings)
        reads = (self.rewired, self.rerouted, self.gained, self.lost)
        return not any((*layers, *reads))


def align_models(before: Model, after: Model, strict: bool = False) -> Alignment:
    """Align the layers of two models; with ``strict`` only layers that are the same."""
    return align(_wiring(before), _wiring(after), strict)


def compare(before: Model, after: Model) -> Comparison:
    """Compare two models under the best alignment of their layers."""
    chosen = align_models(before, after)
    reads = _Reads(before, after, chosen)
    found = [read for old, new in chosen.pairs for read in reads.of(old, new)]
    rows = before.document.rows, after.document.rows
    changes = (change_of(rows[0][old], rows[1][new]) for old, new in chosen.pairs)
    lost, gained = reads.lost, reads.gained
    return Comparison(
        before=before,
        after=after,
        alignment=chosen,
        changes=tuple(change for change in changes if change is not None),
        rewired=tuple(read for read in found if isinstance(read, Rewired)),
        rerouted=tuple(read for read in found if isinstance(read, Rerouted)),
        gained=tuple(gained),
        lost=tuple(lost),
        settings=tuple(_settings(before.document.settings, after.document.settings)),
    )


def _wiring(model: Model) -> Wiring:
    return Wiring.of(model.document, model.graph)


def change_of(old: Row, new: Row) -> Change | None:
    """Return how two rows differ apart from whom they read, None where they do not."""
    values = [
        ("module", old.module, new.module),
        ("args", list(old.args), list(new.args)),
        ("number", old.repeats, new.repeats),
    ]
    if old.listed != new.listed and len(old.refs) == len(new.refs):
        values.append(("from", old.from_value, new.from_value))
    fields = tuple(
        Field(name, before, after)
        for name, before, after in values
        if name == "from" or value_key(before) != value_key(after)
    )
    return Change(old.index, new.index, fields) if fields else None


def _settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Field]:
    """Yield the values outside the tables that differ; a missing one is None."""
    for key in dict.fromkeys([*old, *new]):
        before, after = old.get(key), new.get(key)
        if _plain(before) != _plain(after) or (key in old) != (key in new):
            yield Field(key, before, after)


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return str([(key, _plain(item)) for key, item in sorted(value.items())])
    if isinstance(value, list):
        return str([_plain(item) for item in value])
    return value_key(value)


class _Reads:
    """Compares what aligned layers read; inputs that only one side has are collected."""

    def __init__(self, before: Model, after: Model, alignment: Alignment):
        self.before, self.after, self.alignment = before, after, alignment
        self.old, self.new = _wiring(before), _wiring(after)
        self.added, self.removed = frozenset(alignment.added), frozenset(alignment.removed)
        self.gained: list[Input] = []
        self.lost: list[Input] = []

    def of(self, old: int, new: int) -> Iterator[Rerouted | Rewired]:
        """Yield what is different in the reads of one layer."""
        was, now = self.before.graph.reads[old], self.after.graph.reads[new]
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
        self, was: tuple[Read, ...], now: tuple[Read, ...]
    ) -> Iterator[tuple[Read | None, Read | None]]:
        """Pair the inputs: by place, or by what they lead to where their number differs."""
        if len(was) == len(now):
            yield from zip(was, now, strict=True)
            return
        first, waiting = 0, list[Read]()
        for other in now:
            match = next((k for k in range(first, len(was)) if self._leads(was[k], other)), None)
            if match is None:
                waiting.append(other)
                continue
            yield from zip_longest(was[first:match], waiting)
            yield was[match], other
            first, waiting = match + 1, []
        yield from zip_longest(was[first:], waiting)

    def _leads(self, one: Read, other: Read) -> bool:
        kept = self._kept(one.target)
        return kept is not None and self.new.through(other.target, self.added)[-1] == kept

    def _kept(self, target: int) -> int | None:
        """Return where the layer that was read, or what stood in front of it, is now."""
        return self.alignment.to_new(self.old.through(target, self.removed)[-1])

    def _read(self, one: Read, other: Read) -> Rerouted | Rewired | None:
        if self.alignment.to_new(one.target) == other.target:
            return None
        past, kept = self.old.through(one.target, self.removed), self._kept(one.target)
        way = self.new.through(other.target, self.added)
        told = (one.reader, other.reader, other.slot, one.target, other.value, other.target)
        if kept is not None and way[-1] == kept:
            return Rerouted(*told, through=tuple(way[:-1]), past=tuple(past[:-1]))
        return Rewired(*told, kept=kept, expected=tuple(self._expected(other, kept)))

    def _expected(self, read: Read, kept: int | None) -> Iterator[int]:
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
