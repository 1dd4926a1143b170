"""Check whether one value is an elementwise function of another."""

from __future__ import annotations

from yamlmod.gates.operators import BINARY, SAME, UNARY
from yamlmod.gates.values import Values

# No activation is spelled with about so many nodes.
_STEPS = 64


def made_by_itself(values: Values, value: str, source: str) -> bool:
    """Check whether each number of a value comes from its own number of the source alone.

    A factor may be one per channel, as in a Swish with a learned factor; a summand may not: that is
    a normalisation, and no part of an activation.
    """
    wanted = values.same(source)
    todo, seen = [value], {value}
    for one in todo:  # grows while it is walked
        values.spend()
        if values.same(one) == wanted:
            continue
        node = values.maker.get(one)
        if node is None or len(seen) > _STEPS or node.op not in SAME | UNARY | BINARY:
            return False
        factors = node.op in ("Mul", "Div")
        for operand in node.inputs:
            if values.constant(operand):
                if not (factors or values.scalar(operand)):
                    return False
            elif operand and operand not in seen:
                seen.add(operand)
                todo.append(operand)
    return True


def root(values: Values, value: str) -> str:
    """Return what a value is a function of, down a chain of operators of one operand each."""
    for _ in range(_STEPS):
        values.spend()
        node = values.maker.get(value)
        if node is None or node.op not in SAME | UNARY | BINARY:
            break
        operands = [one for one in node.inputs if one and not values.scalar(one)]
        if len(operands) != 1 or values.constant(operands[0]):
            break
        value = operands[0]
    return value
