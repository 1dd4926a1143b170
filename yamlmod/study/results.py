"""Read the metrics of a run by epoch, from the files that the fork's own code writes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

METRICS = ("precision", "recall", "mAP50", "mAP50-95")


class EpochRow(NamedTuple):
    """The metrics of one epoch, in percent; epochs count from 1."""

    epoch: int
    precision: float
    recall: float
    map50: float
    map: float

    @property
    def is_finite(self) -> bool:
        return all(math.isfinite(value) for value in self[1:])

    @property
    def is_in_range(self) -> bool:
        """Whether all are shares of a whole; a fork that writes percent would be read wrong."""
        return all(0 <= value <= 100.001 for value in self[1:])


def rows_of_csv(text: str, columns: Sequence[str], first_epoch: int | None) -> list[EpochRow]:
    """Read a `results.csv` by the names of its columns; a torn last line is left out.

    ``columns`` are those of precision, recall, mAP50 and mAP50-95. ``first_epoch`` is the number
    that the fork gives to the first one; None: 0 where a row has it, else 1.
    """
    # No fork quotes a field, and a quote in a class's name must not swallow what follows.
    header, *lines = [_fields(line) for line in _whole_lines(text)] or [[]]
    try:
        places = [header.index(name) for name in ("epoch", *columns)]
    except ValueError:
        return []
    width = _width(len(header), max(places), lines)
    values = [
        numbers
        for line in lines
        if len(line) == width and (numbers := _numbers(line[place] for place in places))
    ]
    if first_epoch is None:
        first_epoch = 0 if any(numbers[0] == 0 for numbers in values) else 1
    return by_epoch((epoch - first_epoch + 1, *metrics) for epoch, *metrics in values)


def _fields(line: str) -> list[str]:
    fields = [field.strip() for field in line.split(",")]
    while fields and not fields[-1]:  # a comma at the end
        fields.pop()
    return fields


def _width(header: int, needed: int, lines: Sequence[Sequence[str]]) -> int:
    """Return how many fields a row has: as the header, or all fewer.

    A class's name with a comma in it widens the header of a fork that gives each class a column. A
    row with more fields than names has decimal commas, or is two that a kill ran together.
    """
    widths = {len(line) for line in lines if line}
    width = widths.pop() if len(widths) == 1 else header
    return width if needed < width <= header else header


def rows_of_text(text: str) -> list[EpochRow]:
    """Read a `results.txt` of YOLOv5 to v5.0 and YOLOv7: fields 8 to 11 of 15, no header."""
    rows = []
    for line in _whole_lines(text):
        fields = line.split()
        if len(fields) < 15:
            continue
        numbers = _numbers((fields[0].partition("/")[0], *fields[8:12]))
        if numbers:
            rows.append((numbers[0] + 1, *numbers[1:]))
    return by_epoch(rows)


def _whole_lines(text: str) -> list[str]:
    """Return the lines that were written to their end: a value may be cut in the last one."""
    # Not `splitlines`: it breaks at signs that a class's name may hold.
    lines = text[: text.rfind("\n") + 1].removeprefix("\ufeff").split("\n")
    # After a crash of the machine, the end of a file may be zeros.
    return [line for line in lines if line.strip() and "\0" not in line]


def by_epoch(rows: Iterable[Sequence[float]]) -> list[EpochRow]:
    """Order rows by epoch. A run killed between row and checkpoint repeats one: the last counts."""
    last: dict[int, EpochRow] = {}
    for epoch, *metrics in rows:
        if math.isfinite(epoch) and epoch == int(epoch) >= 1:
            last[int(epoch)] = EpochRow(int(epoch), *(100 * value for value in metrics))
    return [last[epoch] for epoch in sorted(last)]


def missing_epochs(rows: Sequence[EpochRow], epochs: int) -> list[int]:
    """Return the epochs from 1 to ``epochs`` that have no row."""
    present = {row.epoch for row in rows}
    return [epoch for epoch in range(1, epochs + 1) if epoch not in present]


def best_row(rows: Sequence[EpochRow], weights: Mapping[str, float]) -> EpochRow:
    """Return the epoch that the fork itself would keep as its best."""
    rows = [row for row in rows if row.is_finite]
    return max(rows, key=lambda row: weights["mAP50"] * row.map50 + weights["mAP50-95"] * row.map)


def _numbers(words: Iterable[str]) -> list[float]:
    """Return words as numbers, nothing where one is none."""
    try:
        return [float(word) for word in words]
    except ValueError:
        return []
