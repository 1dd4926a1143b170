"""Read the metrics of a run by epoch, from the files that the fork's own code writes."""

from __future__ import annotations

import csv
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


def rows_of_csv(text: str, columns: Sequence[str], first_epoch: int | None) -> list[EpochRow]:
    """Read a `results.csv` by the names of its columns; a torn last line is left out.

    ``columns`` are those of precision, recall, mAP50 and mAP50-95. ``first_epoch`` is the number
    that the fork gives to the first one; None: 0 where a row has it, else 1.
    """
    lines = list(csv.reader(_whole_lines(text), skipinitialspace=True))
    if not lines:
        return []
    header = [name.strip() for name in lines[0]]
    try:
        places = [header.index(name) for name in ("epoch", *columns)]
    except ValueError:
        return []
    values = [
        numbers
        for line in lines[1:]
        if len(line) >= len(header) and (numbers := _numbers(line[place] for place in places))
    ]
    if first_epoch is None:
        first_epoch = 0 if any(numbers[0] == 0 for numbers in values) else 1
    return by_epoch((int(epoch) - first_epoch + 1, *metrics) for epoch, *metrics in values)


def rows_of_text(text: str) -> list[EpochRow]:
    """Read a `results.txt` of YOLOv5 to v5.0 and YOLOv7: fields 8 to 11 of 15, no header."""
    rows = []
    for line in _whole_lines(text):
        fields = line.split()
        if len(fields) < 15:
            continue
        numbers = _numbers((fields[0].partition("/")[0], *fields[8:12]))
        if numbers:
            rows.append((int(numbers[0]) + 1, *numbers[1:]))
    return by_epoch(rows)


def _whole_lines(text: str) -> list[str]:
    """Return the lines that were written to their end: a value may be cut in the last one."""
    return text[: text.rfind("\n") + 1].splitlines()


def by_epoch(rows: Iterable[Sequence[float]]) -> list[EpochRow]:
    """Order rows by epoch. A run killed between row and checkpoint repeats one: the last counts."""
    last: dict[int, EpochRow] = {}
    for epoch, *metrics in rows:
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
