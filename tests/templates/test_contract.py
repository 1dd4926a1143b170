"""What every template computes: the numbers, their derivatives, every size, layout and batch."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from . import support

SIDES = ((8, 8), (1, 1), (2, 2), (3, 3), (4, 4), (20, 20), (13, 17), (8, 8), (40, 24))
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


def usual(folder: str) -> nn.Module:
    return support.filled(folder, support.narrow(folder), *support.usual(folder))


def image(folder: str, count: int, *sides: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return support.image(count, support.narrow(folder), *sides, dtype=dtype)


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
    if support.manifest(folder)["rule"] != "conv" or "resize" in support.manifest(folder):
        assert expected.shape == (*shape[:2], *support.sides_after(folder, *shape[2:], args=args))


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
def test_a_new_layer_lets_signal_and_gradient_through(folder: str) -> None:
    """Else layers before it would not learn, and weights of the base would count for nothing."""
    x = image(folder, 2, 8, 8).requires_grad_()
    out = support.build(folder, support.narrow(folder)).train()(x)
    assert out.any()
    (out * torch.randn_like(out)).sum().backward()
    assert x.grad is not None and x.grad.any()


@each
@pytest.mark.parametrize("shape", [(1, 64, 20, 20), (2, 64, 13, 17)])
def test_transcription_gives_the_same_numbers(folder: str, shape: tuple[int, ...]) -> None:
    """What the benchmark compares with must compute the same thing from the same state."""
    module = support.filled(folder, shape[1], *support.usual(folder))
    x = support.image(*shape, dtype=torch.float64)
    plain = support.transcribed(support.reference(folder).Transcription, module)
    assert support.gap(run(module.double(), x), run(plain, x)) < 1e-9


@each
def test_gradient_of_the_input_is_the_derivative(folder: str) -> None:
    x = image(folder, 1, 3, 2, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(usual(folder).double(), (x,))


@each
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("training", [False, True])
def test_gradients_hold_along_random_directions(
    folder: str, layout: torch.memory_format, training: bool
) -> None:
    """Cheap enough for every parameter, and as strict: gradcheck's fast mode lets errors pass."""
    module = usual(folder).double().train(training)
    x = image(folder, 2, 7, 6, dtype=torch.float64).to(memory_format=layout).requires_grad_()
    torch.manual_seed(0)
    with torch.no_grad():
        weight = torch.randn_like(copy.deepcopy(module)(x))
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
@pytest.mark.parametrize("training", [False, True])
def test_input_is_left_alone(folder: str, training: bool) -> None:
    module, x = usual(folder).train(training), image(folder, 2, 8, 8)
    before = x.clone()
    run(module, x)
    module(x.requires_grad_()).sum().backward()
    assert torch.equal(x, before)


@each
def test_memory_layout_does_not_matter(folder: str) -> None:
    module, x = usual(folder), image(folder, 2, 12, 10)
    expected = run(module, x)
    wide = image(folder, 2, 24, 11)
    wide[:, :, ::2, 1:] = x
    layouts = {
        "channels_last": x.to(memory_format=torch.channels_last),
        "strided": wide[:, :, ::2, 1:],
        "transposed": x.transpose(2, 3).contiguous().transpose(2, 3),
        "part of the channels": torch.cat((x, x), 1)[:, x.shape[1] :],
    }
    for name, view in layouts.items():
        assert support.gap(run(module, view), expected) < EQUAL, name
    module.to(memory_format=torch.channels_last)
    assert support.gap(run(module, layouts["channels_last"]), expected) < EQUAL


@each
def test_images_of_a_batch_do_not_meet(folder: str) -> None:
    module, x = usual(folder), image(folder, 3, 9, 8)
    together = run(module, x)
    for number in range(3):
        alone = run(module, x[number : number + 1])
        assert support.gap(together[number : number + 1], alone) < EQUAL


@each
def test_sides_may_change_between_calls(folder: str) -> None:
    module = usual(folder)
    unused = copy.deepcopy(module)
    for height, width in SIDES:
        if not support.takes_sides(folder, height, width):
            continue
        x = image(folder, 2, height, width)
        out = run(module, x)
        assert out.shape == (*x.shape[:2], *support.sides_after(folder, height, width))
        assert support.gap(out, run(copy.deepcopy(unused), x)) < EQUAL


@each
def test_official_keys_and_parameters(folder: str) -> None:
    official = support.reference(folder)
    args = getattr(official, "OFFICIAL_ARGS", support.usual(folder))
    state = support.build(folder, 64, *args).state_dict()
    assert {key: tuple(value.shape) for key, value in state.items()} == official.OFFICIAL_KEYS_64
    assert {64, 256} <= set(official.OFFICIAL_PARAMS)
    for channels, count in official.OFFICIAL_PARAMS.items():
        parameters = support.build(folder, channels, *args).parameters()
        assert sum(value.numel() for value in parameters) == count
