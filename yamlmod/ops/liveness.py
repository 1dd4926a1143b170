"""Which layers an edit cuts off from the head."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from yamlmod.model.graph import side_effects
from yamlmod.ops.positions import Model


def alive_layers(model: Model) -> frozenset[int]:
    """Return the layers whose output reaches the head, or that work by side effect."""
    return model.graph.alive(side_effects(model.document.rows))


def lost_layers(
    before: Model, after: Model, mapping: Sequence[int | None], new: Iterable[int] = ()
) -> list[int]:
    """Return the layers of ``after`` that are dead: new ones, and old ones that were alive."""
    alive = alive_layers(after)
    old = [mapping[layer] for layer in sorted(alive_layers(before))]
    return [layer for layer in [*new, *old] if layer is not None and layer not in alive]
