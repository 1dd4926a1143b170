"""The inputs of every layer of a document, optionally seen through some layers."""

from __future__ import annotations

from collections.abc import Container, Hashable
from dataclasses import dataclass
from functools import cached_property

from yamlmod.model.document import Row
from yamlmod.model.known_modules import JOINS, KNOWN
from yamlmod.model.parse import value_key

NOWHERE = -2
"""The target of a reference that no layer answers, in the wiring of a file under check."""

RowKey = tuple[str, str, str, str, tuple[int, bool]]
"""Module, args, number, section and form of the inputs: what two rows that do the same share."""


def row_key(row: Row) -> RowKey:
    """Return what a row is, wherever it is."""
    args, repeats = value_key(row.args), value_key(row.repeats)
    return row.module, args, repeats, row.section, (len(row.refs), row.listed)


@dataclass(frozen=True, repr=False)
class Wiring:
    """One document as its rows and what each of them reads."""

    rows: tuple[Row, ...]
    inputs: tuple[tuple[int, ...], ...]

    @cached_property
    def keys(self) -> tuple[RowKey, ...]:
        """Return what each row is, wherever it is."""
        return tuple(map(row_key, self.rows))

    @cached_property
    def words(self) -> tuple[Hashable, ...]:
        """Return all that two files share whose rows only stand elsewhere."""
        numbers = tuple(tuple(ref.value for ref in row.refs) for row in self.rows)
        return self.keys, self.inputs, numbers

    @cached_property
    def readers(self) -> tuple[tuple[int, ...], ...]:
        """Return the layers that read each layer."""
        found: list[dict[int, None]] = [{} for _ in self.rows]
        for reader, inputs in enumerate(self.inputs):
            for source in inputs:
                if source >= 0:
                    found[source][reader] = None
        return tuple(map(tuple, found))

    def in_front(self, layer: int) -> int | None:
        """Return what the readers of ``layer`` would read without it; None where it joins inputs.

        A layer that reads several without being there to join them is after the one above.
        """
        inputs = self.inputs[layer]
        kind = KNOWN.get(self.rows[layer].module)
        if len(inputs) == 1:
            return inputs[0]
        if not inputs or (kind is not None and kind.channels in JOINS):
            return None
        return layer - 1 if layer - 1 in inputs else inputs[0]

    def through(self, layer: int, without: Container[int]) -> list[int]:
        """Return ``layer`` and what is read in its place when the layers ``without`` are gone.

        The last is the layer that remains, or a joining one where the way ends.
        """
        way = [layer]
        while way[-1] in without:
            source = self.in_front(way[-1])
            if source is None:
                break
            way.append(source)
        return way
