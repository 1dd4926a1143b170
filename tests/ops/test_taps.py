"""Taps of a backbone, against a search that takes every layer out in turn."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from yamlmod.model.network import Network
from yamlmod.ops.taps import backbone_taps

_STRIDES = st.sampled_from([1, 2, 4, 4, 8, 8, 16, None, 2.5])


@st.composite
def _networks(draw: st.DrawFn) -> Any:
    count = draw(st.integers(2, 12))
    in_backbone = draw(st.integers(1, count))
    reads: list[list[SimpleNamespace]] = []
    for reader in range(count):
        near = st.sampled_from([reader - 1, reader - 1, *range(-1, reader)])
        targets = draw(st.lists(near, min_size=1, max_size=2))
        reads.append([SimpleNamespace(target=target, reader=reader) for target in targets])
    sections = ["backbone"] * in_backbone + ["head"] * (count - in_backbone)
    return SimpleNamespace(
        rows=[SimpleNamespace(index=i, section=name) for i, name in enumerate(sections)],
        shapes=[SimpleNamespace(stride=draw(_STRIDES)) for _ in range(count)],
        graph=SimpleNamespace(reads=reads),
        readers=lambda layer: [one for row in reads for one in row if one.target == layer],
    )


def _taps(model: Network) -> dict[int, int]:
    backbone = [row.index for row in model.rows if row.section == "backbone"]
    taps: dict[int, int] = {}
    for layer in backbone:
        stride = model.shapes[layer].stride
        if stride is None or stride != int(stride):
            continue
        deeper = [i for i in backbone if (model.shapes[i].stride or 0) > stride]
        reached = {-1}
        for other, reads in enumerate(model.graph.reads):
            if other != layer and any(read.target in reached for read in reads):
                reached.add(other)
        if layer == backbone[-1] or (deeper and not reached.intersection(deeper)):
            taps[int(stride)] = layer
        elif any(read.reader in deeper for read in model.readers(layer)):
            taps.setdefault(int(stride), layer)
    return taps


@given(_networks())
def test_taps_are_those_of_a_search(model: Network) -> None:
    assert backbone_taps(model) == _taps(model)
