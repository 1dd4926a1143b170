"""CARAFE alone: what its weights do."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import support


def scores(module: nn.Module, values: Tensor) -> None:
    """Let the weights depend on the tap alone."""
    with torch.no_grad():
        module.content_encoder.weight.zero_()
        points = module.scale**2
        module.content_encoder.bias.copy_(values.repeat(module.groups).repeat_interleave(points))


@pytest.mark.parametrize("groups", [1, 4])
def test_equal_weights_are_a_mean_of_the_window(groups: int) -> None:
    module = support.build("carafe", 8, 2, 3, groups).eval()
    scores(module, torch.zeros(9))
    x = support.image(2, 8, 5, 6)
    mean = F.avg_pool2d(x, 3, 1, 1, count_include_pad=True)
    expected = F.interpolate(mean, scale_factor=2, mode="nearest")
    assert support.gap(module(x), expected) < 1e-6


@pytest.mark.parametrize("tap", [0, 5, 12])
def test_one_heavy_weight_moves_the_map(tap: int) -> None:
    module = support.build("carafe", 8, 2, 5).eval()
    scores(module, 200.0 * (torch.arange(25) == tap))
    x = support.image(1, 8, 6, 7)
    down, across = tap // 5, tap % 5
    moved = F.pad(x, (2, 2, 2, 2))[:, :, down : down + 6, across : across + 7]
    expected = F.interpolate(moved, scale_factor=2, mode="nearest")
    assert support.gap(module(x), expected) < 1e-6


def test_groups_must_divide_the_channels() -> None:
    with pytest.raises(ValueError, match=r"up_group=3 .* write the row \[-1, 1, CARAFE, \[\]\]"):
        support.build("carafe", 64, 2, 5, 3)
