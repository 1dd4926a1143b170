"""Find the layer numbers that the parse function assigns to each row."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from yamlmod.fork.parser.idiom import sets_number
from yamlmod.fork.parser.parse_model import Function
from yamlmod.fork.read.answers import NetworkReading, UnknownPart
from yamlmod.fork.read.interpreter.scopes import Frame
from yamlmod.fork.read.interpreter.values import MISSING, Instance, UnknownValue, Value


@dataclass
class NumberWatch:
    """Follows one row of the loop at a time."""

    function: Function
    layers: str = ""
    stores: int = 0
    given: Value = MISSING
    count: int | None = None
    building: int = 0
    spoiled: dict[int, tuple[Value, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.layers = layers_name(self.function)
        self.stores = sum(map(sets_number, ast.walk(self.function.loop)))

    def start(self, frame: Frame) -> None:
        """Note where things are before a row."""
        self.given, self.count = MISSING, self._count(frame)

    def note(self, name: str, value: Value) -> None:
        """Note what an attribute was set to; a constructor's own are not the parse function's."""
        if name == "i" and not self.building:
            self.given = value

    @contextmanager
    def constructing(self) -> Iterator[None]:
        """Run a layer's constructor."""
        self.building += 1
        try:
            yield
        finally:
            self.building -= 1

    def number(self, frame: Frame) -> Value:
        """Return the number that the row's layer was given."""
        layers = frame.names.get(self.layers)
        last = layers[-1] if isinstance(layers, list) and layers else None
        if isinstance(last, Instance) and "i" in last.fields:
            return last.fields["i"]
        if self.given is MISSING or self.stores != 1:
            return UnknownValue("the number of its layer")
        return self.given

    def made(self, frame: Frame) -> Value:
        """Count the layers the row added to the list of layers."""
        after = self._count(frame)
        if self.count is None or after is None:
            return UnknownValue("how many layers it makes")
        return after - self.count

    def _count(self, frame: Frame) -> int | None:
        layers = frame.names.get(self.layers)
        if not isinstance(layers, list) or id(layers) in self.spoiled:
            return None
        return len(layers)


def layers_name(function: Function) -> str:
    """Return the name of the list that becomes the network: `nn.Sequential(*layers)`."""
    inside = set(ast.walk(function.loop))
    starred = (node for node in ast.walk(function.node) if isinstance(node, ast.Starred))
    names = (
        node.value.id for node in starred if node not in inside and isinstance(node.value, ast.Name)
    )
    return next(names, "layers")


def offset_reason(reading: NetworkReading, rows: int, certain: bool = False) -> str:
    """Return why the layers of a reading have other numbers than their rows, or may have.

    Empty where every layer has its row's number; ``certain`` leaves out what is not known.
    """
    for row in reading.rows:
        known = isinstance(row.number, int) and isinstance(row.made, int)
        if isinstance(row.made, int) and row.made != 1:
            return f"row {row.index}, {row.module}, makes {row.made} layers"
        if isinstance(row.number, int) and row.number != row.index:
            return f"the layer of row {row.index}, {row.module}, gets the number {row.number}"
        if not known and not certain:
            part = row.number if isinstance(row.number, UnknownPart) else row.made
            why = row.unknown or row.unknown_class or part.reason
            return f"of row {row.index}, {row.module}, it is not known: {why}"
    if len(reading.rows) < rows and not certain:
        why = f": {reading.reason}" if reading.reason else ""
        return f"row {len(reading.rows)} could not be read{why}"
    return ""
