"""What only ACmix must do: rates that every YOLO trains, short mirrors, strides, a silent bias."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from . import support

RATES = ("rate1", "rate2")


def acmix(channels: int = 16, *args: Any, **kwargs: Any) -> nn.Module:
    module = support.build("acmix", channels, *args, **kwargs)
    support.randomise(module, 3)
    return module


def official_state(module: nn.Module) -> dict[str, Tensor]:
    """A checkpoint as the published class writes it."""
    noise = torch.Generator().manual_seed(5)
    shapes = {key: value.shape for key, value in module.state_dict().items()}
    return {key: torch.randn(shape, generator=noise) for key, shape in shapes.items()}


def weights_and_biases(model: nn.Module) -> list[nn.Parameter]:
    """All that the optimizers of YOLOv5 up to v6.2 and of YOLOv7 see."""
    found = []
    for part in model.modules():
        for name in ("bias", "weight"):
            value = getattr(part, name, None)
            if isinstance(value, nn.Parameter):
                found.append(value)
    return found


def own_parameters(model: nn.Module) -> list[nn.Parameter]:
    """What newer forks see: each module's parameters, whatever they are called."""
    return [value for part in model.modules() for value in part.parameters(recurse=False)]


@pytest.mark.parametrize("collect", [weights_and_biases, own_parameters])
def test_every_optimizer_trains_the_rates(collect: Any) -> None:
    model = nn.Sequential(nn.Conv2d(16, 16, 1), acmix())
    seen = collect(model)
    assert sorted(map(id, seen)) == sorted(map(id, model.parameters()))
    before = {name: model.state_dict()[f"1.{name}"].clone() for name in RATES}
    model(support.image(1, 16, 8, 8)).square().sum().backward()
    torch.optim.SGD(seen, lr=0.1).step()
    for name in RATES:
        assert not torch.equal(model.state_dict()[f"1.{name}"], before[name])


def test_averaging_in_place_reaches_the_parameters() -> None:
    model, averaged = nn.Sequential(acmix()), nn.Sequential(acmix())
    support.randomise(model, 8)
    other = model.state_dict()
    for key, value in averaged.state_dict().items():
        value.mul_(0.25).add_(other[key], alpha=0.75)
    expected = 0.25 * acmix().state_dict()["rate1"] + 0.75 * other["0.rate1"]
    assert torch.allclose(averaged.state_dict()["0.rate1"], expected)
    assert torch.allclose(next(averaged[0].rate1.parameters()), expected)


def test_official_checkpoint_loads_under_a_prefix() -> None:
    model = nn.ModuleDict({"model": nn.Sequential(nn.Identity(), acmix())})
    state = official_state(model)
    assert {"model.1.rate1", "model.1.rate2"} < set(state)
    before = dict(state)
    model.load_state_dict(state, strict=True)
    assert list(state) == list(before), "the caller's checkpoint is not renamed"
    for key, value in model.state_dict().items():
        assert torch.equal(value, state[key]), key


def test_missing_and_surplus_keys_are_still_reported() -> None:
    module = acmix()
    state = official_state(module)
    del state["rate1"]
    state["rate3"] = torch.ones(1)
    report = module.load_state_dict(state, strict=False)
    assert report.unexpected_keys == ["rate3"]
    assert len(report.missing_keys) == 1 and report.missing_keys[0].startswith("rate1")
    state["rate1"] = torch.ones(2)
    with pytest.raises(RuntimeError, match="rate1"):
        module.load_state_dict(state, strict=False)


def test_state_dict_keeps_variables_on_request() -> None:
    module = acmix()
    kept = module.state_dict(keep_vars=True)
    assert {id(kept[key]) for key in kept} == set(map(id, module.parameters()))
    assert not module.state_dict()["rate1"].requires_grad


