"""What only LocalWindowAttention must do: windows by themselves, sides of windows and kernels."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import nn

from . import support

FOLDER = "local_window_attention"


def test_windows_do_not_meet() -> None:
    module, x = support.filled(FOLDER, 16), support.image(2, 16, 21, 14)
    with torch.no_grad():
        out = module(x)
        for top in (0, 7, 14):
            for left in (0, 7):
                part = (..., slice(top, top + 7), slice(left, left + 7))
                assert support.gap(module(x[part]), out[part]) < 1e-5


@pytest.mark.parametrize(
    ("args", "window"), [((), 7), ((16, 4, 4, 4), 4), ((16, 4, 4, 20, 10), 10)]
)
def test_a_window_is_never_larger_than_the_resolution(args: tuple[Any, ...], window: int) -> None:
    module = support.build(FOLDER, 16, *args)
    assert module.window == window
    assert module.state_dict()["attn.attention_biases"].shape == (4, window * window)


@pytest.mark.parametrize(
    ("heads", "kernels", "sides"),
    [(4, (7, 5, 3, 3), [7, 5, 3, 3]), (4, (3,), [3] * 4), (2, (5, 3, 7), [5, 3])],
)
def test_the_last_kernel_is_repeated(
    heads: int, kernels: tuple[int, ...], sides: list[int]
) -> None:
    module = support.build(FOLDER, 16, 8, heads, 4.0, 14, 7, list(kernels))
    assert [dw.c.kernel_size[0] for dw in module.attn.dws] == sides


def test_attn_ratio_has_no_effect() -> None:
    one, other = (support.filled(FOLDER, 16, 16, 4, ratio) for ratio in (4, 0.25))
    x = support.image(1, 16, 9, 8)
    assert torch.equal(one(x), other(x))


def test_every_optimizer_trains_the_biases() -> None:
    model = nn.Sequential(support.build(FOLDER, 16))
    assert "0.attn.attention_biases" in model.state_dict()
    seen = {
        id(value)
        for part in model.modules()
        for value in (getattr(part, "weight", None), getattr(part, "bias", None))
        if isinstance(value, nn.Parameter)
    }
    assert seen == set(map(id, model.parameters()))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_trains_in_half_precision(dtype: torch.dtype) -> None:
    """The heads compute in float32, their BatchNorm learns in its own type."""
    module = support.filled(FOLDER, 16).train()
    exact, x = copy.deepcopy(module), support.image(2, 16, 8, 9)
    out = module.to(dtype)(x.to(dtype))
    assert out.dtype == dtype and support.gap(out, exact(x)) < 0.05
    out.float().square().mean().backward()
    assert all(value.grad is not None for value in module.parameters())
    assert int(module.attn.qkvs[0].bn.num_batches_tracked) == 1


@pytest.mark.parametrize(
    ("channels", "args", "row"),
    [
        (18, (), "[16, 3]"),
        (16, (16, 4, 4, 14, 7, [4]), "[]"),
        (16, (16, 4, 0), "[]"),
        (16, (128,), "[]"),
        (16, (16, 4, 4, 14, 64), "[]"),
        (16, (16, 4, 4, 14, 7, 5), "[]"),
    ],
)
def test_refusals_name_the_row_to_write(channels: int, args: tuple[Any, ...], row: str) -> None:
    with pytest.raises((TypeError, ValueError)) as refusal:
        support.build(FOLDER, channels, *args)
    assert str(refusal.value).endswith(f"write the row [-1, 1, LocalWindowAttention, {row}]")
