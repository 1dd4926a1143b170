"""Find the layer that a backbone offers at each stride: the last one of its stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

from yamlmod.model.network import Network
from yamlmod.model.refs import IMAGE


def backbone_taps(model: Network) -> Mapping[int, int]:
    """Return the last layer of each stride of the backbone: what its next stage reads."""
    backbone = [row.index for row in model.rows if row.section == "backbone"]
    strides = {layer: model.shapes[layer].stride or 0 for layer in backbone}
    gates = {
        stride: _gates(model, [layer for layer in backbone if strides[layer] > stride])
        for stride in set(strides.values())
    }
    taps: dict[int, int] = {}
    for layer, stride in strides.items():
        if not stride or stride != int(stride):
            continue
        if layer == backbone[-1] or layer in gates[stride]:
            taps[int(stride)] = layer
        elif any(strides.get(read.reader, 0) > stride for read in model.readers(layer)):
            taps.setdefault(int(stride), layer)
    return taps


def _gates(model: Network, ends: Sequence[int]) -> set[int]:
    """Return the layers through which every way from the image to one of ``ends`` leads."""
    if not ends:
        return set()
    reads = [{read.target for read in model.graph.reads[layer]} for layer in range(ends[-1] + 1)]
    reached, leading = {IMAGE}, set(ends)
    for layer, targets in enumerate(reads):
        if not reached.isdisjoint(targets):
            reached.add(layer)
    for layer in reversed(range(len(reads))):
        if layer in leading:
            leading |= reads[layer]
    ways = sorted(reached & leading - {IMAGE})
    # Layers only read earlier ones, so a way that avoids a layer has a read that jumps over it.
    jumps = [0] * (len(reads) + 2)
    for layer in ways:
        for target in reads[layer] & reached:
            jumps[max(target, -1) + 1] += 1
            jumps[layer] -= 1
    first = min(reached.intersection(ends), default=0)
    open_reads = list(accumulate(jumps))
    return {layer for layer in ways if layer < first and not open_reads[layer]}
