"""ADown alone: its halves, and its channels."""

from __future__ import annotations

import pytest
import torch

from . import support


def test_each_half_of_the_output_has_a_half_of_the_input() -> None:
    module = support.filled("adown", 16)
    x = support.image(1, 16, 8, 8)
    other = x.clone()
    other[:, 8:] += 1.0
    with torch.no_grad():
        before, after = module(x), module(other)
    assert torch.equal(before[:, :8], after[:, :8])
    assert not torch.allclose(before[:, 8:], after[:, 8:])


def test_input_and_output_channels_may_differ() -> None:
    module = support.load_class("adown")(6, 10)
    assert module(support.image(1, 6, 8, 4)).shape == (1, 10, 4, 2)


@pytest.mark.parametrize("channels", [(7, 8), (8, 7), (0, 8), (8, True)])
def test_odd_channels_are_refused(channels: tuple) -> None:
    with pytest.raises((TypeError, ValueError), match=r"write the row \[-1, 1, ADown, \[256\]\]"):
        support.load_class("adown")(*channels)
