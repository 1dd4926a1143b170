"""Small ONNX graphs written as lines of text, and what is found in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import onnx
from onnx import TensorProto, helper

from yamlmod.gates.findings import Findings, examine
from yamlmod.gates.onnx_file import read_onnx

# Single numbers and vectors that any graph may name.
NUMBERS = {"one": 1.0, "two": 2.0, "three": 3.0, "six": 6.0, "zero": 0.0, "minus": -1.0,
           "half": 0.5, "sixth": 1 / 6, "alpha": 1.702}  # fmt: skip
VECTORS = {"w": [8, 8, 1, 1], "v": [1, 8, 1, 1], "shape": [4], "axes": [2]}
OPSETS = {"": 20, "com.microsoft": 1, "com.microsoft.nchwc": 1, "custom": 1}


def nodes_of(text: str) -> list[Any]:
    """Return the nodes of lines such as `y, z = domain::Op(x, w; axis=1) @name`."""
    found = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        left, _, right = line.partition(" = ")
        call, _, name = right.partition(" @")
        kind, _, rest = call.rstrip(") ").partition("(")
        domain, _, op = kind.rpartition("::")
        names, _, options = rest.partition(";")
        attributes = dict(one.strip().split("=") for one in options.split(",") if one.strip())
        given = {key: _value(value) for key, value in attributes.items()}
        inputs = [one.strip() for one in names.split(",")] if names.strip() else []
        outputs = [one.strip() for one in left.split(",")]
        found.append(helper.make_node(op, inputs, outputs, name=name, domain=domain, **given))
    return found


def _value(text: str) -> object:
    if text.startswith("["):
        return [int(one) for one in text[1:-1].split()]
    return float(text) if "." in text else int(text) if text.lstrip("-").isdigit() else text


def graph_of(nodes: Sequence[Any], name: str = "graph", inputs: Sequence[str] = ("x",)) -> Any:
    """Return a graph of these nodes, its constants with it, its output the last value."""
    values = [helper.make_tensor_value_info(one, TensorProto.FLOAT, None) for one in inputs]
    last = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)
    numbers = [helper.make_tensor(k, TensorProto.FLOAT, [], [v]) for k, v in NUMBERS.items()]
    vectors = []
    for key, dims in VECTORS.items():
        size = 1
        for one in dims:
            size *= one
        vectors.append(helper.make_tensor(key, TensorProto.FLOAT, dims, [0.5] * size))
    return helper.make_graph(nodes, name, values, [last], [*numbers, *vectors])


def model_of(text: str, functions: Sequence[Any] = (), **inputs: Sequence[str]) -> Any:
    """Return a model of lines of text."""
    return wrapped(graph_of(nodes_of(text), **inputs), functions)


def wrapped(graph: Any, functions: Sequence[Any] = ()) -> Any:
    """Return a model of a graph."""
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions))


def found_in(model: Any) -> Findings:
    """Return what is found in a model as in a file."""
    return examine(read_onnx(model.SerializeToString(), "made.onnx"))


def counts(findings: Findings) -> Mapping[str, int]:
    """Return how often each kind is found."""
    return dict(Counter(one.pair.kind.name for one in findings.found))


def with_metadata(model: Any, index: int, **told: str) -> None:
    """Write metadata of torch's dynamo exporter onto a node."""
    for key, value in told.items():
        entry = model.graph.node[index].metadata_props.add()
        entry.key, entry.value = f"pkg.torch.onnx.{key}", value


__all__ = ["counts", "found_in", "graph_of", "model_of", "nodes_of", "onnx", "with_metadata",
           "wrapped"]  # fmt: skip
