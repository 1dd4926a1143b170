"""Refuse a new layer that changes the size of the maps of older ones."""

from __future__ import annotations

from collections.abc import Sequence

from yamlmod.errors import Refusal, one_of
from yamlmod.model.network import Network
from yamlmod.ops.network import read_network


def refuse_new_strides(model: Network, text: str, mapping: Sequence[int], module: str) -> None:
    """Refuse an insertion after which a layer, or an input of the head, has another stride."""
    after = read_network(text, model.document.shown)
    changed = [
        layer
        for layer, new in enumerate(mapping)
        if model.shapes[layer].stride != after.shapes[new].stride
    ]
    head = model.graph.head
    old = [model.shapes[read.target].stride for read in model.graph.reads[head]]
    now = [after.shapes[read.target].stride for read in after.graph.reads[mapping[head]]]
    if changed or old != now:
        names = [model.document.describe(layer) for layer in changed or [head]]
        row = model.document.rows[changed[0] if changed else head]
        raise Refusal(
            "changes-stride",
            f"{module} changes the size of the map, and {one_of(names, 3)} would get "
            "maps of another size",
            place=model.document.place(row.start, row.end),
            hint="to exchange the layer that changes the size there, use `yamlmod replace`; for a "
            "branch of its own, insert it with --readers none --allow-dead",
        )
