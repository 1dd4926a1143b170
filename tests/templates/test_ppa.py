"""PPA alone: published names, both ways to average and to spread, dropout, refusals."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from . import support

SHAPES = [(2, 32, 8, 8), (1, 32, 13, 17), (2, 32, 3, 6), (1, 32, 1, 1)]


def test_loads_and_saves_the_published_names_under_a_prefix() -> None:
    model = nn.Sequential(nn.Identity(), support.build("ppa", 16))
    state = {key: torch.randn(value.shape) for key, value in model.state_dict().items()}
    names = {f"1.lga{p}.{part}" for p in (2, 4) for part in ("prompt", "top_down_transform")}
    assert names < set(state)
    before = list(state)
    model.load_state_dict(state, strict=True)
    assert list(state) == before, "the caller's checkpoint is not renamed"
    assert all(torch.equal(model.state_dict()[name], state[name]) for name in names)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("branch", ["lga2", "lga4"])
def test_groups_of_whole_channels_are_the_general_case(branch: str, shape: tuple[int, ...]) -> None:
    patches = getattr(support.filled("ppa", 32), branch)
    x = support.image(*shape)
    quick = patches(x)
    patches.whole = False
    assert support.gap(patches(x), quick) < 1e-5


@pytest.mark.parametrize("shape", SHAPES)
def test_the_deterministic_way_gives_the_same_numbers(shape: tuple[int, ...]) -> None:
    found = []
    for deterministic in (False, True):
        module = support.filled("ppa", 32).double()
        x = support.image(*shape, dtype=torch.float64).requires_grad_()
        before = torch.are_deterministic_algorithms_enabled()
        torch.use_deterministic_algorithms(deterministic)
        try:
            out = module(x)
            out.square().sum().backward()
        finally:
            torch.use_deterministic_algorithms(before)
        found.append((out, x.grad))
    for fused, plain in zip(*found, strict=True):
        assert support.gap(plain, fused) < 1e-12


def dropped(module: nn.Module, x: Tensor) -> Tensor:
    """Which channels of which images are nought before the last norm."""
    seen: list[Tensor] = []
    module.bn1.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    module(x)
    return seen[0].abs().amax((2, 3)) == 0


def test_dropout_takes_whole_channels_in_training_alone() -> None:
    x = support.image(4, 64, 6, 5)
    assert not dropped(support.filled("ppa", 64).train(), x).any()
    assert not dropped(support.filled("ppa", 64, 0.25), x).any()
    torch.manual_seed(0)
    share = dropped(support.filled("ppa", 64, 0.25).train(), x).double().mean()
    assert 0.15 < float(share) < 0.35


@pytest.mark.parametrize("args", [(512,), (1,), (-0.1,), (True,), ("0.1",)])
def test_refusals_name_the_row_with_its_channels(args: tuple[Any, ...]) -> None:
    with pytest.raises((TypeError, ValueError)) as refusal:
        support.load_class("ppa")(64, 96, *args)
    assert str(refusal.value).endswith("; write the row [-1, 1, PPA, [96]]")


def test_a_single_channel_is_refused() -> None:
    with pytest.raises(ValueError, match="filters must be an int of at least 2") as refusal:
        support.load_class("ppa")(64, 1)
    assert str(refusal.value).endswith("; write the row [-1, 1, PPA, [256]]")
