"""Autograd functions, gradients, tracing, dtypes, choices: what a first pass on the CPU knows."""

from __future__ import annotations

import ast
from typing import Any

import pytest
import torch

from tests.fork.read.machines import call
from yamlmod.fork.read.interpreter.machine import ImpureError
from yamlmod.fork.read.interpreter.values import Raised, TensorValue, UnknownValue

_HEAD = """\
import torch, einops, math
import torch.nn as nn
import torch.nn.functional as F

class Peak(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, axes):
        peak = x.amax(axes, keepdim=True)
        ctx.save_for_backward(x, peak)
        ctx.axes = axes
        if ctx.needs_input_grad[0]:
            ctx.mark_non_differentiable(peak)
        return peak
    @staticmethod
    def backward(ctx, grad):
        return grad, None

class Pair(torch.autograd.Function):
    @staticmethod
    def forward(x, y):
        return x @ y, x.shape[0] if not torch.is_grad_enabled() else None
    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

def opaque(x):
    return x.layout_of_a_kind()

def plain(x):
    return x.mean(1, keepdim=True)
"""

# An expression of x (1 x 8 x 4 x 6): its value by torch itself must be that of the reader.
_EXACT = [
    "Peak.apply(x, 1)",
    "Peak.apply(x, (2, 3)).flatten(1)",
    "Pair.apply(x[0, 0], x[0, 0].t() if False else x[0, 0].transpose(0, 1))",
    "x.sum() if torch.jit.is_scripting() else x.flatten(1)",
    "x if torch.jit.is_tracing() or torch.onnx.is_in_onnx_export() else x[:, :2]",
    "x if torch._C._get_tracing_state() is not None else x[:, :2]",
    "x[:, :3] if x.is_cuda else x[:, :4]",
    "x[:, :3] if x.device.type == 'cuda' else x[:, :4]",
    "x[:, :3] if x.dtype == torch.float16 else x[:, :4]",
    "x[:, :3] if torch.promote_types(x.dtype, torch.float32) == torch.float32 else x[:, :4]",
    "x.contiguous() if x.is_contiguous() else x",
    "(x, x.flatten(1)) if x.is_contiguous() else (x * 2, x.flatten(1) + 1)",
    "torch.addcmul(x, x[:, :, :1], x[:, :1])",
    "torch.lerp(x, x * 2, 0.5)",
    "torch.where(x > 0.5, x, torch.zeros_like(x[:, :1]))",
    "(x == x[:, :1]).float()",
    "((x > 0.1) & (x < 0.9)).all(-1, keepdim=True)",
    "x.masked_fill(~(x > 0.5), 1.0)",
    "torch.eye(3)",
    "torch.eye(3, 5)",
    "torch.group_norm(x, 2)",
    "F.layer_norm(x, (6,))",
    "F.grid_sample(x, torch.zeros(1, 5, 7, 2))",
    "F.scaled_dot_product_attention(x, x, x[..., :3].expand(1, 8, 4, 3))",
    "x.index_select(1, torch.arange(3))",
    "x.new_full((2, 3), 1.0)",
    "einops.rearrange(x, 'b c h w -> b (h w) c')",
    "einops.rearrange(x, 'b (g c) h w -> (b g) c h w', g=4)",
    "einops.rearrange(x, 'b c (h p) (w q) -> b (c p q) h w', p=2, q=3)",
    "einops.rearrange(x, 'b c h w -> b c 1 h w')",
    "einops.reduce(x, 'b c h w -> b c', 'mean')",
    "einops.repeat(x, 'b c h w -> (b r) c h w', r=3)",
    "x[:, :int(math.isfinite(2.0)) + 1]",
]


@pytest.mark.parametrize("expression", _EXACT)
def test_sizes_are_those_of_torch(expression: str) -> None:
    text = f"{_HEAD}\ndef f(x):\n    return {expression}\n"
    names: dict[str, Any] = {}
    exec(compile(ast.parse(text), "m.py", "exec"), names)
    assert _sizes(call(text, "f", TensorValue((1, 8, 4, 6)))) == _sizes(
        names["f"](torch.rand(1, 8, 4, 6))
    )


def _sizes(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_sizes(item) for item in value]
    return tuple(value.shape) if hasattr(value, "shape") and value.shape is not None else value


_FAILS = [
    ("Peak.apply(x, 1, 2)", "TypeError"),
    ("Peak.apply(x, 7)", "IndexError"),
    ("torch.group_norm(x, 3)", "RuntimeError"),
    ("F.grid_sample(x, torch.zeros(2, 5, 7, 2))", "RuntimeError"),
    ("torch.addcmul(x, x[:, :3], x)", "RuntimeError"),
    ("x > x[:, :3]", "RuntimeError"),
    ("1 if x > 0.5 else 2", "RuntimeError"),
    ("0 < x < 1", "RuntimeError"),
    ("not x", "RuntimeError"),
    ("einops.rearrange(x, 'b c h -> b h c')", "EinopsError"),
    ("einops.rearrange(x, 'b (g c) h w -> b c g h w', g=3)", "EinopsError"),
]


