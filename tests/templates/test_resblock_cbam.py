"""ResBlock_CBAM alone: its residual path follows the channels and the size."""

from __future__ import annotations

from typing import Any

import pytest

from . import support
from .references.resblock_cbam import Transcription

CHANGES = [(8, 12, 1), (12, 12, 2), (8, 12, 2)]


@pytest.mark.parametrize(("count", "out", "stride"), CHANGES)
def test_the_residual_path_follows_channels_and_size(count: int, out: int, stride: int) -> None:
    module = support.load_class("resblock_cbam")(count, out, stride).eval()
    support.randomise(module, 2)
    plain = Transcription(count, out, stride, True).eval()
    plain.load_state_dict(module.state_dict())
    x = support.image(2, count, 7, 6)
    assert support.gap(module(x), plain(x)) < 1e-6


def test_nothing_lies_on_the_residual_path_where_all_is_the_same() -> None:
    keys = support.build("resblock_cbam", 16).state_dict()
    assert not any(key.startswith("downsample") for key in keys)


@pytest.mark.parametrize(
    "args", [(3,), (512,), (1, 1), (1, False, 4), (1, False, True), (1, False, 1.0)]
)
def test_refusals_name_the_row_with_its_channels(args: tuple[Any, ...]) -> None:
    with pytest.raises((TypeError, ValueError)) as refusal:
        support.load_class("resblock_cbam")(64, 96, *args)
    assert str(refusal.value).endswith("; write the row [-1, 1, ResBlock_CBAM, [96]]")
