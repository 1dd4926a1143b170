"""Map operators of other domains to ONNX's names."""

from __future__ import annotations

from yamlmod.gates.graph import Node

_STANDARD = ("", "ai.onnx")
_BY_NAME = {
    "silu": "Swish",
    "swish": "Swish",
    "quickgelu": "Swish",
    "hardswish": "HardSwish",
    "hardsigmoid": "HardSigmoid",
    "sigmoid": "Sigmoid",
    "mul": "Mul",
    "qlinearsigmoid": "Sigmoid",
    "qlinearglobalaveragepool": "GlobalAveragePool",
    "qlinearaveragepool": "AveragePool",
    "qlinearsoftmax": "Softmax",
    "fusedconv": "Conv",
    "nhwcfusedconv": "Conv",
    "nhwcconv": "Conv",
    "qlinearconv": "Conv",
    "fusedmatmul": "MatMul",
    "fusedgemm": "Gemm",
    "conv": "Conv",
    "reorderinput": "Identity",
    "reorderoutput": "Identity",
    "averagepool": "AveragePool",
    "globalaveragepool": "GlobalAveragePool",
    "upsample": "Resize",
    "attention": "Attention",
    "multiheadattention": "MultiHeadAttention",
    "groupqueryattention": "GroupQueryAttention",
}
# What onnxruntime puts its activations into, by their ONNX names.
_FUSED = frozenset({"Conv", "Gemm"})


def plain_nodes(node: Node, domain: str) -> list[Node]:
    """Return a node in ONNX's words; what is unknown keeps its name behind its domain."""
    word = node.op.lower()
    if domain in _STANDARD and word not in ("qlinearconv", "silu"):
        return [node]
    if word == "qlinearmul":  # each operand is followed by its scale and its zero point
        return [node._replace(op="Mul", inputs=(*node.inputs[0:1], *node.inputs[3:4]))]
    op = _BY_NAME.get(word)
    if op is None:
        return [node._replace(op=f"{domain}::{node.op}")]
    if word == "quickgelu":
        alpha = node.attributes.get("alpha", 1.702)
        return [node._replace(op=op, attributes={"alpha": alpha})]
    if word.startswith("qlinear") and op != "Conv":
        node = node._replace(inputs=node.inputs[:1])
    activation = node.attributes.get("activation")
    if op in _FUSED and isinstance(activation, bytes) and activation and node.outputs:
        between = f"{node.outputs[0]}::before"
        return [
            node._replace(op=op, outputs=(between,)),
            node._replace(op=activation.decode("ascii", "replace"), inputs=(between,)),
        ]
    return [node._replace(op=op)]
