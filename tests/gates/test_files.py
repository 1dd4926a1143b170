"""Files that are no model, or a hostile one: refused in a sentence, and soon."""

from __future__ import annotations

import builtins
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from tests.gates.handmade import counts, found_in, graph_of, model_of, nodes_of, wrapped
from tests.gates.test_pairs import CASES
from yamlmod.errors import Refusal
from yamlmod.gates import onnx_graph, values
from yamlmod.gates.findings import examine
from yamlmod.gates.onnx_file import read_onnx

SILU = "a = Conv(x, w)\ns = Sigmoid(a)\ny = Mul(a, s)"
WHOLE = model_of(SILU).SerializeToString()


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"", "empty"),
        (b"\x00", "does not parse"),
        (WHOLE[:-7], "does not parse"),
        (b"not a model at all, just some words\n", "does not parse"),
        (b"PK\x03\x04" + WHOLE, "torch"),
        (b"\x18\x00\x00\x00ORTM" + WHOLE, "onnxruntime"),
        (b"\x08\x08", "no graph"),
        (model_of("y = Relu(x)").graph.SerializeToString(), ""),
    ],
    ids=["empty", "zero", "truncated", "text", "zip", "ort", "no graph", "a graph alone"],
)
def test_what_is_no_model(raw: bytes, word: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_onnx(raw, "file.onnx")
    assert caught.value.code == "not-onnx"
    assert word in caught.value.message
    assert str(caught.value.place) == "file.onnx"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_broken_bytes_are_read_or_refused(data: st.DataObject) -> None:
    raw = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        examine(read_onnx(bytes(raw[: data.draw(st.integers(0, len(raw)))]), "file.onnx"))
    except Refusal as refusal:
        assert refusal.code in ("not-onnx", "bad-graph", "too-deep", "too-large")


def test_texts_that_are_not_utf_8() -> None:
    """Protobuf gives bytes for such a text, wherever it is."""
    reasons = set()
    for place in range(len(WHOLE)):
        raw = bytearray(WHOLE)
        raw[place] = 0x80
        try:
            examine(read_onnx(bytes(raw), "file.onnx"))
        except Refusal as refusal:
            assert refusal.code in ("not-onnx", "bad-graph", "too-deep", "too-large"), place
            reasons.add(refusal.message)
    assert any("not UTF-8" in reason for reason in reasons)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = builtins.__import__

    def none(name: str, *rest: Any, **named: Any) -> Any:
        if name == "onnx":
            raise ImportError("No module named 'onnx'")
        return whole(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", none)
    with pytest.raises(Refusal) as caught:
        read_onnx(WHOLE, "file.onnx")
    assert caught.value.code == "no-onnx"
    assert "yolo-yamlmod[onnx]" in caught.value.hint


def test_a_circle_is_refused() -> None:
    model = model_of("a = Add(x, c)\nb = Sigmoid(a)\nc = Mul(a, b)")
    with pytest.raises(Refusal) as caught:
        found_in(model)
    assert caught.value.code == "bad-graph"


def test_functions_that_never_end_are_refused() -> None:
    opsets = [helper.make_opsetid("custom", 1)]
    again = nodes_of("y = custom::f(a)")
    function = helper.make_function("custom", "f", ["a"], ["y"], again, opsets)
    with pytest.raises(Refusal) as caught:
        found_in(model_of("y = custom::f(x)", [function]))
    assert caught.value.code == "too-deep"


def test_functions_that_double_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_graph, "MAX_NODES", 3000)
    opsets = [helper.make_opsetid("custom", 1), helper.make_opsetid("", 20)]
    functions = []
    for i in range(40):
        inner = f"b = custom::f{i + 1}(a)\ny = custom::f{i + 1}(b)" if i < 39 else "y = Relu(a)"
        nodes = nodes_of(inner)
        functions.append(helper.make_function("custom", f"f{i}", ["a"], ["y"], nodes, opsets))
    with pytest.raises(Refusal) as caught:
        found_in(model_of("y = custom::f0(x)", functions))
    assert caught.value.code == "too-large"


def test_long_chains_and_wide_graphs_end_soon() -> None:
    """Every sigmoid meets every value behind it; a chain of moves is far longer than any gate's."""
    count = 5000
    lines = [f"v{i + 1} = Identity(v{i})" for i in range(count)]
    deep = "v0 = Sigmoid(x)\n" + "\n".join(lines) + f"\ny = Mul(x, v{count})"
    wide = [f"s{i} = Sigmoid(a{i})\nt{i} = Add(s{i}, s{i - 1})" for i in range(1, count)]
    start = time.monotonic()
    found_in(model_of(deep))
    found_in(model_of("s0 = Sigmoid(x)\n" + "\n".join(wide)))
    assert time.monotonic() - start < 20


def test_weights_in_other_files_are_not_opened(tmp_path: Path) -> None:
    model = model_of(SILU)
    for tensor in model.graph.initializer:
        tensor.ClearField("float_data")
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", str(tmp_path / "nowhere" / "weights.data")
    assert counts(found_in(model)) == {"silu": 1}


def test_names_cannot_write_to_the_terminal() -> None:
    model = model_of(SILU)
    model.graph.node[2].name = "/model.0/\x1b[31mact/Mul"
    model.graph.node[2].output[0] = "\x1b[2J"
    (found,) = found_in(model).found
    assert "\x1b" not in found.place.module + found.pair.product.name
    assert "\x1b" not in found.pair.product.outputs[0]


def test_tensors_that_lie_about_their_size() -> None:
    model = model_of(SILU)
    tensor = model.graph.initializer.add()
    tensor.name, tensor.data_type = "liar", TensorProto.FLOAT
    tensor.dims.extend([2**40, 2**40])
    other = model.graph.initializer.add()
    other.name, other.data_type, other.raw_data = "short", 99, b"\x01"
    assert counts(found_in(model)) == {"silu": 1}


def _renamed(model: Any, names: dict[str, str]) -> None:
    for node in model.graph.node:
        for used in (node.input, node.output):
            for i, one in enumerate(used):
                used[i] = names.get(one, one)
    for one in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        one.name = names.get(one.name, one.name)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_names_order_and_identities_change_nothing(data: st.DataObject) -> None:
    """One graph of several cases, written in other ways, holds the same pairs."""
    names = data.draw(st.lists(st.sampled_from(sorted(CASES)), min_size=1, max_size=3))
    nodes: list[Any] = []
    for i, name in enumerate(names):
        for node in nodes_of(CASES[name][0]):
            for names_of in (node.input, node.output):
                for k, one in enumerate(names_of):
                    if len(one) == 1 and one not in "xwv":
                        names_of[k] = f"{one}{i}"
            nodes.append(node)
    wanted = counts(found_in(wrapped(graph_of(nodes))))
    for k in data.draw(st.sets(st.integers(0, len(nodes) - 1), max_size=4)):
        for place, one in enumerate(nodes[k].input):
            # A number behind an Identity is known as well; the shape of a reshape is no data.
            if one and nodes[k].op_type not in ("Reshape", "Expand"):
                nodes.append(helper.make_node("Identity", [one], [f"id{k}_{place}"]))
                nodes[k].input[place] = f"id{k}_{place}"
    model = wrapped(graph_of(data.draw(st.permutations(nodes))))
    every = sorted({one for node in nodes for one in (*node.input, *node.output) if one})
    _renamed(model, {one: f"n{i}" for i, one in enumerate(data.draw(st.permutations(every)))})
    assert counts(found_in(model)) == wanted


_OPERATORS = (
    "Sigmoid",
    "HardSigmoid",
    "Mul",
    "Div",
    "Add",
    "Exp",
    "Neg",
    "Clip",
    "Where",
    "Concat",
    "Split",
    "Transpose",
    "Cast",
    "Softmax",
    "MatMul",
    "Swish",
    "Conv",
    "Shape",
    "Identity",
    "Reciprocal",
    "Constant",
    "QLinearMul",
    "FusedConv",
    "Attention",
    "If",
    "Glu",
)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_nodes_that_are_not_what_they_say(data: st.DataObject) -> None:
    """Any operator with any number of operands and results, in a circle or not."""
    names = st.sampled_from([*(f"v{i}" for i in range(8)), "", "one", "six", "w"])
    nodes = []
    for _ in range(data.draw(st.integers(1, 12))):
        op = data.draw(st.sampled_from(_OPERATORS))
        domain = data.draw(st.sampled_from(["", "com.microsoft"]))
        inputs = data.draw(st.lists(names, max_size=4))
        outputs = data.draw(st.lists(names, max_size=3))
        nodes.append(helper.make_node(op, inputs, outputs, domain=domain))
    nodes.append(helper.make_node("Relu", ["x"], ["last"]))
    try:
        found_in(wrapped(graph_of(nodes)))
    except Refusal as refusal:
        assert refusal.code == "bad-graph"


def test_a_graph_that_is_made_to_be_searched_for_ever_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(values, "_STEPS", 10_000)
    count = 150
    lines = [f"s{i} = Sigmoid(a{i})" for i in range(count)]
    lines.append(f"v0 = Concat({', '.join(f's{i}' for i in range(count))}; axis=1)")
    lines += [f"v{i + 1} = Identity(v{i})" for i in range(100)]
    with pytest.raises(Refusal) as caught:
        found_in(model_of("\n".join(lines)))
    assert caught.value.code == "too-large"
