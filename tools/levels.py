"""Put a module that joins three levels between them and the head."""

from __future__ import annotations

from yamlmod.errors import Refusal
from yamlmod.model.network import Network
from yamlmod.ops.operations.insert.plan import insert
from yamlmod.ops.operations.insert.request import Request
from yamlmod.ops.outcome import Outcome
from yamlmod.ops.positions import resolve_positions
from yamlmod.registry.template import Template


def head_levels(model: Network) -> list[int]:
    """Return the three layers that the head reads, the deepest first; empty for another head."""
    layers = [read.target for read in model.graph.reads[model.graph.head]]
    layers.sort(key=lambda layer: -(model.shapes[layer].stride or 0))
    return layers if len(set(layers)) == 3 else []


def with_levels(model: Network, template: Template, count: int) -> Outcome:
    """Insert the module for the first ``count`` levels, each for its reads by the head."""
    layers = head_levels(model)
    if not layers:
        raise Refusal("no-place", "the head does not read three levels")
    edges = [f"{layer}:{model.graph.head}" for layer in layers[:count]]
    positions = tuple(resolve_positions(model, edge=edges, at_end=True))
    sources = tuple(layers)
    return insert(model, Request(template.name, positions, sources=sources, template=template))
