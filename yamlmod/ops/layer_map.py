"""Match the layers of two models, so that weights can follow them."""

from __future__ import annotations

from dataclasses import dataclass

from yamlmod.model.document import Row
from yamlmod.model.network import Network
from yamlmod.model.parse import value_key
from yamlmod.ops.compare import Comparison, compare


@dataclass(frozen=True)
class Following:
    """Layers of the old model with what they became; ``moved`` are those that changed places."""

    pairs: tuple[tuple[int, int], ...]
    moved: tuple[tuple[int, int], ...]
    added: tuple[int, ...]
    removed: tuple[int, ...]
    comparison: Comparison

    @property
    def difference(self) -> str:
        """Name the differences other than new layers; empty if there are none."""
        comparison = self.comparison
        kinds = {
            "layers were removed": self.removed,
            "layers were moved": self.moved,
            "layers have another module or args": comparison.changes,
            "layers have other inputs": (*comparison.rewired, *comparison.gained, *comparison.lost),
            "settings differ": comparison.settings,
        }
        return ", ".join(text for text, there in kinds.items() if there)


def follow(before: Network, after: Network) -> Following:
    """Pair the layers of two models; a removed row that was added elsewhere is the same layer.

    The alignment keeps the order, so a layer that was moved shows as removed and added. Rows that
    say the same are paired in order, and only where as many were removed as added.
    """
    comparison = compare(before, after)
    old, new = before.document.rows, after.document.rows
    gone = _by_what([old[layer] for layer in comparison.removed])
    come = _by_what([new[layer] for layer in comparison.added])
    moved = tuple(
        pair
        for key, layers in gone.items()
        if len(layers) == len(come.get(key, ()))
        for pair in zip(layers, come[key], strict=True)
    )
    from_old, to_new = {a for a, _ in moved}, {b for _, b in moved}
    return Following(
        pairs=tuple(sorted((*comparison.alignment.pairs, *moved))),
        moved=moved,
        added=tuple(layer for layer in comparison.added if layer not in to_new),
        removed=tuple(layer for layer in comparison.removed if layer not in from_old),
        comparison=comparison,
    )


def _by_what(rows: list[Row]) -> dict[tuple[str, str, str], list[int]]:
    layers: dict[tuple[str, str, str], list[int]] = {}
    for row in rows:
        key = row.module, value_key(row.args), value_key(row.repeats)
        layers.setdefault(key, []).append(row.index)
    return layers
