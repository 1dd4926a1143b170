"""Everything that is found in a graph: pairs with their places, sigmoids that multiply nothing."""

from __future__ import annotations

from typing import NamedTuple

from yamlmod.gates.graph import Graph, Node
from yamlmod.gates.operators import ATTENTION, CONVOLUTIONS, SAME
from yamlmod.gates.pairs import Kind, Pair, fused, pairs_of
from yamlmod.gates.places import Place, at, place_of
from yamlmod.gates.softmaxes import softmax_pairs
from yamlmod.gates.values import Values

_BETWEEN = SAME | {"BatchNormalization"}


class Found(NamedTuple):
    """A pair and where it stands."""

    pair: Pair
    place: Place


class Findings(NamedTuple):
    """What is found in a graph.

    ``alone`` are sigmoids that multiply nothing; ``convolutions`` counts them, ``activated`` those
    whose output goes into a SiLU or a relative of it.
    """

    found: list[Found]
    alone: list[Place]
    sigmoids: int
    convolutions: int
    activated: int
    nodes: int

    def count(self, kind: Kind) -> int:
        """Return how many pairs are of a kind."""
        return sum(one.pair.kind is kind for one in self.found)


def examine(graph: Graph) -> Findings:
    """Find all pairs of a graph, in the order of its computation."""
    values = Values(graph)
    pairs: list[Pair] = []
    alone: list[Place] = []
    sigmoids = 0
    for node in values.nodes:
        sigmoid = values.sigmoids.get(node.outputs[0]) if node.outputs else None
        kind = fused(node)
        if sigmoid is not None:
            sigmoids += 1
            new = pairs_of(values, sigmoid)
            pairs += new
            if not new:
                alone.append(_place_alone(values, sigmoid.node, sigmoid.of, graph))
        elif kind is not None and node.inputs and not values.constant(node.inputs[0]):
            pairs.append(Pair(kind, node, node, node.inputs[0], node.inputs[0]))
        elif node.op in ATTENTION and node.inputs:
            pairs.append(Pair(Kind.softmax, node, node, node.inputs[0], node.inputs[-1]))
        elif node.op == "Softmax" and node.inputs:
            pairs += softmax_pairs(values, node)
    found = [Found(pair, place_of(values, pair, graph.classes)) for pair in pairs]
    convolutions = [
        node
        for node in values.nodes
        if node.op in CONVOLUTIONS and node.inputs and not values.constant(node.inputs[0])
    ]
    activated = {_behind(values, pair.of) for pair in pairs if pair.kind.activates}
    count = sum(node.outputs[0] in activated for node in convolutions)
    return Findings(found, alone, sigmoids, len(convolutions), count, len(values.nodes))


def _place_alone(values: Values, node: Node, of: str, graph: Graph) -> Place:
    if node.path is not None:
        return at(node.path, graph.classes, "scope")
    pair = Pair(Kind.silu, node, node, of, of)
    return place_of(values, pair, graph.classes)


def _behind(values: Values, value: str) -> str:
    """Return the output of the operator that a value comes from, past what changes little."""
    for _ in range(8):
        node = values.maker.get(value)
        if node is None or node.op not in _BETWEEN or not node.inputs:
            break
        value = node.inputs[0]
    return value
