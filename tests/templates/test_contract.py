"""What every template must do, whatever it computes: one run for each folder with a manifest."""

from __future__ import annotations

import copy
import io
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from . import support

CHANNELS = (16, 24, 40, 48, 64, 80)
SIDES = ((8, 8), (1, 1), (2, 2), (3, 3), (13, 17), (8, 8), (40, 24))
EQUAL = 1e-5  # two float32 routes to one value, relative to the largest

each = pytest.mark.parametrize("folder", support.folders())
pytestmark = pytest.mark.filterwarnings(
    "ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"
)


def cases() -> list[Any]:
    found = []
    for folder in support.folders():
        for args, shape in support.reference(folder).CASES:
            name = f"{folder}-{args}-{'x'.join(map(str, shape))}"
            found.append(pytest.param(folder, args, shape, id=name))
    return found


def usual(folder: str, channels: int = 16) -> nn.Module:
    return support.filled(folder, channels, *support.usual(folder))


@torch.no_grad()
def run(module: nn.Module, x: Tensor) -> Tensor:
    out = module(x)
    assert isinstance(out, Tensor)
    return out


@pytest.mark.parametrize(("folder", "args", "shape"), cases())
def test_equals_the_float64_reference(
    folder: str, args: tuple[Any, ...], shape: tuple[int, ...]
) -> None:
    module = support.filled(folder, shape[1], *args)
    x = support.image(*shape)
    expected = support.reference(folder).reference(module, x.double())
    assert expected.dtype == torch.float64
    assert support.gap(run(module, x), expected) < EQUAL
    if support.manifest(folder)["rule"] != "conv":
        assert expected.shape == x.shape


@pytest.mark.parametrize(("folder", "args", "shape"), cases())
def test_every_parameter_gets_a_gradient_in_training(
    folder: str, args: tuple[Any, ...], shape: tuple[int, ...]
) -> None:
    module = support.build(folder, shape[1], *args).train()
    x = support.image(*shape).requires_grad_()
    out = module(x)
    (out * torch.randn_like(out)).sum().backward()
    assert x.grad is not None and torch.isfinite(x.grad).all()
    for name, value in module.named_parameters():
        assert value.grad is not None, name
        assert torch.isfinite(value.grad).all(), name


@each
def test_gradient_of_the_input_is_the_derivative(folder: str) -> None:
    x = support.image(1, 16, 3, 2, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(usual(folder).double(), (x,))


@each
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("training", [False, True])
def test_gradients_hold_along_random_directions(
    folder: str, layout: torch.memory_format, training: bool
) -> None:
    """Cheap enough for every parameter, and as strict: gradcheck's fast mode lets errors pass."""
    module = usual(folder).double().train(training)
    x = support.image(2, 16, 7, 6, dtype=torch.float64).to(memory_format=layout).requires_grad_()
    torch.manual_seed(0)
    weight = torch.randn_like(x.detach())
    values = {"x": x, **dict(module.named_parameters())}
    (module(x) * weight).sum().backward()
    for name, value in values.items():
        along = torch.randn_like(value.detach())
        assert value.grad is not None, name
        sides = []
        for step in (1e-6, -1e-6):
            with torch.no_grad():
                start = value.clone()
                value.add_(along, alpha=step)
                sides.append(float((module(x) * weight).sum()))
                value.copy_(start)
        expected = (sides[0] - sides[1]) / 2e-6
        found = float((value.grad * along).sum())
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-6), name


@each
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_dtype_goes_through(folder: str, dtype: torch.dtype) -> None:
    module = usual(folder)
    x = support.image(2, 16, 13, 9)
    expected = run(module, x)
    try:
        out = run(module.to(dtype), x.to(dtype))
    except RuntimeError as error:
        if "not implemented for 'Half'" not in str(error):
            raise
        pytest.skip(f"no float16 on this CPU: {error}")
    assert out.dtype == dtype and torch.isfinite(out).all()
    alike = torch.cosine_similarity(out.double().flatten(), expected.double().flatten(), dim=0)
    assert float(alike) > 0.98


@each
def test_autocast_trains(folder: str) -> None:
    module = usual(folder).train()
    x = support.image(2, 16, 8, 8).requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = module(x)
    assert torch.isfinite(out).all()
    out.float().square().sum().backward()
    assert x.grad is not None and torch.isfinite(x.grad).all()
    assert all(value.grad is not None for value in module.parameters())