@pytest.mark.parametrize(("expression", "kind"), _FAILS)
def test_failures_are_those_of_torch(expression: str, kind: str) -> None:
    text = f"{_HEAD}\ndef f(x):\n    return {expression}\n"
    names: dict[str, Any] = {}
    exec(compile(ast.parse(text), "m.py", "exec"), names)
    with pytest.raises(Exception) as real:
        names["f"](torch.rand(1, 8, 4, 6))
    with pytest.raises(Raised) as error:
        call(text, "f", TensorValue((1, 8, 4, 6)))
    assert error.value.name == type(real.value).__name__ == kind


_UNKNOWN = [
    "opaque(x)",
    "x if opaque(x) else x.flatten(1).tolist()",
    "torch.Tensor.apply(x)",
    "einops.rearrange(x, '... c h w -> ... (c h w)').shape",
    "x.to(opaque(x)).dtype",
    "x.half().dtype == x.dtype",
    "1 if x.max() > 0.5 else 2",
    "bool(x.mean() == 0)",
    "x.to(torch.float64).dtype == torch.float32",
    "Peak.apply(x, axes=1)",  # newer releases of torch hand it over, older ones refuse it
]


@pytest.mark.parametrize("expression", _UNKNOWN)
def test_what_is_not_known_stays_unknown(expression: str) -> None:
    found = call(f"{_HEAD}\ndef f(x):\n    return {expression}\n", "f", TensorValue((1, 8, 4, 6)))
    assert isinstance(found, UnknownValue) or found.shape is None


def test_a_choice_keeps_the_sizes_on_which_both_sides_agree() -> None:
    text = f"{_HEAD}\ndef f(x):\n    return x[:, :2] if opaque(x) else x[:, :3]\n"
    assert call(text, "f", TensorValue((1, 8, 4, 6))).shape == (1, None, 4, 6)


_BODIES = {
    "two returns": "    if opaque(x):\n        return plain(x)\n    return x[:, :1] + 0\n",
    "else": "    if opaque(x):\n        return x[:, 1:2]\n    else:\n        return plain(x)\n",
}


@pytest.mark.parametrize("body", _BODIES.values(), ids=_BODIES)
def test_returns_under_a_test_that_is_not_known_agree(body: str) -> None:
    found = call(f"{_HEAD}\ndef f(x):\n{body}", "f", TensorValue((1, 8, 4, 6)))
    assert found.shape == (1, 1, 4, 6)


_CHANGING = {
    "append": "    y = [x]\n    z = y.append(x) if opaque(x) else y.append(x)\n    return len(y)\n",
    "set": "    y = {}\n    z = y.update(a=1) if opaque(x) else None\n    return len(y)\n",
    "attribute": (
        "    def change():\n        plain.n = 2\n        return 1\n    plain.n = 1\n"
        "    z = change() if opaque(x) else 1\n    return plain.n\n"
    ),
}


@pytest.mark.parametrize("name", _CHANGING)
def test_a_side_that_changes_something_is_not_tried_out(name: str) -> None:
    """What it would have changed is not known then, or as it was: never changed twice."""
    found = call(f"{_HEAD}\ndef f(x):\n{_CHANGING[name]}", "f", TensorValue((1, 8, 4, 6)))
    assert isinstance(found, UnknownValue) or found == {"append": 1, "set": 0, "attribute": 1}[name]


def test_no_interpreter_error_leaves_the_machine() -> None:
    text = f"{_HEAD}\ndef f(x):\n    return Peak.apply(*[x] * 9)\n"
    with pytest.raises(Raised):
        call(text, "f", TensorValue((1, 8)))
    assert not issubclass(ImpureError, Raised)


_GRADIENTS = {
    "    with torch.no_grad():\n        return torch.is_grad_enabled()\n": False,
    "    with torch.no_grad():\n        pass\n    return torch.is_grad_enabled()\n": True,
    "    with torch.no_grad(), torch.enable_grad():\n        return torch.is_grad_enabled()": True,
    "    with torch.set_grad_enabled(False):\n        return torch.is_grad_enabled()\n": False,
    "    with torch.set_grad_enabled(False): pass\n    return torch.is_grad_enabled()": True,
    "    torch.set_grad_enabled(False)\n    return torch.is_grad_enabled()\n": False,
    "    return nn.Conv2d(1, 1, 1).weight.requires_grad\n": True,
    "    return torch.arange(3).requires_grad\n": False,
    "    with torch.no_grad():\n        return (x * 2).requires_grad\n": False,
}


