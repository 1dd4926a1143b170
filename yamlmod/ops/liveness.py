"""Which layers an edit cuts off from the head: told from the wiring, nothing is parsed."""

from __future__ import annotations

from collections.abc import Sequence

from yamlmod.model.graph import SIDE_EFFECT, reachable
from yamlmod.ops.positions import Model


def alive_layers(model: Model) -> frozenset[int]:
    """Return the layers whose output reaches the head, or that work by side effect."""
    return model.alive


def lost_layers(
    before: Model,
    inputs: list[list[int]],
    modules: Sequence[str],
    mapping: Sequence[int | None],
) -> list[int]:
    """Return the layers that were alive before an edit and are dead after it.

    ``inputs`` and ``modules`` are those of the edited model, by its own indices; its head is last.
    """
    roots = [layer for layer, module in enumerate(modules) if module in SIDE_EFFECT]
    alive = reachable(inputs, [len(inputs) - 1, *roots])
    old = [now for layer, now in enumerate(mapping) if layer in before.alive and now is not None]
    return [layer for layer in old if layer not in alive]
