"""GhostConv alone: what it shares with the class of YOLOv5."""

from __future__ import annotations

import pytest
import torch

from . import support


def test_second_half_is_made_of_the_first() -> None:
    module = support.filled("ghostconv", 8)
    x = support.image(1, 8, 7, 5)
    with torch.no_grad():
        first, second = module(x).chunk(2, 1)
        assert torch.equal(module.cv1(x), first)
        assert torch.equal(module.cv2(first), second)


@pytest.mark.parametrize(("args", "side"), [((16, 32, 3, 2), 4), ((16, 32, 1, 1), 8)])
def test_channels_and_stride(args: tuple[int, ...], side: int) -> None:
    module = support.load_class("ghostconv")(*args)
    assert module(support.image(1, 16, 8, 8)).shape == (1, 32, side, side)


def test_an_odd_number_of_channels_is_refused() -> None:
    with pytest.raises(ValueError, match="c2 even"):
        support.load_class("ghostconv")(16, 33)
