"""What only DoubleAttention must do: two orders of one sum, softmax of one image, refusals."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from . import support

FOLDER = "double_attention"


@pytest.mark.parametrize("args", [(), (8, 5), (24, 9), (16, 4, False)])
def test_both_orders_give_the_same_numbers(
    args: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A map with fewer places than channels is convolved itself, not the gathered columns."""
    module = support.filled(FOLDER, 16, *args).double()
    with torch.no_grad():
        for sides in ((1, 1), (3, 5), (4, 4), (5, 9)):
            x = support.image(2, 16, *sides, dtype=torch.float64)
            found = module(x)
            with monkeypatch.context() as patch:
                patch.setitem(
                    module.forward.__globals__, "_DoubleAttention_is_recorded", lambda: True
                )
                assert support.gap(module(x), found) < 1e-12


def test_the_weights_of_one_image_add_up_to_one() -> None:
    """The port leaves the dimension of its softmax out, which makes them all 1 for one image."""
    module, x = support.filled(FOLDER, 16), torch.ones(1, 16, 6, 7)
    with torch.no_grad():
        expected = module.conv_reconstruct(module.convA(x))
        assert support.gap(module(x), expected) < 1e-5


def test_starts_as_published() -> None:
    module = support.build(FOLDER, 64)
    assert not any(value.any() for key, value in module.named_parameters() if "bias" in key)
    spread = float(module.convA.weight.detach().std())
    assert abs(spread * (128 / 2) ** 0.5 - 1) < 0.1  # 128 channels out


@pytest.mark.parametrize(
    ("kwargs", "row"),
    [
        ({"c_m": 1024}, "[]"),
        ({"c_n": 0}, "[]"),
        ({"c_n": True}, "[]"),
        ({"c_m": 0.5}, "[]"),
        ({"c_m": 256, "c_n": 64, "reconstruct": 1}, "[]"),
        ({"c_m": 256, "c_n": 64, "reconstruct": False}, "[256, 64]"),
        ({"in_channels": 0}, "[]"),
    ],
)
def test_refusals_name_the_row_to_write(kwargs: dict[str, Any], row: str) -> None:
    with pytest.raises((TypeError, ValueError)) as refusal:
        support.load_class(FOLDER)(**{"in_channels": 64, **kwargs})
    assert str(refusal.value).endswith(f"write the row [-1, 1, DoubleAttention, {row}]")
