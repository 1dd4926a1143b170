"""Find what every sigmoid multiplies, and tell activations from gates."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import NamedTuple

from yamlmod.gates.graph import Node
from yamlmod.gates.operators import BINARY, MOVING, SAME, UNARY
from yamlmod.gates.pointwise import made_by_itself, root
from yamlmod.gates.sigmoids import Sigmoid
from yamlmod.gates.values import Values

# No module does so much with its gate, nor takes it so far; what goes on is no longer one.
_STEPS, _FAR = 2000, 100


class PairKind(str, enum.Enum):
    """What a sigmoid and a multiplication are together."""

    silu = "SiLU"
    swish = "Swish"
    hardswish = "HardSwish"
    gate = "gate"
    constant = "by a constant"
    product = "product of sigmoids"
    softmax = "softmax attention"

    @property
    def activates(self) -> bool:
        """Check whether it is an activation: each value by a function of itself."""
        return self in (PairKind.silu, PairKind.swish, PairKind.hardswish)


class Pair(NamedTuple):
    """A sigmoid and the multiplication it reaches, or the one node that is both.

    ``of`` is the value the sigmoid is of, ``times`` the one that it multiplies.
    """

    kind: PairKind
    sigmoid: Node
    product: Node
    of: str
    times: str
    through: tuple[str, ...] = ()
    spelled: str = ""


class _Mark(NamedTuple):
    """The first multiplication on a way that is not a pair by itself."""

    kind: PairKind
    node: Node
    times: str
    through: tuple[str, ...]


class _Step(NamedTuple):
    """Where a walk stands: a value, and the number of what would make its product a SiLU."""

    value: str
    same: int | None
    exact: bool = True
    through: tuple[str, ...] = ()
    mark: _Mark | None = None


def pairs_of(values: Values, sigmoid: Sigmoid) -> list[Pair]:
    """Return what a sigmoid multiplies; nothing where it multiplies nothing.

    What is scaled, or multiplied with other sigmoids, and then multiplies something is that pair
    alone.
    """
    start = sigmoid.node.outputs[0]
    steps, seen = [_Step(start, values.same(sigmoid.of))], {start}
    found: list[Pair] = []
    marks: dict[int, _Mark] = {}
    used: set[int] = set()
    left = _STEPS
    for step in steps:  # grows while it is walked
        for node in values.readers[step.value][:left]:
            values.spend()
            left -= 1
            kind = _kind(values, sigmoid, node, step)
            if kind is not None:
                times = values.others(node, step.value)[0]
                found.append(_pair(kind, sigmoid, node, times, step.through))
                used.update([id(step.mark.node)] if step.mark else [])
                continue
            for after in _onward(values, node, step, sigmoid):
                if after.mark is not None:
                    marks.setdefault(id(after.mark.node), after.mark)
                if after.value not in seen and len(after.through) < _FAR:
                    seen.add(after.value)
                    steps.append(after)
    for key, mark in marks.items():
        if key not in used:
            found.append(_pair(mark.kind, sigmoid, mark.node, mark.times, mark.through))
    return found


def fused(node: Node) -> PairKind | None:
    """Return what a node is that is a sigmoid and a multiplication in one."""
    if node.op == "Swish":
        return PairKind.silu if node.attributes.get("alpha", 1.0) == 1.0 else PairKind.swish
    return {"HardSwish": PairKind.hardswish, "Glu": PairKind.gate}.get(node.op)


def _pair(
    kind: PairKind, sigmoid: Sigmoid, node: Node, times: str, through: tuple[str, ...]
) -> Pair:
    return Pair(kind, sigmoid.node, node, sigmoid.of, times, through, sigmoid.spelled)


def _kind(values: Values, sigmoid: Sigmoid, node: Node, step: _Step) -> PairKind | None:
    if node.op != "Mul" or len(node.inputs) != 2:
        return None
    other = values.others(node, step.value)[0]
    if values.constant(other):
        return None
    if other in values.gating and values.same(other) != step.same:
        return None  # sigmoids among themselves, which may go on
    return _activation(values, sigmoid, step, other) or PairKind.gate


def _activation(values: Values, sigmoid: Sigmoid, step: _Step, other: str) -> PairKind | None:
    if step.same is None:
        return None
    plain = PairKind.hardswish if sigmoid.hard else PairKind.silu
    if values.same(other) == step.same:
        return plain if step.exact else PairKind.swish
    if values.same(values.without_factor(other)) == step.same:
        # x / 6 * clip(x + 3, 0, 6) is the hard one as well.
        return PairKind.hardswish if sigmoid.hard and step.exact else PairKind.swish
    if step.same != values.same(sigmoid.of):
        return None  # moved: another place meets it
    alone = made_by_itself(values, sigmoid.of, root(values, other))
    return PairKind.swish if alone else None


def _onward(values: Values, node: Node, step: _Step, sigmoid: Sigmoid) -> Iterator[_Step]:
    """Yield where a gate goes on behind a node, if it is one there."""
    if not node.outputs or node.outputs[0] not in values.gating:
        return
    if node.outputs[0] in values.sigmoids:
        return  # a walk of its own
    others = values.others(node, step.value) if node.op in BINARY else []
    through, mark = (*step.through, node.op), step.mark
    if node.op == "Mul" and mark is None:
        kind = PairKind.constant if values.constant(others[0]) else PairKind.product
        mark = _Mark(kind, node, others[0], step.through)
    for output in filter(None, node.outputs):
        same, exact = None, step.exact
        if node.op in SAME:
            same = step.same
        elif node.op in MOVING - {"Concat"} and step.same is not None:
            same = values.moved(node, node.inputs.index(step.value), step.same, output)
        elif node.op in UNARY or (node.op in BINARY and all(map(values.scalar, others))):
            same = step.same
            exact = exact and sigmoid.hard and node.op in ("Mul", "Div")
        yield _Step(output, same, exact, through, mark)
