"""RepConv alone: what fuse() folds, and when there is an identity branch."""

from __future__ import annotations

import copy

import pytest
import torch

from . import support

CASES = [((64, 64), ()), ((64, 48), ()), ((64, 64), (3, 2)), ((64, 96), (3, 1, 1, 8, False))]


@pytest.mark.parametrize(("channels", "args"), CASES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_fused_gives_the_same_output(
    channels: tuple[int, int], args: tuple[object, ...], dtype: torch.dtype
) -> None:
    module = support.load_class("repconv")(*channels, *args)
    support.randomise(module, 3)
    module.eval().to(dtype)
    x = support.image(2, channels[0], 13, 9, dtype=dtype)
    with torch.no_grad():
        before = module(x)
        fused = copy.deepcopy(module).fuse()
        assert support.gap(fused(x), before) < (1e-12 if dtype == torch.float64 else 1e-5)
    weights = fused.state_dict()
    assert set(weights) == {"rbr_reparam.weight", "rbr_reparam.bias"}
    assert weights["rbr_reparam.weight"].dtype == dtype
    kernel = weights["rbr_reparam.weight"]
    assert torch.equal(fused.fuse().state_dict()["rbr_reparam.weight"], kernel)


def test_fused_knows_the_epsilon_that_yolo_sets() -> None:
    module = support.filled("repconv", 16)
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.eps = 1e-3
    x = support.image(1, 16, 6, 6)
    with torch.no_grad():
        expected = module(x)
        assert support.gap(module.fuse()(x), expected) < 1e-5


@pytest.mark.parametrize(
    ("args", "there"), [((8, 8), True), ((8, 16), False), ((8, 8, 3, 2), False)]
)
def test_identity_branch_only_where_the_map_keeps_its_shape(
    args: tuple[int, ...], there: bool
) -> None:
    module = support.load_class("repconv")(*args)
    assert ("rbr_identity.weight" in module.state_dict()) == there


def test_a_fused_module_is_copied_and_scripted() -> None:
    module, x = support.filled("repconv", 8).fuse(), support.image(1, 8, 5, 5)
    with torch.no_grad():
        assert torch.equal(copy.deepcopy(module)(x), module(x))
        assert support.gap(torch.jit.script(module)(x), module(x)) < 1e-6