@pytest.mark.parametrize("body", _GRADIENTS)
def test_gradients_are_on_where_python_has_them_on(body: str) -> None:
    text = f"{_HEAD}\ndef f(x):\n{body}"
    names: dict[str, Any] = {}
    exec(compile(ast.parse(text), "m.py", "exec"), names)
    with torch.enable_grad():
        real = names["f"](torch.rand(1, 8))
    assert call(text, "f", TensorValue((1, 8))) is real is _GRADIENTS[body]


_OPEN = """\
from {package} import *
import torch.nn as nn
def f(x):
    return {expression}
"""


@pytest.mark.parametrize(
    ("package", "expression", "known"),
    [
        ("timm.models.layers", "isinstance(x, list)", True),
        ("timm.models.layers", "len(x.shape)", True),
        ("numpy", "sum([1, 2])", False),
        ("timm.models.layers", "Conv", False),
        ("timm.models.layers", "hasattr(nn, 'SiLU')", True),
        ("timm.models.layers", "hasattr(nn, 'NoSuchLayer')", True),
        ("timm.models.layers", "hasattr(nn.functional, 'silu')", True),
        ("timm.models.layers", "hasattr(torch, 'compile')", False),
    ],
)
def test_a_star_import_of_another_package_leaves_builtins(
    package: str, expression: str, known: bool
) -> None:
    text = _OPEN.format(package=package, expression=expression)
    found = call(text, "f", TensorValue((1, 8)))
    assert isinstance(found, UnknownValue) is not known
    if known:
        assert found == eval(expression, {"x": torch.rand(1, 8), "nn": torch.nn, "torch": torch})


@pytest.mark.parametrize(
    ("decorator", "known"),
    [("timm.models.register_model", True), ("package.traced", False)],
)
def test_a_decorated_function_of_another_package_keeps_its_name(
    decorator: str, known: bool
) -> None:
    text = f"import timm.models, package\n@{decorator}\ndef block(x):\n    return x\n"
    text += "class Conv: pass\ndef f(x):\n    return (Conv in (block,), block(x))\n"
    found = call(text, "f", 3)
    assert found[0] is False
    assert (found[1] == 3) is known


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("type(Conv).__name__", "type"),
        ("type(Conv()).__name__", "Conv"),
        ("type(3).__name__", "int"),
        ("type(int).__name__", "type"),
        ("type(Conv) is type", True),
        ("type(Conv).__name__ == 'Conv'", False),
        ("isinstance(Conv, type)", True),
    ],
)
def test_types_of_classes(expression: str, expected: object) -> None:
    text = f"import torch\nclass Conv: pass\ndef f(x):\n    return {expression}\n"
    assert call(text, "f", TensorValue((1, 8))) == expected


def test_what_is_asked_again_is_answered_as_the_first_time() -> None:
    """Kinds count (1, True and 1.0 are equal), and a name that a function binds again is asked."""
    text = (
        "class Conv: pass\nclass Other: pass\nNAME = Conv\n"
        "def pad(k, p=None):\n    return k // 2 if p is None else p\n"
        "def kind(x):\n    return isinstance(x, bool)\n"
        "def change():\n    global NAME\n    NAME = Other\n"
        "def within(m):\n    return m in {NAME, Other}\n"
        "def f(x):\n"
        "    first = within(Conv)\n    change()\n"
        "    return [pad(3), pad(4), pad(3, 1), kind(1), kind(True), kind(1.0), pad(k=3),\n"
        "            first, within(Conv), within(Other)]\n"
    )
    names: dict[str, Any] = {}
    exec(text, names)
    assert call(text, "f", 1) == names["f"](1)


def test_parameters_are_counted() -> None:
    text = (
        "import torch.nn as nn\ndef f(x):\n"
        "    m = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))\n"
        "    return sum(x.numel() for x in m.parameters())\n"
    )
    assert call(text, "f", 1) == 3 * 8 * 9 + 8 + 16


@pytest.mark.parametrize(
    "expression",
    ["Conv * 0.5", "0.5 * Conv", "int * 2", "plain + 1", "Conv - None", "len / 2", "2 ** Conv"],
)
def test_classes_and_functions_are_no_operands(expression: str) -> None:
    text = f"class Conv: pass\ndef plain(x): return x\ndef f(x):\n    return {expression}\n"
    with pytest.raises(Raised) as error:
        call(text, "f", 1)
    assert error.value.name == "TypeError"
    with pytest.raises(TypeError):
        eval(expression, {"Conv": type("Conv", (), {}), "plain": len})
