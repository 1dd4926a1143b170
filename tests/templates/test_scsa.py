"""What only SCSA must do: windows on maps of every size, also in a graph; rows in refusals."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from . import support

SIDES = ((21, 15), (7, 7), (6, 20), (1, 13), (3, 2), (1, 1))


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("mode", ["avg_pool", "max_pool"])
@pytest.mark.parametrize("window", [7, 2, -1])
def test_a_trace_has_the_windows_of_other_sizes(mode: str, window: int) -> None:
    args = (2, window, [3, 5, 7, 9], True, False, None, None, mode)
    module = support.filled("scsa", 16, *args)
    with torch.no_grad():
        traced = torch.jit.trace(module, support.image(2, 16, 15, 20))
        for sides in SIDES:
            x = support.image(1, 16, *sides)
            assert support.gap(traced(x), module(x)) < 1e-5, sides


def test_rows_and_columns_beyond_the_last_window_are_left_out() -> None:
    """They change the gates of their own lines alone, not what the windows hold."""
    module, x = support.filled("scsa", 16), support.image(1, 16, 14, 14)
    more = torch.nn.functional.pad(x, (0, 3, 0, 5))
    assert torch.equal(module._windows(x)[0], module._windows(more)[0])
    assert module._windows(more)[0].shape == (1, 16, 4)


def test_one_head_and_eight_have_the_same_state_and_other_numbers() -> None:
    one, eight = support.filled("scsa", 16, 1), support.build("scsa", 16).eval()
    eight.load_state_dict(one.state_dict(), strict=True)
    x = support.image(2, 16, 9, 12)
    assert support.gap(eight(x), one(x)) > 1e-6


@pytest.mark.parametrize(
    ("kwargs", "row"),
    [
        ({"dim": 30}, "[]"),
        ({"dim": 0}, "[]"),
        ({"dim": True}, "[]"),
        ({"dim": 20}, "[5]"),
        ({"head_num": 1024}, "[]"),
        ({"head_num": 6}, "[4]"),
        ({"window_size": 0}, "[]"),
        ({"window_size": -2}, "[]"),
        ({"group_kernel_sizes": 3}, "[]"),
        ({"group_kernel_sizes": [3, 5, 7]}, "[]"),
        ({"group_kernel_sizes": [3, 5, 7, 8]}, "[]"),
        ({"group_kernel_sizes": [3, 5, 7, True]}, "[]"),
        ({"qkv_bias": 1}, "[]"),
        ({"norm_cfg": "avg_pool"}, "[]"),
        ({"act_cfg": 0.0}, "[]"),
        ({"down_sample_mode": "recombination"}, "[]"),
        ({"attn_drop_ratio": 1.0}, "[]"),
        ({"gate_layer": "tanh"}, "[]"),
    ],
)
def test_refusals_name_the_row_to_write(kwargs: dict[str, Any], row: str) -> None:
    with pytest.raises((TypeError, ValueError)) as refusal:
        support.load_class("scsa")(**{"dim": 64, **kwargs})
    assert str(refusal.value).endswith(f"write the row [-1, 1, SCSA, {row}]")
