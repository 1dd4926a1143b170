"""Find softmax attention: weights that sum to one and multiply something else."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.gates.graph import Node
from yamlmod.gates.operators import BINARY, MOVING, SAME, SUMS_OF_PRODUCTS
from yamlmod.gates.pairs import Pair, PairKind
from yamlmod.gates.values import Values

_STEPS, _FAR = 2000, 100


def softmax_pairs(values: Values, softmax: Node) -> Iterator[Pair]:
    """Yield each product of a softmax with something that is not a constant."""
    steps: list[tuple[str, tuple[str, ...]]] = [(softmax.outputs[0], ())]
    seen = {softmax.outputs[0]}
    left = _STEPS
    for value, through in steps:  # grows while it is walked
        for node in values.readers[value][:left]:
            values.spend()
            left -= 1
            joins = node.op in BINARY | SUMS_OF_PRODUCTS
            others = values.others(node, value) if joins else []
            fixed = all(values.constant(other) for other in others)
            if not fixed and node.op in SUMS_OF_PRODUCTS | {"Mul"}:
                kind = PairKind.softmax
                yield Pair(kind, softmax, node, softmax.inputs[0], others[0], through)
            elif len(through) < _FAR and (
                node.op in SAME | MOVING or (fixed and node.op in BINARY)
            ):
                after = [output for output in node.outputs if output and output not in seen]
                seen.update(after)
                steps += [(one, (*through, node.op)) for one in after]
