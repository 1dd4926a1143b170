"""Find the args with which a fork builds a class correctly at every scale."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from yamlmod.fork.read.answers import (
    Failure,
    NetworkReading,
    RowReading,
    failures_of,
    has_unknown,
    output_channels,
    row_of,
)
from yamlmod.fork.read.defaults import default_tails
from yamlmod.fork.read.misplaced import KERNELS, misplaced
from yamlmod.fork.read.network import ForkReader
from yamlmod.fork.read.rows import nominals_at, rows_of, sources_of, with_args, with_row
from yamlmod.registry.code.signature import is_channels, is_input_channels

# right: it builds and runs, for the channels that are there. fails: the fork would raise. unfit: it
# builds, for other channels. unknown: the fork's code says too little.
Fit = Literal["right", "fails", "unfit", "unknown"]
_IMAGE_CHANNELS = 3
_MOST = 12


@dataclass(frozen=True)
class TriedArgs:
    """Args that were tried in a row, and what the fork makes of them."""

    args: tuple[Any, ...]
    fit: Fit
    reason: str = ""
    scale: str = ""
    branch: int | None = None
    copies: int = 1


@dataclass(frozen=True)
class ArgsAnswer:
    """The first args of those tried that are right; else the first of which too little is known."""

    tried: tuple[TriedArgs, ...]

    @property
    def best(self) -> TriedArgs | None:
        """Return the args to write; their fit is right or unknown."""
        right = (one for one in self.tried if one.fit == "right")
        unknown = (one for one in self.tried if one.fit == "unknown")
        return next(right, None) or next(unknown, None)

    @property
    def branch(self) -> int | None:
        """Return the line of the parse function's branch that took the row."""
        return next((one.branch for one in self.tried if one.branch is not None), None)


class RowSearch:
    """Asks a fork about the args of one row of a YAML.

    ``before`` is the YAML as it was, with ``mapping`` from its layers to those of ``data``: what
    fails there already is not the row's doing. ``pending`` are new rows whose args are not known
    yet. ``replaced``: the row takes the place of an old one, whose output it has to give.
    """

    def __init__(
        self,
        reader: ForkReader,
        data: Mapping[str, Any],
        layer: int,
        before: BeforeReadings,
        pending: frozenset[int] = frozenset(),
        replaced: int | None = None,
    ) -> None:
        self.reader, self.data, self.layer = reader, _without(data, pending), layer
        self.before, self.pending, self.replaced = before, pending, replaced
        self._guessed: list[int] = []

    def search(self, first: Sequence[Any] | None, behind: Sequence[Any] = ()) -> ArgsAnswer:
        """Try args until some are right: the rule's own first, then the channels before others."""
        tried: list[TriedArgs] = []
        for args in self._candidates(first, behind):
            if len(tried) == _MOST or (tried and tried[-1].fit == "right"):
                break
            self._guessed = [] if args is first else [a for a in args if a in self._heads]
            if all(tuple(args) != one.args for one in tried):
                tried.append(self.fit(args))
        return ArgsAnswer(tuple(tried))

    def fit(self, args: Sequence[Any]) -> TriedArgs:
        """Return what the fork makes of the row with these args, at all scales."""
        data = with_args(self.data, self.layer, args)
        unknown: TriedArgs | None = None
        branch, copies = None, 1
        for scale in self.before.scales:
            reading = self.reader.read(data, scale)
            row = row_of(reading, self.layer)
            branch = branch if row is None or row.branch is None else row.branch
            copies = max(copies, 0 if row is None else row.calls)
            fit, reason = self._judge(reading, row, scale)
            tried = TriedArgs(tuple(args), fit, reason, scale, branch)
            if fit in ("fails", "unfit"):
                return tried
            if fit == "unknown" and unknown is None:
                unknown = tried
        return unknown or TriedArgs(tuple(args), "right", branch=branch, copies=copies)

    def _candidates(
        self, first: Sequence[Any] | None, behind: Sequence[Any]
    ) -> Iterator[Sequence[Any]]:
        if first is not None:
            yield first
        rest = list(behind)
        yield rest
        heads = self._heads
        if not rest:
            tails = [*self._tails_of_rows(), *default_tails(self.reader, self._module)]
            yield from ([head] for head in heads)
            yield from ([head, *tail] for head in heads[:1] for tail in tails)
        for count in (1, 2):
            yield from ([*[head] * count, *rest] for head in heads)
        if rest:
            yield from ([head, *rest[1:]] for head in heads)
            yield rest[1:]

    @property
    def _module(self) -> str:
        return str(rows_of(self.data)[self.layer][2])

    def _tails_of_rows(self) -> list[list[Any]]:
        """Return what other rows of the class have after their first number."""
        rows = [row for row in rows_of(self.data) if len(row) > 3 and row[2] == self._module]
        tails = [row[3][1:] for row in rows if isinstance(row[3], list) and len(row[3]) > 1]
        return [tail for i, tail in enumerate(tails) if tail not in tails[:i]][:2]

    @cached_property
    def _heads(self) -> list[int]:
        """Return the channels that a row may begin with: as the YAML counts them, then real."""
        if self.replaced is not None:
            found = nominals_at(self.before.data, self.replaced)
        else:
            sources = sources_of(self.data, self.layer)
            found = nominals_at(self.data, sources[0]) if len(sources) == 1 else []
        scale = self.before.scales[0]
        real = self._wanted(self.reader.read(_without(self.data, {self.layer}), scale), scale)
        return [*found, real] if real is not None and real not in found else found

    def _wanted(self, reading: NetworkReading, scale: str) -> int | None:
        """Return the channels that the row has to give."""
        if self.replaced is not None:
            row = row_of(self.before.readings[scale], self.replaced)
            return None if row is None else _known_channels(row)
        inputs = self._inputs(reading)
        return inputs[0] if len(inputs) == 1 else None

    def _judge(
        self, reading: NetworkReading, row: RowReading | None, scale: str
    ) -> tuple[Fit, str]:
        for failure in failures_of(reading):
            if failure.layer in self.pending or self.before.has(scale, failure):
                continue
            return "fails", self._described(failure)
        if row is None:
            return "unknown", reading.reason
        if row.unknown or not row.class_name or has_unknown(row.args):
            return "unknown", row.unknown or "its arguments are not known"
        if row.unknown_class and not row.defined:
            return "unknown", row.unknown_class
        for what in (*misplaced(row), *self._astray(row)):
            return "unfit", what
        return self._channels(reading, row, scale)

    def _channels(self, reading: NetworkReading, row: RowReading, scale: str) -> tuple[Fit, str]:
        given = _channel_argument(row)
        inputs = self._inputs(reading)
        if isinstance(given, int) and len(inputs) == 1 and inputs[0] not in (None, given):
            name = row.parameters[0]
            return "unfit", f"its parameter {name} gets {given}, and its input has {inputs[0]}"
        wanted, output = self._wanted(reading, scale), output_channels(row)
        noted = row.channels if isinstance(row.channels, int) else None
        for number, what in ((output, "it gives"), (noted, "the parser notes")):
            if number is not None and wanted is not None and number != wanted:
                return "unfit", f"{what} {number} channels where {wanted} are needed"
        if output is None:  # it may not be a layer at all
            sure = isinstance(given, int) and inputs[:1] == [given] and noted == wanted
            return ("right", "") if sure else ("unknown", "its output is not known")
        return "right", ""

    def _astray(self, row: RowReading) -> Iterator[str]:
        """Yield where a guessed number of channels, or a switch, reaches another parameter."""
        for name, value in zip(row.parameters, row.args, strict=False):
            number = isinstance(value, int) and not isinstance(value, bool)
            if number and value in self._guessed and not is_channels(name):
                yield f"its parameter {name} gets {value}, a number of channels"
            if isinstance(value, bool) and name in KERNELS:
                yield f"its parameter {name}, a kernel, gets {value}"

    def _inputs(self, reading: NetworkReading) -> list[int | None]:
        rows = (row_of(reading, source) for source in sources_of(self.data, self.layer))
        channels = [None if row is None else _known_channels(row) for row in rows]
        image = [source < 0 for source in sources_of(self.data, self.layer)]
        return [
            _IMAGE_CHANNELS if first else number
            for first, number in zip(image, channels, strict=True)
        ]

    def _described(self, failure: Failure) -> str:
        where = "" if failure.layer in (None, self.layer) else f"layer {failure.layer}: "
        words = f"{failure.kind}: {failure.message}" if failure.message else failure.kind
        return f"{where}{words}" + (f" ({failure.place})" if failure.place else "")


