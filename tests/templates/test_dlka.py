"""What only DLKA must do: one sum by three routes, wild offsets, and little memory in training."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from . import support

FOLDER = "dlka"


def values(module: nn.Module) -> list[Tensor]:
    """The output, and the gradients of the input and of every parameter."""
    x = support.image(2, 16, 7, 9, dtype=torch.float64).requires_grad_()
    out = module(x)
    slope = torch.linspace(-1, 2, out.numel(), dtype=out.dtype).reshape(out.shape)
    return [out.detach(), *torch.autograd.grad(out, [x, *module.parameters()], slope)]


def room_of(module: nn.Module) -> dict[str, Any]:
    return vars(sys.modules[type(module).__module__])


def test_the_sum_for_graphs_is_that_of_eager(monkeypatch: pytest.MonkeyPatch) -> None:
    module = support.filled(FOLDER, 16).double()
    expected = values(module)
    monkeypatch.setitem(room_of(module), "_DLKA_is_recorded", lambda: True)
    for own, other in zip(values(module), expected, strict=True):
        assert support.gap(own, other) < 1e-12


def test_deterministic_gradients_are_those_of_the_fused_operator() -> None:
    module = support.filled(FOLDER, 16).double()
    expected = values(module)
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        found = values(module)
    finally:
        torch.use_deterministic_algorithms(before)
    for own, other in zip(found, expected, strict=True):
        assert support.gap(own, other) < 1e-12


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("far", [1e4, -1e30])
def test_places_far_outside_are_nought(
    far: float, recorded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = support.filled(FOLDER, 16)
    gate = module.spatial_gating_unit
    with torch.no_grad():
        for part in (gate.conv0, gate.conv_spatial):
            part.offset_net.weight.zero_()
            part.offset_net.bias.fill_(far)
        monkeypatch.setitem(room_of(module), "_DLKA_is_recorded", lambda: recorded)
        x = support.image(1, 16, 6, 5)
        u = module.activation(module.proj_1(x))
        expected = x + module.proj_2(u * gate.conv1.bias[:, None, None])
        assert support.gap(module(x), expected) < 1e-6


def test_training_keeps_no_map_for_each_tap() -> None:
    module, kept = support.filled(FOLDER, 16).train(), []
    x = support.image(1, 16, 20, 20).requires_grad_()

    def keep(value: Tensor) -> Tensor:
        kept.append(value.numel())
        return value

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        module(x)
    assert sum(kept) < 50 * x.numel()  # 74 taps read a map each
