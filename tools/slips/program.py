"""A model YAML as a program: layers that know what they read, and numbers only when it is written.

A change to the program (a row more, a row less) keeps every read at its layer, so the right numbers
are known without any of the code that is tested.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

Numbers = list[list[int]]
"""The `from` column of every row, as numbers."""


@dataclass(eq=False)
class Layer:
    """One row. Layers are compared by identity: a copy is another layer."""

    module: str
    args: list[Any]
    repeats: Any
    section: str
    reads: list[Read] = field(default_factory=list)
    listed: bool = False
    # The same in a copy of the program.
    name: object = field(default_factory=object)


@dataclass(eq=False)
class Read:
    """One input: its layer (None: the image), its spelling, and layers that serve as well."""

    layer: Layer | None
    negative: bool
    also: list[Layer] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Program:
    """A whole network; ``original`` is the one that it is a copy of."""

    name: str
    layers: list[Layer]
    original: Program | None = None

    @property
    def anchored(self) -> bool:
        """Check whether a head takes anchors, as in YOLOv5."""
        return any("anchors" in layer.args for layer in self.layers)

    @property
    def head(self) -> Layer:
        return self.layers[-1]

    @property
    def backbone(self) -> int:
        return sum(layer.section == "backbone" for layer in self.layers)

    def copy(self) -> Program:
        twins = {layer: replace(layer, args=list(layer.args), reads=[]) for layer in self.layers}
        for layer, twin in twins.items():
            for read in layer.reads:
                source = None if read.layer is None else twins[read.layer]
                twin.reads.append(Read(source, read.negative, [twins[x] for x in read.also]))
        return Program(self.name, list(twins.values()), self.original or self)

    def places(self) -> dict[Layer, int]:
        return {layer: place for place, layer in enumerate(self.layers)}

    def readers(self, layer: Layer) -> list[tuple[Layer, int]]:
        return [
            (reader, slot)
            for reader in self.layers
            for slot, read in enumerate(reader.reads)
            if read.layer is layer
        ]

    def numbers(self) -> Numbers:
        """Return the right numbers."""
        at = self.places()
        return [
            [_spell(at, layer, read, read.layer) for read in layer.reads] for layer in self.layers
        ]

    def targets(self) -> list[list[frozenset[int]]]:
        """Return the layers that each input may be: the one meant, and those that serve as well."""
        at = self.places()
        return [
            [
                frozenset(
                    [-1 if read.layer is None else at[read.layer], *(at[x] for x in read.also)]
                )
                for read in layer.reads
            ]
            for layer in self.layers
        ]


def _spell(at: dict[Layer, int], reader: Layer, read: Read, target: Layer | None) -> int:
    place = -1 if target is None else at[target]
    return place - at[reader] if read.negative or target is None else place


def program_of(
    name: str, rows: Iterable[tuple[str, str, list[int], bool, Any, Sequence[Any]]]
) -> Program:
    """Build a program from rows: section, module, numbers, is it a list, repeats, args."""
    layers: list[Layer] = []
    for section, module, numbers, listed, repeats, args in rows:
        layer = Layer(module, list(args), repeats, section, [], listed)
        for value in numbers:
            place = len(layers) + value if value < 0 else value
            layer.reads.append(Read(layers[place] if place >= 0 else None, value < 0))
        layers.append(layer)
    return Program(name, layers)


def insert(program: Program, place: int, module: str, args: Sequence[Any] = ()) -> Layer:
    """Put a shape-keeping layer after ``place``. `-1` of the next row reads it, numbers stay."""
    source = program.layers[place]
    new = Layer(module, list(args), 1, source.section, [Read(source, True)])
    for reader, slot in program.readers(source):
        read = reader.reads[slot]
        follows = program.layers[place + 1 : place + 2] == [reader] and read.negative
        if follows:
            read.layer = new
            read.also.append(source)
        else:
            read.also.append(new)
    program.layers.insert(place + 1, new)
    if not program.readers(new):  # it would have no effect
        for reader, slot in program.readers(source):
            if reader is not new:
                read = reader.reads[slot]
                read.layer, read.also = new, [source]
    return new


def delete(program: Program, layer: Layer) -> None:
    """Take a row out; its readers read what it read."""
    source = layer.reads[0].layer
    for reader, slot in program.readers(layer):
        reader.reads[slot].layer = source
    for other in program.layers:
        for read in other.reads:
            read.also = [source if x is layer and source is not None else x for x in read.also]
    program.layers.remove(layer)


def write(
    program: Program, numbers: Numbers, rng: random.Random, comments: dict[int, str] | None = None
) -> str:
    """Write the text of a program with these numbers; ``comments`` are lines above a row."""
    flow = rng.random() < 0.4
    lines = ["nc: 4"]
    if program.anchored:
        lines += ["depth_multiple: 0.33", "width_multiple: 0.50", "anchors: 3"]
    else:
        lines += ["scales:", "  n: [0.50, 0.25, 1024]"]
    for section in ("backbone", "head"):
        lines.append(f"{section}:")
        rows = [i for i, layer in enumerate(program.layers) if layer.section == section]
        for i in rows:
            layer, row = program.layers[i], numbers[i]
            source = value_text(row if layer.listed or len(row) != 1 else row[0])
            args = value_text(layer.args)
            text = f"[{source}, {value_text(layer.repeats)}, {layer.module}, {args}]"
            if comments and i in comments:
                lines.append(f"  # {comments[i]}" if not flow else f"   # {comments[i]},")
            if not flow:
                lines.append(f"  - {text}")
            else:
                opening = "  [" if i == rows[0] else "   "
                lines.append(f"{opening}{text},")
        if flow:
            lines.append("  ]")
    return "\n".join(lines) + "\n"


def value_text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(value_text, value))}]"
    if isinstance(value, str):
        return value if value.replace(".", "").replace("_", "").isalnum() else repr(value)
    return str(value)
