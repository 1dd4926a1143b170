"""Find sigmoids: single operators, or compositions of several."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from yamlmod.gates.graph import Node
from yamlmod.gates.operators import SAME

if TYPE_CHECKING:
    from yamlmod.gates.values import Values


class Sigmoid(NamedTuple):
    """A sigmoid: its last node, what it is of, and how the file says it."""

    node: Node
    of: str
    hard: bool = False
    spelled: str = ""


def sigmoid_of(values: Values, node: Node) -> Sigmoid | None:
    """Return the sigmoid that a node's first output is, or None."""
    if node.op in ("Sigmoid", "HardSigmoid"):
        return Sigmoid(node, node.inputs[0], node.op == "HardSigmoid")
    found = None
    if node.op == "Div" and values.number(node.inputs[0]) == 1:
        found = _of_exponential(values, node.inputs[1])
    elif node.op == "Reciprocal":
        found = _of_exponential(values, node.inputs[0])
    if found is not None:
        return Sigmoid(node, found, spelled="1 / (1 + exp(-x))")
    found = _of_clipped(values, node)
    return None if found is None else Sigmoid(node, found, True, "clip(x + 3, 0, 6)")


def _of_exponential(values: Values, value: str) -> str | None:
    """Return x of 1 + exp(-x)."""
    added = _with_number(values, value, "Add")
    if added is None or added[1] != 1:
        return None
    exp = _behind(values, added[0])
    if exp is None or exp.op != "Exp":
        return None
    negative = _behind(values, exp.inputs[0])
    if negative is None:
        return None
    if negative.op == "Neg":
        return negative.inputs[0]
    factor = _with_number(values, exp.inputs[0], "Mul")
    return factor[0] if factor is not None and factor[1] == -1 else None


def _of_clipped(values: Values, node: Node) -> str | None:
    """Return x of clip(a * x + b, 0, 2 * b): a hard sigmoid, up to a factor."""
    if node.op != "Clip":
        return None
    least, most = (_bound(values, node, key, i) for i, key in ((1, "min"), (2, "max")))
    added = _with_number(values, node.inputs[0], "Add")
    if added is None or least != 0 or not most or not math.isclose(most, 2 * added[1]):
        return None
    return values.without_factor(added[0])


def _bound(values: Values, node: Node, key: str, place: int) -> float | None:
    if key in node.attributes:  # before opset 11
        given = node.attributes[key]
        return float(given) if isinstance(given, int | float) else None
    return values.number(node.inputs[place]) if len(node.inputs) > place else None


def _with_number(values: Values, value: str, op: str) -> tuple[str, float] | None:
    """Return the other input and the number of `other op number`, in either order."""
    node = _behind(values, value)
    if node is None or node.op != op or len(node.inputs) != 2:
        return None
    for one, other in (node.inputs, node.inputs[::-1]):
        number = values.number(other)
        if number is not None and not values.constant(one):
            return one, number
    return None


def _behind(values: Values, value: str) -> Node | None:
    """Return the node that makes a value, past those that change nothing."""
    for _ in range(8):
        node = values.maker.get(value)
        if node is None or node.op not in SAME or not node.inputs:
            return node
        value = node.inputs[0]
    return None
