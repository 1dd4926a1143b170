"""Print what a fork's parse function gives each class, for `show --repo`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from yamlmod.fork.read.answers import (
    Failure,
    NetworkReading,
    RowReading,
    Sizes,
    UnknownPart,
    spelled,
)
from yamlmod.report.tables import Column, sized_table


def built_data(shown: str, readings: Mapping[str, NetworkReading]) -> dict[str, Any]:
    """Return the readings of all scales as plain data."""
    return {"cfg": shown, "scales": {name: r.as_data() for name, r in readings.items()}}


def built_table(readings: Mapping[str, NetworkReading]) -> list[str]:
    """Return the lines that `show --repo` prints: arguments at the first scale, channels at all."""
    first = next(iter(readings))
    reading = readings[first]
    at = f"@{first}" if first else ""
    channels = [f"ch@{name}" if name else "ch" for name in readings]
    columns = [
        Column("layer", right=True),
        Column("n", right=True, weight=4),
        Column("module"),
        Column(f"class receives{at}", weight=9, wraps=True),
        *(Column(head, right=True, weight=2 if number else 8)
          for number, head in enumerate(channels)),
        Column(f"output{at}", weight=5),
        Column("branch", weight=1),
    ]  # fmt: skip
    rows = [
        [
            str(row.index),
            "?" if isinstance(row.repeats, UnknownPart) else str(row.calls or "-"),
            row.module,
            f"{row.class_name}({spelled(row.args)[1:-1]})" if row.class_name else "-",
            *(_channels(other, row.index) for other in readings.values()),
            _output(row),
            "" if row.branch is None else str(row.branch),
        ]
        for row in reading.rows
    ]
    lines = sized_table(columns, rows)
    return [*lines, *_failures(readings)]


def _channels(reading: NetworkReading, index: int) -> str:
    row = next((row for row in reading.rows if row.index == index), None)
    return "?" if row is None or isinstance(row.channels, UnknownPart) else str(row.channels)


def _output(row: RowReading) -> str:
    if isinstance(row.output, Sizes) and row.output.sizes is not None:
        return " x ".join("?" if size is None else str(size) for size in row.output.sizes)
    if isinstance(row.output, list):
        return f"{len(row.output)} outputs"
    return "?" if row.output is not None else "-"


def _failures(readings: Mapping[str, NetworkReading]) -> list[str]:
    lines = []
    for name, reading in readings.items():
        if reading.failure is not None:
            lines.append(_failure(reading.failure, name))
    return lines


def _failure(failure: Failure, scale: str) -> str:
    where = "the network" if failure.layer is None else f"layer {failure.layer}"
    at = f" at scale {scale}" if scale else ""
    return f"{where} fails{at}: {failure.kind}: {failure.message} ({failure.place})"
