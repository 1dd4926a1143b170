"""SPDConv alone: what it keeps of a map, and odd sides."""

from __future__ import annotations

import pytest
import torch

from . import support


def test_every_value_of_the_map_is_kept() -> None:
    """A 1x1 convolution can hand on any of the four parts."""
    module = support.build("spdconv", 4, 1).eval()
    x = support.image(1, 4, 6, 8)
    for part in range(4):
        with torch.no_grad():
            module.conv.conv.weight.zero_()
            module.conv.conv.weight[range(4), range(4 * part, 4 * part + 4)] = 1.0
            kept = x[:, :, part % 2 :: 2, part // 2 :: 2] / (1 + module.conv.bn.eps) ** 0.5
            assert support.gap(module(x), torch.nn.functional.silu(kept)) < 1e-6


@pytest.mark.parametrize("sides", [(5, 6), (6, 5), (7, 7)])
def test_odd_sides_are_those_of_a_map_with_zeros_behind(sides: tuple[int, int]) -> None:
    module = support.filled("spdconv", 8)
    x = support.image(2, 8, *sides)
    padded = torch.zeros(2, 8, sides[0] + sides[0] % 2, sides[1] + sides[1] % 2)
    padded[:, :, : sides[0], : sides[1]] = x
    with torch.no_grad():
        assert torch.equal(module(x), module(padded))


def test_input_and_output_channels_may_differ() -> None:
    module = support.load_class("spdconv")(6, 10)
    assert module(support.image(1, 6, 8, 4)).shape == (1, 10, 4, 2)
