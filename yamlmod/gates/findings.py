"""The findings in a graph: pairs with their places, and unused sigmoids."""

from __future__ import annotations

from typing import NamedTuple

from yamlmod.gates.graph import Node, NodeGraph
from yamlmod.gates.operators import ATTENTION, CONVOLUTIONS, SAME, SUMS_OF_PRODUCTS
from yamlmod.gates.pairs import Pair, PairKind, fused, pairs_of
from yamlmod.gates.places import GraphPlace, at, place_of
from yamlmod.gates.pointwise import made_by_itself, root
from yamlmod.gates.softmaxes import softmax_pairs
from yamlmod.gates.values import Values

_DEVIATIONS = frozenset({"Sqrt", "Reciprocal"})
_BETWEEN = SAME | {"BatchNormalization"}


class Found(NamedTuple):
    """A pair and where it is."""

    pair: Pair
    place: GraphPlace


class Findings(NamedTuple):
    """What is found in a graph.

    ``alone`` are sigmoids that multiply nothing, ``products`` multiplications of two values without
    a sigmoid; ``activated`` counts the convolutions whose output goes into an activation of these;
    ``unknown`` names operators that could do anything.
    """

    found: list[Found]
    alone: list[GraphPlace]
    products: list[GraphPlace]
    sigmoids: int
    convolutions: int
    activated: int
    nodes: int
    unknown: list[str]

    def count(self, kind: PairKind) -> int:
        return sum(one.pair.kind is kind for one in self.found)


def examine(graph: NodeGraph) -> Findings:
    """Find all pairs of a graph, in the order of its computation."""
    values = Values(graph)
    pairs: list[Pair] = []
    alone: list[GraphPlace] = []
    sigmoids = 0
    for node in values.nodes:
        sigmoid = values.sigmoids.get(node.outputs[0]) if node.outputs else None
        kind = fused(node)
        if sigmoid is not None:
            sigmoids += 1
            new = pairs_of(values, sigmoid)
            pairs += new
            if not new:
                alone.append(_place(values, sigmoid.node, sigmoid.of, graph))
        elif kind is not None and node.inputs and not values.constant(node.inputs[0]):
            pairs.append(Pair(kind, node, node, node.inputs[0], node.inputs[0]))
        elif node.op in ATTENTION and node.inputs:
            pairs.append(Pair(PairKind.softmax, node, node, node.inputs[0], node.inputs[-1]))
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
    unknown = {
        node.op
        for node in values.nodes
        if "::" in node.op and not node.op.startswith(("aten::", "prim::"))
    }
    return Findings(
        found=found,
        alone=alone,
        products=_products(values, graph, found),
        sigmoids=sigmoids,
        convolutions=len(convolutions),
        activated=count,
        nodes=len(values.nodes),
        unknown=sorted(unknown),
    )


def _products(values: Values, graph: NodeGraph, found: list[Found]) -> list[GraphPlace]:
    """Return where two values are multiplied that are no pair, nor lead to a softmax."""
    used = {id(one.pair.product) for one in found}
    softmaxes = {one.place.layer for one in found if one.pair.kind is PairKind.softmax}
    products = []
    for node in values.nodes:
        if id(node) in used or len(node.inputs) != 2 or node.op not in ("Mul", *SUMS_OF_PRODUCTS):
            continue
        if _joins(values, node):
            place = _place(values, node, node.inputs[0], graph)
            # Queries times keys are part of the attention that their softmax represents.
            if node.op == "Mul" or place.layer not in softmaxes:
                products.append(place)
    return products


def _joins(values: Values, node: Node) -> bool:
    """Check whether a product joins two values of which neither is made of the other, or a gate."""
    one, other = node.inputs
    if any(_divides(values, value) for value in node.inputs):
        return False  # a normalisation, written out
    if any(values.constant(value) or value in values.gating for value in node.inputs):
        return False
    alone = made_by_itself(values, one, root(values, other))
    return not (alone or made_by_itself(values, other, root(values, one)))


def _divides(values: Values, value: str) -> bool:
    """Check whether a value is one over another, or a root: a product with it is a division."""
    node = values.maker.get(_behind(values, value))
    if node is None:
        return False
    return node.op in _DEVIATIONS or (node.op == "Div" and values.constant(node.inputs[0]))


def _place(values: Values, node: Node, of: str, graph: NodeGraph) -> GraphPlace:
    if node.path is not None:
        return at(node.path, graph.classes, "scope")
    pair = Pair(PairKind.silu, node, node, of, of)
    return place_of(values, pair, graph.classes)


def _behind(values: Values, value: str) -> str:
    """Return the output of the operator that a value comes from, past what changes little."""
    for _ in range(8):
        node = values.maker.get(value)
        if node is None or node.op not in _BETWEEN or not node.inputs:
            break
        value = node.inputs[0]
    return value
