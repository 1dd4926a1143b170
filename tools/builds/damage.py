"""Model YAMLs damaged on purpose, as people damage them: a generator with a seed."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tools.builds.corpus import Case

Row = list[Any]


def damaged(case: Case, classes: list[str], seed: int) -> Case:
    """Return a case with one thing changed in it."""
    chance = random.Random(f"{seed} {case.name} {case.scale}")
    data = copy.deepcopy(case.data)
    rows: list[Row] = [*data["backbone"], *data["head"]]
    place = chance.randrange(len(rows) - 1)
    way = chance.choice(_WAYS)
    said = way(rows, place, classes, chance)
    backbone = len(data["backbone"])
    if way is _row_added:
        data["backbone" if place < backbone else "head"].insert(
            place + 1 - (0 if place < backbone else backbone), rows[-1]
        )
        _renumber(data, place)
    return replace(case, data=data, damage=f"row {place}: {said}")


def _class_changed(rows: list[Row], place: int, classes: list[str], chance: random.Random) -> str:
    rows[place][2] = chance.choice(classes)
    return f"another class, {rows[place][2]}"


def _row_added(rows: list[Row], place: int, classes: list[str], chance: random.Random) -> str:
    name = chance.choice(classes)
    channels = next((a for a in rows[place][3] if isinstance(a, int) and a > 7), 256)
    rows.append([-1, 1, name, chance.choice([[channels], [], [channels, 3], [channels, channels]])])
    return f"a row added, {rows[-1]}"


def _args_dropped(rows: list[Row], place: int, classes: list[str], chance: random.Random) -> str:
    rows[place][3] = list(rows[place][3])[: chance.randrange(len(rows[place][3]) or 1)]
    return "arguments dropped"


def _args_added(rows: list[Row], place: int, classes: list[str], chance: random.Random) -> str:
    extra = chance.choice([1, 3, False, True, 0.5, "nearest", [3, 5], 256, None])
    rows[place][3] = [*rows[place][3], extra]
    return f"an argument added, {extra}"


def _channels_changed(
    rows: list[Row], place: int, classes: list[str], chance: random.Random
) -> str:
    args = list(rows[place][3]) or [1]
    args[0] = chance.choice([1, 3, 7, 48, 100, 512, 0.5, "Conv", None, 2048, -1])
    rows[place][3] = args
    return f"a first argument of {args[0]}"


def _reference_moved(rows: list[Row], place: int, classes: list[str], chance: random.Random) -> str:
    source = rows[place][0]
    step = chance.choice([-2, -1, 1, 2])
    if isinstance(source, list):
        slot = chance.randrange(len(source))
        source = [s + step * (i == slot) for i, s in enumerate(source)]
        rows[place][0] = source
    else:
        rows[place][0] = chance.choice([source - 1, place - 3 if place > 3 else 0, [source, -2]])
    return f"from {rows[place][0]}"


def _repeats_raised(rows: list[Row], place: int, classes: list[str], chance: random.Random) -> str:
    rows[place][1] = chance.choice([2, 3, 6, 9])
    return f"{rows[place][1]} repeats"


_WAYS: list[Callable[[list[Row], int, list[str], random.Random], str]] = [
    _class_changed,
    _class_changed,
    _row_added,
    _row_added,
    _args_dropped,
    _args_added,
    _channels_changed,
    _reference_moved,
    _reference_moved,
    _repeats_raised,
]


def _renumber(data: dict[str, Any], place: int) -> None:
    """Move the references behind an added row, as a careful user does."""
    index = 0
    for table in ("backbone", "head"):
        for row in data[table]:
            if index > place + 1:
                listed = isinstance(row[0], list)
                moved = [_moved(s, index, place) for s in (row[0] if listed else [row[0]])]
                row[0] = moved if listed else moved[0]
            index += 1


def _moved(source: Any, index: int, place: int) -> Any:
    if not isinstance(source, int):
        return source
    if source < -1 and index - 1 + source <= place:
        return source - 1
    return source + 1 if source > place else source
