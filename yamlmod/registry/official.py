"""The graphs of official YOLO models: module, args and inputs of every layer."""

from __future__ import annotations

import json
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from yamlmod.workspace.disk import read_regular


class OfficialRow(NamedTuple):
    """One layer: its module, its `from` as spelled, its number and its args."""

    module: str
    source: int | list[int]
    repeats: Any
    args: tuple[Any, ...]


class OfficialGraph:
    """One architecture: where it was first met, how many rows are backbone, and all rows.

    A check ranks all of them by ``kinds`` and ``sources``, and looks at the rows of a few.
    """

    def __init__(self, name: str, backbone: int, layers: list[Any]) -> None:
        self.name = name
        self.backbone = backbone
        self._layers = layers

    @property
    def kinds(self) -> list[int]:
        """The number of each row's module and args in `official_kinds`."""
        return [layer[0] for layer in self._layers]

    @property
    def sources(self) -> list[int | list[int]]:
        return [layer[1] for layer in self._layers]

    @cached_property
    def rows(self) -> tuple[OfficialRow, ...]:
        rows = []
        for kind, source, repeats in self._layers:
            module, args = official_kinds()[kind]
            rows.append(OfficialRow(module, source, repeats, args))
        return tuple(rows)


@cache
def official_kinds() -> tuple[tuple[str, tuple[Any, ...]], ...]:
    """Return each pair of module and args that occurs in an official graph, once."""
    return tuple((module, tuple(args)) for module, args in _data()["kinds"])


@cache
def official_graphs() -> tuple[OfficialGraph, ...]:
    """Return every architecture that tools/official.py collected."""
    return tuple(OfficialGraph(*graph) for graph in _data()["graphs"])


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(read_regular(Path(__file__).with_name("official.json")))
    return data
