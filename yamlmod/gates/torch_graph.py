"""Convert a traced network to plain nodes with ONNX operator names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from yamlmod.gates.graph import Constant, Node, NodeGraph
from yamlmod.gates.places import join_whole

_OPERATORS = {
    "Sigmoid": "sigmoid special_expit",
    "HardSigmoid": "hardsigmoid",
    "Swish": "silu",
    "HardSwish": "hardswish",
    "Glu": "glu",
    "Mul": "mul multiply",
    "Div": "div divide true_divide",
    "Add": "add",
    "Sub": "sub subtract",
    "Pow": "pow",
    "Min": "minimum min",
    "Max": "maximum max",
    "Where": "where masked_fill",
    "Neg": "neg negative",
    "Abs": "abs absolute",
    "Sqrt": "sqrt rsqrt",
    "Exp": "exp",
    "Log": "log",
    "Tanh": "tanh",
    "Erf": "erf",
    "Relu": "relu",
    "LeakyRelu": "leaky_relu prelu",
    "Elu": "elu",
    "Softplus": "softplus",
    "Reciprocal": "reciprocal",
    "Clip": "clamp clip hardtanh relu6",
    "Identity": "to type_as contiguous clone detach dropout feature_dropout alias float half",
    "Transpose": "permute transpose t swapaxes movedim numpy_T",
    "Reshape": "view reshape flatten view_as reshape_as unflatten _unsafe_view",
    "Unsqueeze": "unsqueeze",
    "Squeeze": "squeeze",
    "Expand": "expand expand_as",
    "Tile": "repeat tile repeat_interleave",
    "Slice": "slice select narrow",
    "Split": "split chunk unbind split_with_sizes tensor_split",
    "Gather": "index index_select gather",
    "Concat": "cat concat stack",
    "Pad": "pad constant_pad_nd roll",
    "Resize": "upsample_nearest2d upsample_bilinear2d upsample_bicubic2d",
    "DepthToSpace": "pixel_shuffle",
    "SpaceToDepth": "pixel_unshuffle",
    "ReduceMean": "mean adaptive_avg_pool2d adaptive_avg_pool1d",
    "AveragePool": "avg_pool2d avg_pool1d",
    "Softmax": "softmax",
    "Attention": "scaled_dot_product_attention _native_multi_head_attention",
    "MatMul": "matmul bmm mm einsum baddbmm",
    "Conv": "_convolution conv1d conv2d conv3d convolution",
    "ConvTranspose": "conv_transpose2d",
    "BatchNormalization": "batch_norm",
    # Of these values only the shape comes from another.
    "Shape": "size sym_size numel zeros_like ones_like full_like empty_like new_zeros new_ones "
    "new_full new_empty",
}
_BY_NAME = {name: op for op, names in _OPERATORS.items() for name in names.split()}
# How many of the first inputs are data; the others are numbers that say how.
_DATA = {
    **dict.fromkeys(["Sigmoid", "HardSigmoid", "Swish", "HardSwish", "Glu", "Identity", "Relu"], 1),
    **dict.fromkeys(["LeakyRelu", "Elu", "Softplus", "Softmax", "ReduceMean", "AveragePool"], 1),
    **dict.fromkeys(["Add", "Sub", "Mul", "Div", "Pow", "Neg"], 2),
}
# Operators that are taken apart below: so many inputs are there in every trace.
_LEAST = {"rsub": 2, "relu6": 1, "masked_fill": 3, "addcmul": 3}


def traced_graph(answer: Mapping[str, Any]) -> NodeGraph:
    """Return the graph of what the worker tells of a network."""
    constants = {name: Constant(*found) for name, found in answer["constants"].items()}
    nodes: list[Node] = []
    lists: dict[str, Sequence[str]] = {}
    for kind, inputs, outputs, segments in answer["nodes"]:
        if not outputs or len(inputs) < _least(kind):
            continue  # nothing reads it; or no tracer wrote it
        if kind in ("prim::ListConstruct", "prim::TupleConstruct"):
            lists[outputs[0]] = inputs
        nodes += _nodes(kind, inputs, outputs, join_whole(segments), lists, constants)
    return NodeGraph(nodes, constants, answer["classes"])


def _least(kind: str) -> int:
    name = kind.rpartition("::")[2]
    return next((n for start, n in _LEAST.items() if name.startswith(start)), 0)


def _nodes(
    kind: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    path: str,
    lists: Mapping[str, Sequence[str]],
    constants: dict[str, Constant],
) -> list[Node]:
    name = kind.rpartition("::")[2]
    # A trailing underscore is the variant in place; the tracer gives its result a new name.
    op = _BY_NAME.get(name.rstrip("_"), _BY_NAME.get(name, kind))
    given = tuple(inputs)
    if op == "Concat" or kind == "aten::einsum":
        given = tuple(one for value in inputs for one in lists.get(value, ()))
    elif kind in ("prim::ListUnpack", "prim::TupleUnpack"):
        op = "Split"
    elif kind in ("prim::NumToTensor", "aten::Int", "aten::ScalarImplicit"):
        op = "Identity"
    elif kind == "aten::rsub":  # 1 - x
        op, given = "Sub", (inputs[1], inputs[0])
    elif name.startswith("relu6"):
        low, high = f"{outputs[0]}::0", f"{outputs[0]}::6"
        constants.update({low: Constant(1, 0.0), high: Constant(1, 6.0)})
        given = (inputs[0], low, high)
    elif kind == "aten::masked_fill":  # where(mask, number, x)
        given = (inputs[1], inputs[0], inputs[2])
    elif op in ("Min", "Max") and len(given) != 2:
        op = kind  # over a dimension: one number of many
    elif kind.startswith("aten::addcmul"):  # a + b * c
        between = f"{outputs[0]}::mul"
        return [
            Node("Mul", given[1:3], (between,), path=path),
            Node("Add", (given[0], between), tuple(outputs), path=path),
        ]
    return [Node(op, given[: _DATA.get(op, len(given))], tuple(outputs), path=path)]
