"""What counts as an activation and what as a gate: every spelling, and what only looks like one."""

from __future__ import annotations

import onnx
import pytest
from onnx import helper

from tests.gates.handmade import (
    counts,
    found_in,
    graph_of,
    model_of,
    nodes_of,
    with_metadata,
    wrapped,
)

CONV = "a = Conv(x, w)\n"
TWO = CONV + "b = Conv(x, w)\n"

CASES: dict[str, tuple[str, dict[str, int]]] = {
    "silu": (CONV + "s = Sigmoid(a)\ny = Mul(a, s)", {"silu": 1}),
    "silu, operands the other way": (CONV + "s = Sigmoid(a)\ny = Mul(s, a)", {"silu": 1}),
    "silu of the input": ("s = Sigmoid(x)\ny = Mul(x, s)", {"silu": 1}),
    "silu in half precision": (
        CONV + "c = Cast(a; to=1)\ns = Sigmoid(c)\nm = Mul(c, s)\ny = Cast(m; to=10)",
        {"silu": 1},
    ),
    "silu, one side cast": (
        CONV + "c = Cast(a; to=1)\ns = Sigmoid(c)\nd = Cast(s; to=10)\ny = Mul(a, d)",
        {"silu": 1},
    ),
    "silu, two identities": (
        CONV + "c = Identity(a)\nd = Identity(a)\ns = Sigmoid(c)\ny = Mul(d, s)",
        {"silu": 1},
    ),
    "silu, quantized": (
        CONV + "c = DequantizeLinear(a, one)\ns = Sigmoid(c)\nq = QuantizeLinear(s, one)\n"
        "d = DequantizeLinear(q, one)\ny = Mul(c, d)",
        {"silu": 1},
    ),
    "silu, both sides transposed": (
        CONV + "s = Sigmoid(a)\nt = Transpose(s; perm=[0 2 3 1])\n"
        "u = Transpose(a; perm=[0 2 3 1])\ny = Mul(u, t)",
        {"silu": 1},
    ),
    "both sides transposed, but not alike": (
        CONV + "s = Sigmoid(a)\nt = Transpose(s; perm=[0 2 3 1])\n"
        "u = Transpose(a; perm=[0 3 2 1])\ny = Mul(u, t)",
        {"gate": 1},
    ),
    "silu, both sides split": (
        CONV + "s = Sigmoid(a)\nt, r = Split(s; axis=1, num_outputs=2)\n"
        "u, q = Split(a; axis=1, num_outputs=2)\ny = Mul(u, t)\nz = Mul(q, r)",
        {"silu": 2},
    ),
    "glu: the halves of one value": (
        CONV + "u, q = Split(a; axis=1, num_outputs=2)\ns = Sigmoid(q)\ny = Mul(u, s)",
        {"gate": 1},
    ),
    "halves crossed": (
        CONV + "s = Sigmoid(a)\nt, r = Split(s; axis=1, num_outputs=2)\n"
        "u, q = Split(a; axis=1, num_outputs=2)\ny = Mul(u, r)",
        {"gate": 1},
    ),
    "1 / (1 + exp(-x))": (
        CONV + "n = Neg(a)\ne = Exp(n)\np = Add(e, one)\ns = Div(one, p)\ny = Mul(a, s)",
        {"silu": 1},
    ),
    "reciprocal of exp(-1 * x) + 1": (
        CONV + "n = Mul(minus, a)\ne = Exp(n)\np = Add(one, e)\ns = Reciprocal(p)\ny = Mul(s, a)",
        {"silu": 1},
    ),
    "1 / (2 + exp(-x)) is none": (
        CONV + "n = Neg(a)\ne = Exp(n)\np = Add(e, two)\ns = Div(one, p)\ny = Mul(a, s)",
        {},
    ),
    "swish with a factor": (
        CONV + "k = Mul(a, alpha)\ns = Sigmoid(k)\ny = Mul(a, s)",
        {"swish": 1},
    ),
    "swish with a learned factor per channel": (
        CONV + "k = Mul(v, a)\ns = Sigmoid(k)\ny = Mul(a, s)",
        {"swish": 1},
    ),
    "a normalisation of the same x is another path": (
        CONV + "k = BatchNormalization(a, v, v, v, v)\ns = Sigmoid(k)\ny = Mul(a, s)",
        {"gate": 1},
    ),
    "gelu by a sigmoid": (
        CONV + "q = Mul(a, a)\nr = Mul(q, a)\nt = Mul(r, half)\nu = Add(a, t)\ns = Sigmoid(u)\n"
        "y = Mul(a, s)",
        {"swish": 1},
    ),
    "twice silu": (CONV + "s = Sigmoid(a)\nd = Mul(s, two)\ny = Mul(a, d)", {"swish": 1}),
    "x times a sigmoid of relu x": (
        CONV + "r = Relu(a)\ns = Sigmoid(r)\ny = Mul(a, s)",
        {"swish": 1},
    ),
    "hard sigmoid": (CONV + "s = HardSigmoid(a; alpha=0.1667)\ny = Mul(a, s)", {"hardswish": 1}),
    "hardswish as of opset 11": (
        CONV + "p = Add(a, three)\nc = Clip(p, zero, six)\nd = Div(c, six)\ny = Mul(a, d)",
        {"hardswish": 1},
    ),
    "hardswish, divided at last": (
        CONV + "p = Add(three, a)\nc = Clip(p, zero, six)\nm = Mul(a, c)\ny = Div(m, six)",
        {"hardswish": 1},
    ),
    "hardswish, divided first": (
        CONV + "d = Mul(a, sixth)\np = Add(a, three)\nc = Clip(p, zero, six)\ny = Mul(d, c)",
        {"hardswish": 1},
    ),
    "hardswish, clipped by attributes": (
        CONV + "p = Add(a, three)\nc = Clip(p; min=0.0, max=6.0)\nd = Mul(c, sixth)\ny = Mul(a, d)",
        {"hardswish": 1},
    ),
    "relu6 is no sigmoid": (CONV + "c = Clip(a, zero, six)\ny = Mul(a, c)", {}),
    "hard gate": (TWO + "s = HardSigmoid(b)\ny = Mul(a, s)", {"gate": 1}),
    "Swish of opset 24": (CONV + "y = Swish(a)", {"silu": 1}),
    "Swish with alpha": (CONV + "y = Swish(a; alpha=1.5)", {"swish": 1}),
    "QuickGelu": (CONV + "y = com.microsoft::QuickGelu(a)", {"swish": 1}),
    "QuickGelu that is a SiLU": (
        CONV + "y = com.microsoft::QuickGelu(a; alpha=1.0)",
        {"silu": 1},
    ),
    "a custom SiLU": (CONV + "y = custom::SiLU(a)", {"silu": 1}),
    "HardSwish": (CONV + "y = HardSwish(a)", {"hardswish": 1}),
    "quantized operators": (
        CONV + "s = com.microsoft::QLinearSigmoid(a, one, zero, one, zero)\n"
        "y = com.microsoft::QLinearMul(a, one, zero, s, one, zero, one, zero)",
        {"silu": 1},
    ),
    "a fused convolution with its sigmoid": (
        CONV + "s = com.microsoft::FusedConv(a, w; activation=Sigmoid)\ny = Mul(a, s)",
        {"gate": 1},
    ),
    "operators in the layout of onnxruntime": (
        "r = com.microsoft.nchwc::ReorderInput(x)\n"
        "a = com.microsoft.nchwc::Conv(r, w; activation=HardSwish)\n"
        "s = com.microsoft.nchwc::Conv(a, w; activation=Sigmoid)\n"
        "b = com.microsoft.nchwc::ReorderOutput(a)\n"
        "t = com.microsoft.nchwc::ReorderOutput(s)\ny = Mul(b, t)",
        {"hardswish": 1, "gate": 1},
    ),
    "x * sigmoid(y)": (TWO + "s = Sigmoid(b)\ny = Mul(a, s)", {"gate": 1}),
    "squeeze and excitation": (
        CONV + "p = GlobalAveragePool(a)\nc = Conv(p, w)\ns = Sigmoid(c)\n"
        "e = Expand(s, shape)\ny = Mul(a, e)",
        {"gate": 1},
    ),
    "a gate through reshape, unsqueeze and a mean": (
        TWO + "s = Sigmoid(b)\nr = Reshape(s, shape)\nu = Unsqueeze(r, axes)\n"
        "m = ReduceMean(u, axes)\ny = Mul(m, a)",
        {"gate": 1},
    ),
    "a gate that a constant matrix makes means of": (
        TWO + "s = Sigmoid(b)\nm = MatMul(s, w)\ny = Mul(a, m)",
        {"gate": 1},
    ),
    "sigmoid used twice: a silu and a gate": (
        TWO + "s = Sigmoid(a)\nm = Mul(a, s)\ny = Mul(b, s)",
        {"silu": 1, "gate": 1},
    ),
    "two gates in a row": (
        TWO + "s = Sigmoid(b)\nt = GlobalAveragePool(b)\nu = Sigmoid(t)\nm = Mul(a, s)\n"
        "y = Mul(m, u)",
        {"gate": 2},
    ),
    "two gates multiplied first": (
        TWO + "s = Sigmoid(b)\nt = GlobalAveragePool(b)\nu = Sigmoid(t)\nm = Mul(u, s)\n"
        "y = Mul(a, m)",
        {"gate": 2},
    ),
    "two gates added first": (
        TWO + "s = Sigmoid(b)\nt = GlobalAveragePool(b)\nu = Sigmoid(t)\nm = Add(u, s)\n"
        "y = Mul(a, m)",
        {"gate": 2},
    ),
    "x * (1 + sigmoid(y))": (TWO + "s = Sigmoid(b)\np = Add(s, one)\ny = Mul(a, p)", {"gate": 1}),
    "x * (1 - sigmoid(y))": (TWO + "s = Sigmoid(b)\np = Sub(one, s)\ny = Mul(a, p)", {"gate": 1}),
    "x + sigmoid(y)": (TWO + "s = Sigmoid(b)\ny = Add(a, s)", {}),
    "x / sigmoid(y)": (TWO + "s = Sigmoid(b)\ny = Div(a, s)", {}),
    "sigmoid(x) * sigmoid(x)": (CONV + "s = Sigmoid(a)\ny = Mul(s, s)", {"product": 1}),
    "sigmoid(x) * sigmoid(y), as scores": (
        TWO + "s = Sigmoid(a)\nt = Sigmoid(b)\ny = Mul(s, t)",
        {"product": 2},
    ),
    "sigmoid(x) * x * x": (CONV + "s = Sigmoid(a)\nm = Mul(a, s)\ny = Mul(m, a)", {"silu": 1}),
    "silu of a silu": (
        CONV + "s = Sigmoid(a)\nm = Mul(a, s)\nt = Sigmoid(m)\ny = Mul(m, t)",
        {"silu": 2},
    ),
    "a sigmoid, then a convolution": (TWO + "s = Sigmoid(b)\nc = Conv(s, w)\ny = Mul(a, c)", {}),
    "gates of an lstm": (
        TWO + "i = Sigmoid(a)\ng = Tanh(b)\nm = Mul(i, g)\nc = Conv(x, w)\nf = Sigmoid(c)\n"
        "k = Conv(x, w)\nn = Mul(f, k)\ny = Add(m, n)",
        {"gate": 2},
    ),
    "tanh(x) * sigmoid(x)": (CONV + "t = Tanh(a)\ns = Sigmoid(a)\ny = Mul(t, s)", {"swish": 1}),
    "boxes as Detect decodes them": (
        CONV + "s = Sigmoid(a)\np, q = Split(s; axis=1, num_outputs=2)\nm = Mul(p, two)\n"
        "n = Sub(m, half)\ng = Add(n, v)\nh = Mul(g, v)\nk = Mul(q, two)\nl = Pow(k, two)\n"
        "o = Mul(l, v)\ny = Concat(h, o; axis=1)",
        {"constant": 2},
    ),
    "boxes with a grid made of the shape": (
        CONV + "z = Shape(a)\ng = ConstantOfShape(z)\ns = Sigmoid(a)\ny = Mul(s, g)",
        {"constant": 1},
    ),
    "a threshold keeps the gate": (
        TWO + "s = Sigmoid(b)\nc = Greater(s, half)\nd = Where(c, one, s)\ny = Mul(a, d)",
        {"gate": 1},
    ),
    "simam": (
        CONV + "m = ReduceMean(a, axes)\nd = Sub(a, m)\nq = Pow(d, two)\nn = ReduceMean(q, axes)\n"
        "r = Div(q, n)\np = Add(r, half)\ns = Sigmoid(p)\ny = Mul(a, s)",
        {"gate": 1},
    ),
    "softmax attention": (
        TWO + "k = MatMul(a, b)\ns = Softmax(k)\ny = MatMul(s, b)",
        {"softmax": 1},
    ),
    "softmax with constants, as boxes of yolov8": (
        CONV + "s = Softmax(a)\nt = Transpose(s)\ny = Conv(t, w)",
        {},
    ),
    "an attention operator": (CONV + "y = com.microsoft::MultiHeadAttention(a, a, a)", {
        "softmax": 1
    }),
    "a sigmoid of constants": (CONV + "s = Sigmoid(v)\ny = Mul(a, s)", {}),
    "mish has no sigmoid": (CONV + "p = Softplus(a)\nt = Tanh(p)\ny = Mul(a, t)", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_kinds(name: str) -> None:
    text, wanted = CASES[name]
    assert counts(found_in(model_of(text))) == wanted


def test_what_multiplies_nothing_and_what_has_no_sigmoid() -> None:
    scores = found_in(model_of(CONV + "y = Sigmoid(a)"))
    assert (len(scores.alone), scores.sigmoids, scores.products) == (1, 1, [])
    lska = found_in(model_of(TWO + "y = Mul(a, b)"))
    assert (len(lska.products), lska.found) == (1, [])
    text = "m = ReduceMean(a, axes)\nr = Sqrt(m)\nd = Div(one, r)\ny = Mul(a, d)"
    assert found_in(model_of(CONV + text)).products == []  # a normalisation
    mish = found_in(model_of(CASES["mish has no sigmoid"][0]))
    assert mish.products == []
    attention = found_in(model_of(CASES["softmax attention"][0]))
    assert attention.products == []  # queries times keys are part of it
    plain = found_in(model_of(TWO + "y = MatMul(a, b)"))
    assert len(plain.products) == 1


def test_convolutions_with_an_activation_are_counted() -> None:
    text = "c = Conv(x, w)\nb = BatchNormalization(c, v, v, v, v)\ns = Sigmoid(b)\nm = Mul(b, s)\n"
    findings = found_in(model_of(text + "d = Conv(m, w)\ny = Relu(d)"))
    assert (findings.activated, findings.convolutions) == (1, 2)


def _function(name: str, domain: str, text: str, *attributes: str) -> object:
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("custom", 1)]
    nodes = nodes_of(text)
    return helper.make_function(domain, name, ["a"], [nodes[-1].output[0]], nodes, opsets,
                                attributes)  # fmt: skip


def test_functions_are_put_in_place() -> None:
    silu = _function("torch_nn_modules_activation_SiLU", "pkg", "s = Sigmoid(a)\ny = Mul(a, s)")
    conv = _function("block", "custom", "y = pkg::torch_nn_modules_activation_SiLU(a)")
    model = model_of("b = custom::block(x)\nc = custom::block(b)", [silu, conv])
    assert counts(found_in(model)) == {"silu": 2}


def test_a_function_takes_the_attributes_of_its_call() -> None:
    node = helper.make_node("Swish", ["a"], ["y"])
    entry = node.attribute.add()
    entry.name, entry.ref_attr_name, entry.type = "alpha", "beta", onnx.AttributeProto.FLOAT
    opsets = [helper.make_opsetid("", 24)]
    function = helper.make_function("custom", "f", ["a"], ["y"], [node], opsets, ["beta"])
    model = model_of("b = custom::f(x; beta=1.0)\nc = custom::f(b; beta=2.5)", [function])
    assert counts(found_in(model)) == {"silu": 1, "swish": 1}


def test_a_gate_that_crosses_a_function() -> None:
    gate = _function("gate", "custom", "c = Conv(a, a)\ny = Sigmoid(c)")
    silu = _function("hide", "custom", "y = Sigmoid(a)")
    model = model_of("s = custom::gate(x)\ny = Mul(x, s)", [gate])
    assert counts(found_in(model)) == {"gate": 1}
    model = model_of("s = custom::hide(x)\ny = Mul(x, s)", [silu])
    assert counts(found_in(model)) == {"silu": 1}


def test_subgraphs_see_the_values_around_them() -> None:
    inner = graph_of(nodes_of("s = Sigmoid(a)\ny = Mul(a, s)"), "then", ())
    other = graph_of(nodes_of("t = Conv(a, w)\ns = Sigmoid(t)\ny = Mul(a, s)"), "else", ())
    nodes = nodes_of(CONV + "c = Sigmoid(a)")
    nodes.append(helper.make_node("If", ["x"], ["z"], then_branch=inner, else_branch=other))
    nodes += nodes_of("q = Mul(z, c)")
    assert counts(found_in(wrapped(graph_of(nodes)))) == {"silu": 1, "gate": 2}


def test_a_loop_and_its_body() -> None:
    body = graph_of(nodes_of("s = Sigmoid(h)\ny = Mul(h, s)"), "body", ("i", "go", "h"))
    nodes = nodes_of(CONV)
    nodes.append(helper.make_node("Loop", ["", "", "a"], ["z"], body=body))
    assert counts(found_in(wrapped(graph_of(nodes)))) == {"silu": 1}


@pytest.mark.parametrize(
    ("name", "layer", "module", "how"),
    [
        ("/model/model.4/m/m.0/cv1/act/", 4, "model.4.m.0.cv1.act", "scope"),
        ("/model.4/m/0/cv1/act/", 4, "model.4.m.0.cv1.act", "scope"),
        ("/model/model/model.22/cv2.0/cv2.0.1/act/", 22, "model.model.22.cv2.0.1.act", "scope"),
        ("merged_/model.3/act/", 3, "model.3.act", "scope"),
        ("/backbone/stem/act/", None, "backbone.stem.act", "scope"),
        ("/", None, "", "scope"),
        ("", 7, "model.7.cv1.conv", "weights"),
        ("model/stem/", 7, "model.7.cv1.conv", "weights"),
    ],
)
def test_places(name: str, layer: int | None, module: str, how: str) -> None:
    sigmoid, product = (f" @{name}{op}" if name else "" for op in ("Sigmoid", "Mul_1"))
    text = f"a = Conv(x, w)\ns = Sigmoid(a){sigmoid}\ny = Mul(a, s){product}"
    model = model_of(text)
    model.graph.node[0].input[1] = "model.7.cv1.conv.weight"
    next(one for one in model.graph.initializer if one.name == "w").name = "model.7.cv1.conv.weight"
    (found,) = found_in(model).found
    assert (found.place.layer, found.place.module, found.place.how) == (layer, module, how)


def test_the_metadata_of_the_dynamo_exporter() -> None:
    model = model_of(CONV + "s = Sigmoid(a)\ny = Mul(a, s)")
    with_metadata(
        model,
        2,
        name_scopes="['', 'model', 'model.4', 'model.4.m', 'model.4.m.0', 'model.0.act', 'mul']",
        class_hierarchy="['y.Model', 'torch.nn.modules.container.Sequential', 'models.common.C3', "
        "'torch.nn.modules.container.Sequential', 'models.common.Bottleneck', "
        "'torch.nn.modules.activation.SiLU', 'aten.mul.Tensor']",
    )
    (found,) = found_in(model).found
    assert found.place == (4, "model.4.m.0.act", "C3", "nn.SiLU", "scope")


@pytest.mark.parametrize("told", ["[", "__import__('os')", "[1, 2]", "['a'" + "+'b'" * 9999, "{}"])
def test_metadata_that_is_no_list_of_names(told: str) -> None:
    model = model_of(CONV + "s = Sigmoid(a)\ny = Mul(a, s)")
    with_metadata(model, 2, name_scopes=told, class_hierarchy=told)
    (found,) = found_in(model).found
    assert found.place.how == "unknown"


def test_the_weights_of_a_layer_above_do_not_name_one_that_has_none() -> None:
    """SimAM has no weights: those of the layer above it are another's."""
    text = CASES["simam"][0].replace("a = Conv(x, w)", "a = Conv(x, model.3.conv.weight)")
    model = model_of(text)
    next(x for x in model.graph.initializer if x.name == "w").name = "model.3.conv.weight"
    (found,) = found_in(model).found
    assert (found.place.layer, found.place.how) == (None, "unknown")
