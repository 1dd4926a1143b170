"""The results of reading a network: rows, failures, unknowns; plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from yamlmod.fork.read.interpreter.values import (
    Builtin,
    ClassValue,
    FunctionValue,
    Instance,
    Outside,
    TensorValue,
    UnknownValue,
    Value,
)

Stage = Literal["parse", "constructor", "forward", "model"]


@dataclass(frozen=True)
class UnknownPart:
    """A value that the reader does not know, and why."""

    reason: str


@dataclass(frozen=True)
class Symbol:
    """A class, a function or an object among arguments, by its name."""

    name: str


@dataclass(frozen=True)
class Sizes:
    """The sizes of a tensor; None: not known."""

    sizes: tuple[int | None, ...] | None


@dataclass(frozen=True)
class Failure:
    """An exception that the fork would raise: where, and on which way it came there.

    ``layer`` is None where no layer is being built or run. ``place`` is file and line.
    """

    stage: Stage
    layer: int | None
    kind: str
    message: str
    place: str = ""
    trail: tuple[str, ...] = ()


@dataclass(frozen=True)
class RowReading:
    """What the parse function makes of one row at one scale.

    ``class_name`` is the class that is built, ``defined`` its file and line. ``repeats`` is the
    row's number, ``calls`` counts how often the constructor is called: once where the number goes
    into its arguments, else so many in sequence. ``channels`` is what the parse function notes for
    the layers that read this one, ``branch`` the line whose block decided. ``parameters`` names the
    constructor's parameters, position by position. ``overwritten`` are attributes of the class that
    the parse function sets to its own values. ``output`` is what forward gives, for an image of
    256 x 256. ``number`` is the number that the layer is given as ``.i``, ``made`` how many
    layers the row adds to the list of layers. ``unknown`` says why the row could not be read,
    ``unknown_class`` why nothing is known of its class.
    """

    index: int
    module: str
    class_name: str
    defined: str = ""
    args: tuple[Any, ...] = ()
    keywords: dict[str, Any] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()
    repeats: Any = 1
    calls: int = 0
    channels: Any = None
    branch: int | None = None
    overwritten: tuple[str, ...] = ()
    output: Any = None
    number: Any = None
    made: Any = 1
    unknown: str = ""
    unknown_class: str = ""


@dataclass(frozen=True)
class NetworkReading:
    """A YAML at one scale, read with the fork's code.

    ``failure`` is the first exception as Python would meet it; ``later`` are those after it, found
    with something unknown instead of what failed. ``complete``: the parse function ended.
    """

    scale: str
    parser: str
    rows: tuple[RowReading, ...] = ()
    save: tuple[int, ...] | None = None
    failure: Failure | None = None
    later: tuple[Failure, ...] = ()
    unknowns: tuple[tuple[str, int, str], ...] = ()
    complete: bool = False
    reason: str = ""
    steps: int = 0

    def as_data(self) -> dict[str, Any]:
        """Return the reading for --json."""
        return asdict(self)


def plain(value: Value, depth: int = 6) -> Any:
    """Return an interpreted value as data of an answer."""
    if isinstance(value, UnknownValue):
        return UnknownPart(value.reason)
    if isinstance(value, (bool, int, float, str, type(None))):
        return value
    if depth and isinstance(value, (list, tuple)):
        return [plain(item, depth - 1) for item in value]
    if depth and isinstance(value, dict):
        return {str(key): plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, TensorValue):
        return Sizes(value.shape)
    return Symbol(name_of(value))


def name_of(value: Value) -> str:
    """Return the name of a class, a function or an object's class."""
    if isinstance(value, (ClassValue, FunctionValue, Builtin)):
        return value.name
    if isinstance(value, Instance):
        return f"{value.cls.name}()"
    if isinstance(value, Outside):
        return value.path.rpartition(".")[2]
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, UnknownValue):
        return value.name
    return type(value).__name__


def has_unknown(value: Any) -> bool:
    """Check whether data of an answer holds something that is not known."""
    if isinstance(value, UnknownPart):
        return True
    if isinstance(value, Sizes):
        return value.sizes is None or None in value.sizes
    if isinstance(value, (list, tuple)):
        return any(map(has_unknown, value))
    return isinstance(value, dict) and any(map(has_unknown, value.values()))


def row_of(reading: NetworkReading, layer: int | None) -> RowReading | None:
    return next((row for row in reading.rows if row.index == layer), None)


def output_channels(row: RowReading) -> int | None:
    """Return the channels of the tensor that a layer gives, None where they are not known."""
    if not isinstance(row.output, Sizes) or row.output.sizes is None or len(row.output.sizes) < 2:
        return None
    return row.output.sizes[1]


def failures_of(reading: NetworkReading) -> tuple[Failure, ...]:
    return (reading.failure, *reading.later) if reading.failure is not None else ()


def spelled(value: Any) -> str:
    """Return arguments as a row or a call spells them."""
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(spelled, value)) + "]"
    if isinstance(value, UnknownPart):
        return "?"
    if isinstance(value, Symbol):
        return value.name
    return str(value)