@each
def test_survives_deepcopy_pickle_and_save(folder: str) -> None:
    module, x = usual(folder), support.image(2, 16, 8, 8)
    expected = run(module, x)
    saved = io.BytesIO()
    torch.save(module, saved)
    saved.seek(0)
    copies = (
        copy.deepcopy(module),
        pickle.loads(pickle.dumps(module)),
        torch.load(saved, weights_only=False),
    )
    for twin in copies:
        assert torch.equal(run(twin, x), expected)
        assert list(twin.state_dict()) == list(module.state_dict())


@each
def test_state_loads_into_a_new_module(folder: str) -> None:
    module, x = usual(folder), support.image(2, 16, 8, 8)
    other = support.build(folder, 16, *support.usual(folder)).eval()
    other.load_state_dict(module.state_dict(), strict=True)
    assert torch.equal(run(other, x), run(module, x))


@each
@pytest.mark.parametrize("sides", [(8, 8), (13, 17)])
def test_trace_equals_eager(folder: str, sides: tuple[int, int]) -> None:
    module = usual(folder)
    with torch.no_grad():
        traced = torch.jit.trace(module, support.image(1, 16, *sides))
    other = support.image(1, 16, *sides, seed=2)
    assert support.gap(run(traced, other), run(module, other)) < EQUAL


@each
def test_onnx_equals_eager(folder: str, tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    module, x = usual(folder), support.image(1, 16, 8, 8)
    path = tmp_path / "module.onnx"
    torch.onnx.export(module, (x,), str(path), opset_version=12, dynamo=False, input_names=["x"])
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    other = support.image(1, 16, 8, 8, seed=2)
    (out,) = session.run(None, {"x": other.numpy()})
    assert support.gap(torch.from_numpy(out), run(module, other)) < 10 * EQUAL


@each
@pytest.mark.parametrize("training", [False, True])
def test_input_is_left_alone(folder: str, training: bool) -> None:
    module, x = usual(folder).train(training), support.image(2, 16, 8, 8)
    before = x.clone()
    run(module, x)
    module(x.requires_grad_()).sum().backward()
    assert torch.equal(x, before)


@each
def test_memory_layout_does_not_matter(folder: str) -> None:
    module, x = usual(folder), support.image(2, 16, 12, 10)
    expected = run(module, x)
    wide = support.image(2, 16, 24, 11)
    wide[:, :, ::2, 1:] = x
    layouts = {
        "channels_last": x.to(memory_format=torch.channels_last),
        "strided": wide[:, :, ::2, 1:],
        "transposed": x.transpose(2, 3).contiguous().transpose(2, 3),
        "part of the channels": torch.cat((x, x), 1)[:, 16:],
    }
    for name, view in layouts.items():
        assert support.gap(run(module, view), expected) < EQUAL, name
    module.to(memory_format=torch.channels_last)
    assert support.gap(run(module, layouts["channels_last"]), expected) < EQUAL


@each
def test_images_of_a_batch_do_not_meet(folder: str) -> None:
    module, x = usual(folder), support.image(3, 16, 9, 8)
    together = run(module, x)
    for number in range(3):
        alone = run(module, x[number : number + 1])
        assert support.gap(together[number : number + 1], alone) < EQUAL


@each
def test_sides_may_change_between_calls(folder: str) -> None:
    module = usual(folder)
    unused = copy.deepcopy(module)
    for height, width in SIDES:
        x = support.image(2, 16, height, width)
        out = run(module, x)
        assert out.shape == x.shape
        assert support.gap(out, run(copy.deepcopy(unused), x)) < EQUAL


@each
@pytest.mark.parametrize("side", [8, 4])
def test_stride_probe(folder: str, side: int) -> None:
    module = support.build(folder, 64, *support.usual(folder)).train()
    x = support.image(1, 64, side, side).requires_grad_()
    out = module(x)
    assert out.shape == x.shape and torch.isfinite(out).all()
    out.sum().backward()


@each
@pytest.mark.parametrize("channels", CHANNELS)
def test_usual_channel_counts(folder: str, channels: int) -> None:
    module, x = usual(folder, channels), support.image(1, channels, 8, 8)
    for training in (False, True):
        out = run(module.train(training), x)
        assert out.shape == x.shape and torch.isfinite(out).all()


@each
def test_official_keys_and_parameters(folder: str) -> None:
    official, args = support.reference(folder), support.usual(folder)
    state = support.build(folder, 64, *args).state_dict()
    assert {key: tuple(value.shape) for key, value in state.items()} == official.OFFICIAL_KEYS_64
    assert {64, 256} <= set(official.OFFICIAL_PARAMS)
    for channels, count in official.OFFICIAL_PARAMS.items():
        parameters = support.build(folder, channels, *args).parameters()
        assert sum(value.numel() for value in parameters) == count
