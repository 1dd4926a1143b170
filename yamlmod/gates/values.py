"""Collect facts on every value of a graph in one pass over its nodes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable

from yamlmod.errors import Refusal
from yamlmod.gates.graph import Constant, Node, NodeGraph, in_order
from yamlmod.gates.operators import BINARY, MEANS, MOVING, SAME, SHAPES, UNARY, sound
from yamlmod.gates.sigmoids import Sigmoid, sigmoid_of

_MADE_OF_NOTHING = Constant(None)
# A network of a hundred sigmoids takes some thousands.
_STEPS = 1_000_000
_FACTORS = frozenset({"Mul", "Div"})


class Values:
    """Makers and readers of values, which are constant, and which are the same."""

    def __init__(self, graph: NodeGraph) -> None:
        self.nodes = [
            node if sound(node.op, node.inputs, node.outputs) else node._replace(op="?")
            for node in in_order(graph.nodes)
        ]
        self._spent = 0
        self.constants = dict(graph.constants)
        self.maker: dict[str, Node] = {}
        self.readers: dict[str, list[Node]] = defaultdict(list)
        self._numbers: dict[str, int] = {}
        self._known: dict[Hashable, int] = {}
        self.sigmoids: dict[str, Sigmoid] = {}
        # Values that hold nothing but sigmoids, moved about, scaled or multiplied with each other.
        self.gating: set[str] = set()
        for node in self.nodes:
            self._add(node)

    def spend(self) -> None:
        """Count a step of a search. Raises Refusal where there are more than any network takes."""
        self._spent += 1
        if self._spent > _STEPS:
            raise Refusal("too-large", f"the graph takes more than {_STEPS:,} steps to search")

    def constant(self, value: str) -> bool:
        """Check whether a value does not depend on the image; its shape does not count."""
        return value in self.constants

    def number(self, value: str) -> float | None:
        """Return the one number that a constant is, where it is one and known."""
        found = self.constants.get(value)
        return found.value if found else None

    def scalar(self, value: str) -> bool:
        """Check whether a value is a single number for all places and channels."""
        found = self.constants.get(value)
        return found is not None and found.size == 1

    def same(self, value: str) -> int:
        """Return a number that two values share where they are certainly equal."""
        if value not in self._numbers:
            self._numbers[value] = self._number(("value", value))
        return self._numbers[value]

    def moved(self, node: Node, place: int, same: int, output: str) -> int:
        """Return the number of what a moving node makes of another value at one of its inputs."""
        numbers = [self.same(one) for one in node.inputs]
        numbers[place] = same
        return self._number(self._key(node, numbers, node.outputs.index(output)))

    def others(self, node: Node, value: str) -> list[str]:
        """Return the operands of a node besides a value; one that is there twice stays once."""
        found = [one for one in node.inputs if one]
        found.remove(value)
        return found

    def without_factor(self, value: str) -> str:
        """Return a value without the single numbers that it is multiplied with."""
        for _ in range(8):
            node = self.maker.get(value)
            if node is None:
                break
            if node.op in SAME or (node.op in _FACTORS and self.scalar(node.inputs[1])):
                value = node.inputs[0]
            elif node.op == "Mul" and self.scalar(node.inputs[0]):
                value = node.inputs[1]
            else:
                break
        return value

    def _add(self, node: Node) -> None:
        inputs = [value for value in node.inputs if value]
        for value in dict.fromkeys(inputs):
            self.readers[value].append(node)
        fixed = node.op in SHAPES or all(value in self.constants for value in inputs)
        for place, value in enumerate(node.outputs):
            if not value:
                continue
            self.maker[value] = node
            if fixed and value not in self.constants:
                self.constants[value] = self._made(node)
            if node.op in SAME and inputs:
                self._numbers[value] = self.same(inputs[0])
            elif node.op in MOVING:
                numbers = [self.same(one) for one in node.inputs]
                self._numbers[value] = self._number(self._key(node, numbers, place))
        if fixed:
            return
        sigmoid = sigmoid_of(self, node)
        if sigmoid is not None:
            self.sigmoids[node.outputs[0]] = sigmoid
        if sigmoid is not None or self._keeps_gates(node, inputs):
            self.gating.update(value for value in node.outputs if value)

    def _made(self, node: Node) -> Constant:
        """Return what is known of a constant that a node makes of others."""
        found = [self.constants.get(value, _MADE_OF_NOTHING) for value in node.inputs if value]
        if not found or node.op in SHAPES:
            return _MADE_OF_NOTHING
        if node.op in SAME | (MOVING - {"Concat"}):
            return found[0] if found[0].size == 1 else _MADE_OF_NOTHING
        alone = node.op in BINARY | UNARY and all(one.size == 1 for one in found)
        return Constant(1) if alone else _MADE_OF_NOTHING

    def _keeps_gates(self, node: Node, inputs: list[str]) -> bool:
        if node.op == "Where":
            inputs = inputs[1:]  # the condition is not a part of the result
        if not any(value in self.gating for value in inputs):
            return False
        # A product with a constant matrix is a mean with other shares.
        if node.op in BINARY | {"Concat", "MatMul", "Gemm"}:
            return all(value in self.gating or value in self.constants for value in inputs)
        return inputs[0] in self.gating and node.op in SAME | MOVING | MEANS | UNARY

    def _key(self, node: Node, numbers: list[int], place: int) -> Hashable:
        return node.op, place, tuple(numbers), tuple(sorted(node.attributes.items(), key=str))

    def _number(self, key: Hashable) -> int:
        return self._known.setdefault(key, len(self._known))
