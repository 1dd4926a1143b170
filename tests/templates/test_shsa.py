"""What only SHSA must do: fused attention equals the plain one, narrow maps take part whole."""

from __future__ import annotations

import sys

import pytest
import torch

from . import support


@pytest.mark.parametrize("args", [(), (8, 24), (48, 8)])
def test_fused_attention_gives_the_same_numbers(
    args: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The class takes it on a GPU only; here it is given to it."""
    module, x = support.filled("shsa", 64, *args), support.image(2, 64, 9, 10)
    room = vars(sys.modules[type(module).__module__])
    with torch.no_grad():
        expected = module(x)
        fused = torch.nn.functional.scaled_dot_product_attention
        monkeypatch.setitem(room, "_SHSA_fused", lambda q: fused)
        assert support.gap(module(x), expected) < 1e-5


@pytest.mark.parametrize("shape", [(2, 64, 33, 31), (1, 64, 40, 37)])
def test_a_large_map_in_parts_gives_the_same_numbers(shape: tuple[int, ...]) -> None:
    """Without gradients the queries are taken some at a time."""
    module, x = support.filled("shsa", 64), support.image(*shape)
    room = vars(sys.modules[type(module).__module__])
    whole = module(x)
    with torch.no_grad():
        assert room["_SHSA_is_large"](x.flatten(2))
        assert support.gap(module(x), whole) < 1e-5


@pytest.mark.parametrize(("channels", "taken"), [(16, 16), (32, 32), (64, 32)])
def test_attention_takes_no_more_channels_than_there_are(channels: int, taken: int) -> None:
    module = support.filled("shsa", channels)
    assert module.pdim == module.pre_norm.num_channels == taken
    x = support.image(1, channels, 5, 6)
    assert module(x).shape == x.shape
