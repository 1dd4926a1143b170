"""Layers that take much memory or time, known from the manifests before anything is built."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from yamlmod.checks.subject import template_of
from yamlmod.model.network import Network
from yamlmod.registry.cost import Cost, cost

_SIDE = 256  # the largest of the worker's own sizes
_BIG = 256 * 1024**2
_LONG = 2_000_000_000


class Costly(NamedTuple):
    """A layer that takes much memory or time on the largest image."""

    layer: int
    module: str
    height: int
    width: int
    cost: Cost

    @property
    def line(self) -> str:
        """Return it for a person."""
        parts = [f"layer {self.layer} {self.module} on {self.height}x{self.width}"]
        if self.cost.weights:
            parts.append(
                f"{self.cost.weights / 1e6:,.0f} million attention weights, "
                f"up to {gigabytes(self.cost.bytes)} in training"
            )
        parts.append(f"{self.cost.multiply_adds / 1e9:,.1f} G multiply-adds")
        return ", ".join(parts)


def costly_layers(model: Network, sizes: Sequence[tuple[int, int]]) -> list[Costly]:
    """Return the layers that cost much on the largest of the sizes (height, width)."""
    height, width = max(sizes or ((_SIDE, _SIDE),), key=lambda size: size[0] * size[1])
    layers = []
    for row in model.document.rows:
        template, shape = template_of(row.module), model.shapes[row.index]
        channels = max((c for c in shape.real[:1] if c is not None), default=shape.nominal)
        if template is None or shape.stride is None or channels is None:
            continue
        side = max(int(height / shape.stride), 1), max(int(width / shape.stride), 1)
        layer = Costly(row.index, row.module, *side, cost(template, row.args, channels, *side))
        if layer.cost.bytes >= _BIG or layer.cost.multiply_adds >= _LONG:
            layers.append(layer)
    return layers


def gigabytes(count: int) -> str:
    """Return bytes as GiB."""
    return f"{count / 1024**3:,.1f} GiB"
