"""Backward passes written by hand: they give what autograd gives for the plain operators."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from . import support

FOLDERS = {
    "cbam": "_CBAM_trains",
    "dlka": "_DLKA_trains",
    "msda": "_MSDA_trains",
    "triplet_attention": "_TripletAttention_trains",
}


def gradients(module: nn.Module, x: Tensor) -> list[Tensor]:
    x = x.detach().requires_grad_()
    out = module(x)
    return [out.detach(), *torch.autograd.grad(out, [x, *module.parameters()], slope(out))]


def slope(out: Tensor) -> Tensor:
    return torch.linspace(-1, 2, out.numel(), dtype=out.dtype).reshape(out.shape)


def trained(folder: str, dtype: torch.dtype = torch.float64) -> nn.Module:
    return support.filled(folder, 24, *support.usual(folder)).to(dtype).train()


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("ties", [False, True])
def test_gradients_are_those_of_the_plain_operators(
    folder: str, ties: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, x = trained(folder), support.image(2, 24, 7, 5, dtype=torch.float64)
    x = x.relu().round() if ties else x
    found = gradients(module, x)
    monkeypatch.setitem(type(module).forward.__globals__, FOLDERS[folder], lambda x: False)
    for own, expected in zip(found, gradients(module, x), strict=True):
        assert support.gap(own, expected) < 1e-12


@pytest.mark.parametrize("folder", ["cbam", "triplet_attention"])
def test_second_derivatives(folder: str) -> None:
    module = support.filled(folder, 16, *support.usual(folder)).double().eval()
    x = support.image(1, 16, 2, 3, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradgradcheck(module, (x,))


@pytest.mark.parametrize("folder", FOLDERS)
def test_only_the_gates_are_trained_behind_a_frozen_layer(folder: str) -> None:
    module, x = trained(folder), support.image(2, 24, 7, 5, dtype=torch.float64)
    expected = gradients(module, x)[2:]
    out = module(x)  # x has no gradient
    own = torch.autograd.grad(out, list(module.parameters()), slope(out))
    for one, other in zip(own, expected, strict=True):
        assert support.gap(one, other) < 1e-12


@pytest.mark.parametrize("folder", FOLDERS)
def test_under_autocast_gradients_have_the_types_of_what_they_belong_to(folder: str) -> None:
    module, x = trained(folder, torch.float32), support.image(2, 24, 7, 5).requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = module(x)
    out.float().sum().backward()
    assert x.grad is not None and x.grad.dtype == x.dtype
    assert all(p.grad is not None and p.grad.dtype == p.dtype for p in module.parameters())
