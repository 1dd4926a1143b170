"""The graphs of official YOLO models: module, args and inputs of every layer."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from yamlmod.workspace.disk import read_regular


class OfficialRow(NamedTuple):
    """One layer: its module, its `from` as spelled, its number and its args."""

    module: str
    source: int | list[int]
    repeats: Any
    args: tuple[Any, ...]


class OfficialGraph(NamedTuple):
    """One architecture: where it was first met, how many rows are backbone, and all rows."""

    name: str
    backbone: int
    rows: tuple[OfficialRow, ...]


@cache
def official_graphs() -> tuple[OfficialGraph, ...]:
    """Return every architecture that tools/official.py collected."""
    path = Path(__file__).with_name("official.json")
    data = json.loads(read_regular(path))
    return tuple(
        OfficialGraph(
            name,
            backbone,
            tuple(OfficialRow(m, source, n, tuple(args)) for m, source, n, args in rows),
        )
        for name, (backbone, rows) in data
    )
