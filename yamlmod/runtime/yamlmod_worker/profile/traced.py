"""Count FLOPs of one layer from its trace, for a torch without a counter (before 2.1).

A trace records every operator with the sizes of its operands, so functional attention is in it.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Set

from ..refused import Refused

# Operators that multiply matrices inside and have no formula here: reported by name.
_HEAVY = ("lstm", "gru", "rnn_", "cdist", "bilinear", "addbmm", "tensordot", "conv_tbc", "deform",
          "fft_", "_native_multi_head", "_transformer_encoder", "chain_matmul")  # fmt: skip
_LIGHT = "upsample"  # of these some are called bilinear


def count_trace(layer: Any, inputs: Any, missed: Set[str]) -> int:
    """Return the FLOPs of a layer for these inputs; what has no formula goes into ``missed``.

    Raises Refused for an operator whose sizes are not in the trace.
    """
    import torch

    tracer: Any = torch.jit
    graph = tracer._get_trace_graph(layer, inputs)[0]
    total = 0
    for node in _nodes(graph):
        space, _, name = node.kind().partition("::")
        count = _FORMULAS.get(name) if space == "aten" else None
        if count is not None:
            total += count(node)
        elif space not in ("aten", "prim", "onnx") or _is_heavy(name):
            missed.add(node.kind())
    return total


def _is_heavy(name: str) -> bool:
    return any(word in name for word in _HEAVY) and not name.startswith(_LIGHT)


def _nodes(block: Any) -> List[Any]:
    nodes = []
    for node in block.nodes():
        nodes.append(node)
        for inner in node.blocks():
            nodes += _nodes(inner)
    return nodes


def _sizes(value: Any) -> List[int]:
    try:
        sizes = value.type().sizes()
    except RuntimeError:
        sizes = None
    if sizes is None:
        name = value.node().kind()
        raise Refused("no-sizes", "the trace has no sizes for {}".format(name))
    return [int(size) for size in sizes]


def _product(sizes: List[int]) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total


def _matrices(first: int) -> Callable[[Any], int]:
    """Return the formula of a product whose left operand is the ``first`` input."""

    def count(node: Any) -> int:
        operands = list(node.inputs())
        return 2 * _product(_sizes(node.output())) * _sizes(operands[first])[-1]

    return count


def _convolution(node: Any) -> int:
    inputs = list(node.inputs())
    return _convolved(node, bool(inputs[6].toIValue()))


def _convolved(node: Any, transposed: bool) -> int:
    inputs = list(node.inputs())
    kernel = _product(_sizes(inputs[1])[1:])  # the channels of one group, and the window
    reached = _sizes(inputs[0]) if transposed else _sizes(node.output())
    return 2 * _product(reached) * kernel


def _einsum(node: Any) -> int:
    inputs = list(node.inputs())
    equation = inputs[0].toIValue()
    operands = [_sizes(operand) for operand in inputs[1].node().inputs()]
    return einsum_flops(equation, operands)


def einsum_flops(equation: str, operands: List[List[int]]) -> int:
    """Return the FLOPs of an einsum of one or two tensors. Raises Refused for more."""
    left, arrow, out = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(operands) == 1:
        return 0
    if len(operands) != 2 or not arrow or "." in equation:
        raise Refused("no-formula", "there is no formula for einsum({!r})".format(equation))
    sizes: Dict[str, int] = {}
    for term, shape in zip(terms, operands):
        for letter, size in zip(term, shape):
            sizes[letter] = max(size, sizes.get(letter, 1))
    # A letter of only one operand that the result lacks is summed away before the product.
    kept = [index for index in sizes if index in out or all(index in term for term in terms)]
    return 2 * _product([sizes[index] for index in kept])


def _attention(node: Any) -> int:
    query, key, value = (_sizes(operand) for operand in list(node.inputs())[:3])
    pairs = _product(query[:-1]) * key[-2]
    return 2 * pairs * (query[-1] + value[-1])


_FORMULAS: Dict[str, Callable[[Any], int]] = {
    "_convolution": _convolution,
    "convolution": _convolution,
    "mm": _matrices(0),
    "bmm": _matrices(0),
    "matmul": _matrices(0),
    "linear": _matrices(0),
    "mv": _matrices(0),
    "addmm": _matrices(1),
    "baddbmm": _matrices(1),
    "einsum": _einsum,
    "scaled_dot_product_attention": _attention,
}
for _name in ("conv1d", "conv2d", "conv3d"):
    _FORMULAS[_name] = lambda node: _convolved(node, False)
for _name in ("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"):
    _FORMULAS[_name] = lambda node: _convolved(node, True)
