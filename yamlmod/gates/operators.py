"""Classify operators between a sigmoid and a multiplication."""

from __future__ import annotations

# The same numbers in the same places.
SAME = frozenset(
    {
        "Identity",
        "Cast",
        "CastLike",
        "Dropout",
        "QuantizeLinear",
        "DequantizeLinear",
    }
)

# The same numbers in other places or shapes.
MOVING = frozenset(
    {
        "Transpose",
        "Reshape",
        "Flatten",
        "Unsqueeze",
        "Squeeze",
        "Expand",
        "Tile",
        "Slice",
        "Split",
        "SplitToSequence",
        "SequenceAt",
        "Gather",
        "Concat",
        "Pad",
        "Resize",
        "Upsample",
        "DepthToSpace",
        "SpaceToDepth",
    }
)

# Each number becomes a function of itself alone.
UNARY = frozenset(
    {
        "Neg",
        "Abs",
        "Sqrt",
        "Exp",
        "Log",
        "Tanh",
        "Erf",
        "Relu",
        "LeakyRelu",
        "Elu",
        "Softplus",
        "Reciprocal",
        "Clip",
        "Sign",
        "Sigmoid",
        "HardSigmoid",
        "Swish",
        "HardSwish",
    }
)

# Each number is joined with the one at its place in another value, or with a constant.
BINARY = frozenset({"Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Where"})

# Means of a gate are a gate.
MEANS = frozenset({"ReduceMean", "AveragePool", "GlobalAveragePool"})

# What is told of a value's shape does not depend on the image.
SHAPES = frozenset({"Shape", "Size"})

SUMS_OF_PRODUCTS = frozenset({"MatMul", "Einsum", "Gemm"})

# Whole attention layers that are one operator.
ATTENTION = frozenset({"Attention", "MultiHeadAttention", "GroupQueryAttention"})

CONVOLUTIONS = frozenset({"Conv", "ConvTranspose"})

_ALONE = frozenset({"Softmax", "Glu"})

# With fewer or more operands than these a node is not what its name says.
_OPERANDS = {**dict.fromkeys(BINARY, 2), "Where": 3}


def sound(op: str, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> bool:
    """Check whether a node has the operands that its operator needs."""
    if op in _OPERANDS:
        return len(inputs) == _OPERANDS[op] and all(inputs) and outputs[:1] not in ((), ("",))
    if op in SAME | MOVING | UNARY | MEANS | SUMS_OF_PRODUCTS | CONVOLUTIONS | ATTENTION | _ALONE:
        return bool(inputs and inputs[0] and outputs and outputs[0])
    return True
