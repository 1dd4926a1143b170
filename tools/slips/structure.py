"""What the generator has to know of a program: strides, ends of stages, places for a new row."""

from __future__ import annotations

import random

from tools.slips.program import Layer, Program, write
from yamlmod.model.document import parse_document
from yamlmod.model.network import Network

ATTENTION = ("CBAM", "SimAM", "ECA", "CoordAtt", "EMA", "SE", "MyGate", "TripletAttention")
JOINS = ("Concat", "Concat_bifpn", "BiFPN_Concat3")
_KEEPS = (
    "C3",
    "C2f",
    "C3k2",
    "C2PSA",
    "SPPF",
    "SPP",
    "BottleneckCSP",
    "RepNCSPELAN4",
    "A2C2f",
    "PSA",
)


def strides(program: Program) -> dict[Layer, float | None]:
    text = write(program, program.numbers(), random.Random(0))
    network = Network.lenient(parse_document(text, "x.yaml"), {})
    return {
        layer: shape.stride
        for layer, shape in zip(program.layers, network.shapes.layers, strict=True)
    }


def stage_ends(program: Program) -> dict[float, Layer]:
    """Return the last layer of the backbone at every stride."""
    of = strides(program)
    return {
        stride: layer
        for layer in program.layers[: program.backbone]
        if (stride := of[layer]) is not None
    }


def blocks(program: Program) -> list[Layer]:
    """Return blocks with one input that keep the stride."""
    return [
        layer
        for layer in program.layers[2:-1]
        if layer.module.startswith(_KEEPS) and len(layer.reads) == 1
    ]


def joins(program: Program) -> list[Layer]:
    return [
        layer
        for layer in program.layers[:-1]
        if layer.module in JOINS and len(layer.reads) > 1 and layer.section == "head"
    ]


def head_reads(program: Program) -> list[Layer]:
    return [read.layer for read in program.head.reads if read.layer is not None]


def place_for_gate(program: Program, rng: random.Random) -> int:
    """Choose a row to put a layer after: mostly a block, as people do."""
    some = blocks(program)
    if some and rng.random() < 0.75:
        return program.places()[rng.choice(some)]
    return rng.randrange(1, len(program.layers) - 1)


def simple(program: Program) -> bool:
    """Check for the plan that most families share: blocks, joins, and a head of three or four."""
    return len(joins(program)) >= 3 and len(program.head.reads) in (3, 4) and program.backbone > 4


def joins_fit(program: Program) -> bool:
    """Check that every join reads one stride."""
    of = strides(program)
    return all(
        len({of[read.layer] for read in join.reads if read.layer is not None} - {None}) < 2
        for join in joins(program)
    )
