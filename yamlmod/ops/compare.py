"""Compare two model YAMLs by structure: layers, their fields and their inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from yamlmod.model.align import Alignment, align
from yamlmod.model.document import Row
from yamlmod.model.network import Network
from yamlmod.model.parse import value_key
from yamlmod.model.reads import Input, Rerouted, Rewired, compare_reads


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
class Comparison:
    """All that differs between two models; indices of added layers and readers are the second's."""

    before: Network
    after: Network
    alignment: Alignment
    changes: tuple[Change, ...]
    rewired: tuple[Rewired, ...]
    rerouted: tuple[Rerouted, ...]
    gained: tuple[Input, ...]
    lost: tuple[Input, ...]
    settings: tuple[Field, ...]

    @property
    def added(self) -> tuple[int, ...]:
        return self.alignment.added

    @property
    def removed(self) -> tuple[int, ...]:
        return self.alignment.removed

    @property
    def replaced(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.fields[0].name == "module")

    @property
    def changed(self) -> tuple[Change, ...]:
        """Return the layers with the same module and other args or another number."""
        return tuple(change for change in self.changes if change.fields[0].name != "module")

    @property
    def equal(self) -> bool:
        """Whether both files describe the same model; numbers may be spelled differently."""
        layers = (self.added, self.removed, self.changes, self.settings)
        reads = (self.rewired, self.rerouted, self.gained, self.lost)
        return not any((*layers, *reads))


def align_models(before: Network, after: Network, strict: bool = False) -> Alignment:
    return align(before.wiring, after.wiring, strict)


def compare(before: Network, after: Network) -> Comparison:
    chosen = align_models(before, after)
    reads = compare_reads(before.wiring, after.wiring, chosen)
    rows = before.document.rows, after.document.rows
    changes = (change_of(rows[0][old], rows[1][new]) for old, new in chosen.pairs)
    return Comparison(
        before=before,
        after=after,
        alignment=chosen,
        changes=tuple(change for change in changes if change is not None),
        rewired=reads.rewired,
        rerouted=reads.rerouted,
        gained=reads.gained,
        lost=reads.lost,
        settings=tuple(_settings(before.document.settings, after.document.settings)),
    )


def change_of(old: Row, new: Row) -> Change | None:
    """Return the fields in which two rows differ, their inputs aside; None if there are none."""
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
