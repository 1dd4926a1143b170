"""Find the layer that a backbone offers at each stride: the last one of its stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from yamlmod.model.network import Network
from yamlmod.model.refs import IMAGE


def backbone_taps(model: Network) -> Mapping[int, int]:
    """Return the last layer of each stride of the backbone: what its next stage reads."""
    backbone = [row.index for row in model.rows if row.section == "backbone"]
    strides = {i: model.shapes[i].stride for i in backbone}
    taps: dict[int, int] = {}
    for layer, stride in strides.items():
        if stride is None or stride != int(stride):
            continue
        deeper = [i for i in backbone if (strides[i] or 0) > stride]
        is_read = any(read.reader in deeper for read in model.readers(layer))
        if layer == backbone[-1] or _leads_all(model, layer, deeper):
            taps[int(stride)] = layer
        elif is_read:
            taps.setdefault(int(stride), layer)
    return taps


def _leads_all(model: Network, layer: int, deeper: Sequence[int]) -> bool:
    """Whether every way from the image to the deeper layers of the backbone is through one."""
    free = {IMAGE}
    for other in range(deeper[-1] + 1) if deeper else ():
        reads = {read.target for read in model.graph.reads[other]}
        if other != layer and not free.isdisjoint(reads):
            free.add(other)
    return bool(deeper) and free.isdisjoint(deeper)
