"""Networks to draw: every official graph, as the text of a model YAML."""

from __future__ import annotations

import json
from functools import cache

from yamlmod.model.network import Network
from yamlmod.ops.network import read_network
from yamlmod.registry.official import OfficialGraph, official_graphs


def official_names() -> list[str]:
    return [f"{number} {graph.name}" for number, graph in enumerate(official_graphs())]


@cache
def official_network(name: str) -> Network:
    graph = official_graphs()[int(name.partition(" ")[0])]
    return read_network(text_of(graph), f"{name}.yaml")


def text_of(graph: OfficialGraph) -> str:
    rows = [
        f"  - {json.dumps([row.source, row.repeats, row.module, list(row.args)])}\n"
        for row in graph.rows
    ]
    first, last = "".join(rows[: graph.backbone]), "".join(rows[graph.backbone :])
    return f"nc: 80\nanchors: 3\nbackbone:\n{first}head:\n{last}"


def network_of(*rows: str, backbone: int = 1, settings: str = "nc: 1\n") -> Network:
    """Return a network of rows; the first ``backbone`` of them are its backbone."""
    lines = [f"  - {row}\n" for row in rows]
    return read_network(
        f"{settings}backbone:\n{''.join(lines[:backbone])}head:\n{''.join(lines[backbone:])}",
        "net.yaml",
    )