class BeforeReadings:
    """The YAML as it was, read once at every scale, when it is first asked for."""

    def __init__(
        self,
        reader: ForkReader,
        data: Mapping[str, Any],
        scales: Sequence[str],
        mapping: Sequence[int | None],
    ) -> None:
        self.reader, self.data, self.scales, self.mapping = reader, data, tuple(scales), mapping

    @cached_property
    def readings(self) -> Mapping[str, NetworkReading]:
        """Return the readings by scale."""
        return {scale: self.reader.read(self.data, scale) for scale in self.scales}

    @cached_property
    def _failed(self) -> Mapping[str, frozenset[tuple[int | None, str, str]]]:
        return {
            scale: frozenset((self._new(f.layer), f.stage, f.kind) for f in failures_of(reading))
            for scale, reading in self.readings.items()
        }

    def has(self, scale: str, failure: Failure) -> bool:
        """Check whether the YAML failed in the same way before."""
        return (failure.layer, failure.stage, failure.kind) in self._failed[scale]

    def _new(self, layer: int | None) -> int | None:
        return self.mapping[layer] if layer is not None and layer < len(self.mapping) else layer


def _known_channels(row: RowReading) -> int | None:
    """Return what a layer gives; where it cannot run, what the parse function notes for it."""
    noted = row.channels if isinstance(row.channels, int) else None
    return output_channels(row) or noted


def _channel_argument(row: RowReading) -> Any:
    """Return what the parameter of the input's channels gets; None where there is none."""
    if not row.defined or not row.parameters or not is_input_channels(row.parameters[0]):
        return None
    return row.args[0] if row.args else "its default"


def _without(data: Mapping[str, Any], layers: Collection[int]) -> Mapping[str, Any]:
    """Return the data with a class that changes nothing in rows whose args are not known yet."""
    for layer in layers:
        data = with_row(data, layer, 1, "nn.Identity", [])
    return data
