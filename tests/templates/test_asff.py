"""ASFF alone: levels of other channels, its weights, and levels in another order."""

from __future__ import annotations

import pytest
import torch

from . import support

CHANNELS = [12, 8, 4]


def levels(side: int = 4) -> list[torch.Tensor]:
    """Three maps, the deepest first."""
    return [support.image(1, c, side * 2**i, side * 2**i, seed=i) for i, c in enumerate(CHANNELS)]


@pytest.mark.parametrize("level", [0, 1, 2])
def test_the_output_has_the_shape_of_its_level(level: int) -> None:
    x = levels()
    assert support.load_class("asff")(CHANNELS, level)(x).shape == x[level].shape


@pytest.mark.parametrize(
    ("channels", "level", "there"),
    [
        ([512, 256, 256], 0, {"stride_level_1", "stride_level_2"}),
        ([512, 256, 256], 1, {"compress_level_0", "stride_level_2"}),
        ([512, 256, 256], 2, {"compress_level_0"}),  # as in the official network
        ([512, 256, 128], 2, {"compress_level_0", "compress_level_1"}),
    ],
)
def test_parts_of_the_official_class(channels: list[int], level: int, there: set[str]) -> None:
    names = {
        key.partition(".")[0] for key in support.load_class("asff")(channels, level).state_dict()
    }
    always = {"weight_level_0", "weight_level_1", "weight_level_2", "weight_levels", "expand"}
    assert names == there | always


@pytest.mark.parametrize("chosen", [0, 1, 2])
def test_one_level_can_have_all_of_the_weight(chosen: int) -> None:
    """Then the others do not matter."""
    module = support.load_class("asff")(CHANNELS, 1).eval()
    x = levels()
    with torch.no_grad():
        module.weight_levels.bias.fill_(-1e4)
        module.weight_levels.bias[chosen] = 0.0
        module.weight_levels.weight.zero_()
        expected = module(x)
        for other in {0, 1, 2} - {chosen}:
            changed = [*x]
            changed[other] = x[other] + 1.0
            assert support.gap(module(changed), expected) < 1e-6
        changed = [*x]
        changed[chosen] = x[chosen] + 1.0
        assert support.gap(module(changed), expected) > 1e-3


def test_levels_in_another_order_do_not_run() -> None:
    with pytest.raises(RuntimeError):
        support.load_class("asff")(CHANNELS[::-1], 0)(levels()[::-1])


@pytest.mark.parametrize("channels", [64, [64, 64], [1, 2, 3, 4], [64, 64, 0]])
def test_what_are_not_three_levels_is_refused(channels: object) -> None:
    with pytest.raises((TypeError, ValueError), match="three inputs"):
        support.load_class("asff")(channels)
