"""What only SimAM must do: short floats, 1x1 maps, sizes that follow a trace, a safe lambda."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from . import support
from .references.simam import reference

LAYOUTS = {"fused": torch.contiguous_format, "plain": torch.channels_last}
HALF = 1 / (1 + math.exp(-0.5))  # the gate of a value that does not stand out

each_route = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
pytestmark = pytest.mark.filterwarnings(
    "ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"
)


def simam(*args: Any) -> torch.nn.Module:
    return support.load_class("simam")(*args)


def noise(*shape: int, std: float = 1.0, mean: float = 0.0) -> Tensor:
    return support.image(*shape, dtype=torch.float64) * std + mean


@each_route
@pytest.mark.parametrize("std", [0.1, 1.0, 8.0, 1000.0])
def test_float16_keeps_three_digits(layout: torch.memory_format, std: float) -> None:
    x = noise(1, 8, 80, 80, std=std).half().to(memory_format=layout)
    out, exact = simam()(x), reference(simam(), x.double())
    assert out.dtype == torch.float16
    assert support.gap(out, exact) < 1e-3
    error = (out.double() - exact).abs() / exact.abs().clamp_min(1e-3 * std)
    assert float(error.max()) < 2e-3


@each_route
def test_a_large_mean_does_not_drown_the_spread(layout: torch.memory_format) -> None:
    x = noise(1, 8, 20, 20, std=0.01, mean=100.0).float().to(memory_format=layout)
    assert support.gap(simam()(x), reference(simam(), x.double())) < 1e-3


@pytest.mark.parametrize("sides", [(1, 2), (2, 2), (3, 5), (8, 8), (40, 24)])
def test_both_routes_agree(sides: tuple[int, int]) -> None:
    x = noise(2, 8, *sides)
    fast, plain = simam()(x), simam()(x.to(memory_format=torch.channels_last))
    assert support.gap(fast, plain) < 1e-12
    assert plain.is_contiguous(memory_format=torch.channels_last)


@each_route
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_one_pixel_stays_finite(layout: torch.memory_format, dtype: torch.dtype) -> None:
    x = noise(2, 8, 1, 1).to(dtype)
    # strides of a 1x1 map say nothing about the layout, so the plain route is called by name
    module = simam()
    x.requires_grad_()
    out = module(x) if layout is torch.contiguous_format else module._plain(x)
    assert out.dtype == dtype and support.gap(out, x.double() * HALF) < 5e-3
    out.sum().backward()
    assert x.grad is not None and support.gap(x.grad, torch.full_like(x, HALF)) < 5e-3


@each_route
def test_a_flat_map_stays_finite(layout: torch.memory_format) -> None:
    x = torch.full((1, 4, 6, 6), 3.0).to(memory_format=layout)
    assert support.gap(simam()(x), x * HALF) < 1e-5


def test_autocast_gives_back_what_came_in() -> None:
    x = noise(1, 8, 8, 8).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert simam()(x).dtype == torch.float32
        assert simam()(x.bfloat16()).dtype == torch.bfloat16
    assert simam()(noise(1, 8, 8, 8)).dtype == torch.float64


def test_a_widened_norm_does_not_widen_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA's autocast runs group_norm in float32 whatever comes in."""
    narrow = torch.group_norm
    monkeypatch.setattr(torch, "group_norm", lambda x, *rest: narrow(x.float(), *rest))
    assert simam()(noise(1, 8, 8, 8).half()).dtype == torch.float16


def test_a_trace_follows_the_size() -> None:
    module = simam().eval()
    traced = torch.jit.trace(module, noise(1, 8, 8, 8).float())
    for sides in ((13, 17), (1, 1), (2, 1), (40, 24)):
        x = noise(2, 8, *sides).float()
        assert support.gap(traced(x), module(x)) < 1e-5


def test_onnx_follows_the_size(tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    module, path = simam().eval(), str(tmp_path / "module.onnx")
    axes = {"x": {0: "n", 2: "h", 3: "w"}}
    torch.onnx.export(
        module,
        (noise(1, 8, 8, 8).float(),),
        path,
        opset_version=12,
        dynamo=False,
        input_names=["x"],
        dynamic_axes=axes,
    )
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for sides in ((8, 8), (13, 17), (1, 1)):
        x = noise(2, 8, *sides).float()
        (out,) = session.run(None, {"x": x.numpy()})
        assert support.gap(torch.from_numpy(out), module(x)) < 1e-5


def test_export_follows_the_size() -> None:
    dim = torch.export.Dim
    sides = {2: dim("h", min=2, max=4096), 3: dim("w", min=2, max=4096)}
    module = simam().eval()
    program = torch.export.export(module, (noise(1, 8, 8, 9).float(),), dynamic_shapes=(sides,))
    x = noise(1, 8, 13, 17).float()
    assert support.gap(program.module()(x), module(x)) < 1e-5


def test_channels_have_no_effect() -> None:
    x = noise(1, 16, 8, 8).float()
    assert torch.equal(simam(1024)(x), simam()(x))
    assert simam(1024).e_lambda == 1e-4
    assert not torch.equal(simam(None, 0.5)(x), simam()(x))


def test_holds_nothing_and_shows_lambda() -> None:
    assert not simam(64).state_dict() and not list(simam(64).buffers())
    assert repr(simam(64, 1e-3)) == "SimAM(e_lambda=0.001)"


@pytest.mark.parametrize(
    ("args", "error", "row"),
    [
        ((None, 1024), ValueError, "[]"),
        ((64, 1), ValueError, "[]"),
        ((64, 0.0), ValueError, "[]"),
        ((64, float("nan")), ValueError, "[]"),
        ((64, True), TypeError, "[]"),
        ((64, None), TypeError, "[]"),
        ((1e-4,), TypeError, "[None, 0.0001]"),
        ((True,), TypeError, "[]"),
        (("64",), TypeError, "[]"),
        ((0,), ValueError, "[]"),
    ],
)
def test_refuses_with_the_row_to_write(
    args: tuple[Any, ...], error: type[Exception], row: str
) -> None:
    with pytest.raises(error, match="SimAM takes") as refusal:
        simam(*args)
    assert str(refusal.value).endswith(f"; write the row [-1, 1, SimAM, {row}]")
