"""Find the layers of several inputs whose inputs differ in two models, and where each came from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from yamlmod.model.network import Network
from yamlmod.ops.layer_map import Following


@dataclass(frozen=True)
class JointInputs:
    """A layer in both models; each input of it as a layer of the old one, None if it is new."""

    old: int
    new: int
    reads: tuple[int, ...]
    sources: tuple[int | None, ...]
    origins: tuple[int | None, ...]
    strides: tuple[tuple[float | None, ...], tuple[float | None, ...]]

    @property
    def same(self) -> bool:
        """Whether the inputs are the same in number and order, as far as the files tell."""
        pairs = zip(*self.strides, strict=False)
        return self.sources == self.origins and all(a == b for a, b in pairs if a and b)

    def as_data(self) -> dict[str, Any]:
        return {**vars(self), "strides": [list(strides) for strides in self.strides]}


def changed_inputs(before: Network, after: Network, layers: Following) -> Iterator[JointInputs]:
    """Yield the layers of several inputs, such as the head, that read others than before."""
    to_old = {new: old for old, new in layers.pairs}
    removed = [old for old in range(len(before.rows)) if old not in dict(layers.pairs)]
    added = [new for new in range(len(after.rows)) if new not in to_old]
    for old, new in layers.pairs:
        reads = before.wiring.inputs[old], after.wiring.inputs[new]
        if max(map(len, reads)) < 2:
            continue
        joint = JointInputs(
            old,
            new,
            reads[0],
            tuple(_behind(before, source, removed) for source in reads[0]),
            tuple(to_old.get(_behind(after, source, added)) for source in reads[1]),
            (_strides(before, reads[0]), _strides(after, reads[1])),
        )
        if not joint.same:
            yield joint


def _behind(model: Network, layer: int, without: Collection[int]) -> int:
    """Return the layer that remains where some layers are left out."""
    return model.wiring.through(layer, without)[-1]


def _strides(model: Network, layers: Sequence[int]) -> tuple[float | None, ...]:
    return tuple(model.shapes[layer].stride for layer in layers)