def test_starts_from_equal_rates_and_shifts() -> None:
    state = support.build("acmix", 8, 3, 2, 5).state_dict()
    assert float(state["rate1"]) == float(state["rate2"]) == 0.5
    kernels = state["dep_conv.weight"]
    for tap in range(25):
        expected = torch.zeros(5, 5)
        expected[tap // 5, tap % 5] = 1
        assert torch.equal(kernels[:, tap], expected.expand(8, 5, 5))


def test_bias_of_the_position_has_no_say() -> None:
    module, x = acmix().eval(), support.image(1, 16, 7, 9)
    expected = module(x)
    expected.square().sum().backward()
    assert torch.equal(module.conv_p.bias.grad, torch.zeros(4))
    assert float(module.conv_p.weight.grad.abs().max()) > 0
    with torch.no_grad():
        module.conv_p.bias.fill_(1e4)
        assert torch.equal(module(x), expected)


@pytest.mark.parametrize("size", [4, 5, 9])
def test_mirrors_as_reflection_padding_where_that_is_defined(size: int) -> None:
    reflect = vars(sys.modules[type(acmix()).__module__])["_ACmix_reflect"]
    line = torch.arange(size).float()
    padded = nn.ReflectionPad1d(3)(line.view(1, 1, -1)).flatten().long()
    assert torch.equal(reflect(torch.arange(-3, size + 3), size), padded)


@pytest.mark.parametrize(
    ("size", "expected"), [(1, [0, 0, 0, 0, 0, 0, 0]), (2, [1, 0, 1, 0, 1, 0, 1])]
)
def test_mirrors_again_on_short_sides(size: int, expected: list[int]) -> None:
    reflect = vars(sys.modules[type(acmix()).__module__])["_ACmix_reflect"]
    assert reflect(torch.arange(-3, 4), size).tolist() == expected


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("sides", [(1, 1), (2, 3), (7, 8), (17, 9)])
def test_stride_rounds_up(stride: int, sides: tuple[int, int]) -> None:
    out = acmix(8, 7, 4, 3, stride)(support.image(1, 8, *sides))
    assert out.shape == (1, 8, -(-sides[0] // stride), -(-sides[1] // stride))


def test_channels_may_change() -> None:
    module = support.load_class("acmix")(6, 16)
    assert module(support.image(1, 6, 5, 5)).shape == (1, 16, 5, 5)


def test_plain_softmax_gives_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    module, x = acmix().eval(), support.image(2, 16, 13, 10)
    with torch.no_grad():
        expected = module(x)
        monkeypatch.delattr(torch.nn.functional, "scaled_dot_product_attention")
        assert support.gap(module(x), expected) < 1e-6


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning")
def test_a_trace_serves_other_sizes() -> None:
    module = acmix().eval()
    with torch.no_grad():
        traced = torch.jit.trace(module, support.image(1, 16, 9, 8))
        for shape in ((1, 16, 20, 12), (2, 16, 3, 17), (1, 16, 1, 1)):
            x = support.image(*shape)
            assert support.gap(traced(x), module(x)) < 1e-5


def test_runs_on_the_device_of_its_input() -> None:
    module = acmix().to("meta")
    assert module(torch.empty(2, 16, 6, 5, device="meta")).shape == (2, 16, 6, 5)


@pytest.mark.parametrize(
    ("channels", "args", "row"),
    [
        (64, (64,), "[1024]"),
        (64, (1024,), "[1024]"),
        (64, (8,), "[1024]"),
        (64, (33,), "[1024]"),
        (64, (7, 0), "[1024]"),
        (64, (7, 4, 4), "[1024]"),
        (64, (7, 4, 3, 0), "[1024]"),
        (64, (7, 4, 3, 1, 0), "[1024]"),
        (64, (7, 5), "[1024, 7, 4]"),
        (18, (), "[1024, 7, 3]"),
        (0, (), "[1024]"),
        (True, (), "[1024]"),
        (64.0, (), "[1024]"),
    ],
)
def test_refusals_name_the_row_to_write(channels: Any, args: tuple[Any, ...], row: str) -> None:
    with pytest.raises((TypeError, ValueError)) as refusal:
        support.load_class("acmix")(channels, channels, *args)
    assert str(refusal.value).endswith(f"write the row [-1, 1, ACmix, {row}]")
