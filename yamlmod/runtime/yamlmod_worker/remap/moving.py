"""Decide where every tensor of a checkpoint goes in the edited network."""

from __future__ import annotations

import math
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ..answers import Count, Stock
from ..checkpoints.meanings import Tensor
from ..tensors import layer_of, split_name
from .branches import Branches

_EXCLUDED = "anchor"  # train.py leaves these to the YAML where --cfg is given
Shape = Tuple[int, ...]
Rows = List[Tuple[int, int]]
"""Which row of a tensor becomes which."""


class MovedTensor(NamedTuple):
    """A tensor of the checkpoint: its name in the new network, or why it has none.

    ``rows`` are those that move where a tensor has one for each branch, None where all of it does.
    """

    name: str
    shape: Shape
    target: Optional[str]
    reason: str = ""
    rows: Optional[Rows] = None

    @property
    def complete(self) -> bool:
        """Whether all of it has a place."""
        return self.target is not None and (self.rows is None or len(self.rows) == self.shape[0])

    @property
    def left(self) -> int:
        """Return how many numbers have no place."""
        if self.target is None:
            return math.prod(self.shape)
        return 0 if self.rows is None else _part(self.shape, self.shape[0] - len(self.rows))


class Moves:
    """All tensors of a checkpoint, and the network that they go to."""

    def __init__(
        self,
        tensors: Dict[str, Tensor],
        wanted: Dict[str, Shape],
        pairs: Dict[int, int],
        branches: Sequence[Branches],
    ) -> None:
        self.tensors, self.wanted, self._pairs = tensors, wanted, pairs
        self._branches = {item.joint.old: item for item in branches}
        self.moved = [self._move(name, item.shape) for name, item in tensors.items()]
        self.carried = {item.target: item for item in self.moved if item.target is not None}

    def _move(self, name: str, shape: Shape) -> MovedTensor:
        layer, rest = split_name(name)
        branches = None if layer is None else self._branches.get(layer)
        target = name
        if layer is not None:
            new = self._pairs.get(layer)
            if new is None:
                return MovedTensor(name, shape, None, "its layer was removed")
            if branches is not None:
                place = branches.place(rest)
                if place.name is None:
                    return MovedTensor(name, shape, None, place.reason)
                rest = place.name
            target = "model.{}.{}".format(new, rest)
        there = self.wanted.get(target)
        if there is None:
            return MovedTensor(name, shape, None, "the layer has no such tensor now")
        if branches is not None:
            rows = branches.rows(rest, shape, there)
            if rows is not None:
                kept = [(old, new) for old, new in enumerate(rows) if new is not None]
                lost = "" if len(kept) == len(rows) else "some of its rows have no branch now"
                return MovedTensor(name, shape, target if kept else None, lost, kept)
        if there != shape:
            return MovedTensor(name, shape, None, "its shape is {} now".format(list(there)))
        return MovedTensor(name, shape, target)

    def dropped(self) -> List[Tuple[str, str, int]]:
        return [(item.name, item.reason, item.left) for item in self.moved if not item.complete]

    def new(self) -> List[Tuple[str, int]]:
        """Return what the network has of its own: whole tensors, and rows of some."""
        left = ((name, self._untouched(name, shape)) for name, shape in self.wanted.items())
        return [(name, count) for name, count in left if count or name not in self.carried]

    def _untouched(self, name: str, shape: Shape) -> int:
        item = self.carried.get(name)
        if item is None:
            return math.prod(shape)
        return 0 if item.rows is None else _part(shape, shape[0] - len(item.rows))

    def right(self, kept: Any) -> Count:
        return self._count_of([item.name for item in self.moved if item.complete], kept)

    def stock(self, kept: Any) -> Stock:
        """Return the result of loading by name and shape only: right, and into wrong places."""
        right, wrong, layers = [], [], set()  # type: List[str], List[str], Any
        for item in self.moved:
            if _EXCLUDED in item.name or self.wanted.get(item.name) != item.shape:
                continue
            if item.target == item.name and item.rows is None:
                right.append(item.name)
            else:
                wrong.append(item.name)
                layers.add(layer_of(item.name))
        return {
            "right": self._count_of(right, kept),
            "wrong": self._count_of(wrong, kept),
            "wrong_layers": sorted(layer for layer in layers if layer is not None),
        }

    def _count_of(self, names: List[str], kept: Any) -> Count:
        """Return how many tensors these are, and how many parameters are in them."""
        return len(names), sum(self.tensors[name].numel for name in names if name in kept)


def _part(shape: Shape, rows: int) -> int:
    return rows * math.prod(shape[1:])


def loaded_by_name(out: Dict[str, Shape], network: Dict[str, Shape]) -> Tuple[int, int]:
    """Return the two numbers that train.py prints after `Transferred`.

    ``out`` are the names and shapes in the file, ``network`` those of what train.py builds.
    """
    fitting = [name for name, shape in network.items() if out.get(name) == shape]
    return sum(_EXCLUDED not in name for name in fitting), len(network)
