"""Strides for the rows of a drawing, also after a module that is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from yamlmod.model.channels import bounded_stride
from yamlmod.model.known_modules import JOINS, OF_ONE_INPUT, Kind
from yamlmod.model.network import Network

# At least this part of the strides must be known for rows by stride.
_ENOUGH = 0.5
_KEPT = Kind("same")


class DrawnStrides(NamedTuple):
    """A stride for each layer, None where it is not known.

    ``assumed`` are the modules that are taken to keep the stride of their input.
    """

    layers: tuple[float | None, ...]
    assumed: tuple[str, ...] = ()

    @property
    def are_enough(self) -> bool:
        known = sum(stride is not None for stride in self.layers)
        return known >= _ENOUGH * len(self.layers)


def drawn_strides(network: Network, read: Mapping[int, float] | None = None) -> DrawnStrides:
    """Return the strides to draw; ``read`` are those that a fork's code gives.

    An unknown module is assumed to keep its input's stride if every Concat of the file then joins
    equal strides. If not, only what is known counts.
    """
    read = read or {}
    known = tuple(
        read.get(index, shape.stride) for index, shape in enumerate(network.shapes.layers)
    )
    assumed, modules = _assumed(network, read)
    if _is_consistent(network, assumed):
        return DrawnStrides(assumed, modules)
    return DrawnStrides(_completed(network, known))


def _completed(network: Network, layers: Sequence[float | None]) -> tuple[float | None, ...]:
    """Give heads no stride: they are drawn at the level of their inputs."""
    return tuple(None if network.is_head(index) else stride for index, stride in enumerate(layers))


def _assumed(
    network: Network, read: Mapping[int, float]
) -> tuple[tuple[float | None, ...], tuple[str, ...]]:
    done: list[float | None] = []
    modules: dict[str, None] = {}
    anew = set(network.second_streams)
    for row, reads in zip(network.rows, network.graph.reads, strict=True):
        inputs = [1.0 if read.target < 0 else done[read.target] for read in reads]
        if row.index in anew:
            inputs = [1.0]
        if row.index in read:
            done.append(read[row.index])
            continue
        kind = network.kind(row.module)
        if not inputs or network.is_head(row.index):
            done.append(None)
            continue
        if kind is None:
            modules[row.module] = None
        stride = bounded_stride(kind or _KEPT, row, inputs)
        if stride is None and kind is not None and kind.channels == "many":
            stride = inputs[0]
        done.append(stride)
    return tuple(done), tuple(modules)


def _is_consistent(network: Network, layers: Sequence[float | None]) -> bool:
    for row, reads in zip(network.rows, network.graph.reads, strict=True):
        kind = network.kind(row.module)
        if kind is None or kind.channels not in JOINS or kind.stride in OF_ONE_INPUT:
            continue
        strides = {1.0 if read.target < 0 else layers[read.target] for read in reads}
        if len(strides - {None}) > 1:
            return False
    return all(stride is None or 1 <= stride <= 256 for stride in layers)
