"""attention_model alone: which of its two inputs is weighed first, and what it refuses."""

from __future__ import annotations

import pytest
import torch

from . import support
from .references.attention_model import Plain

ROW = "write the row [[-1, 6], 1, attention_model, []]"


def test_the_channel_gate_is_that_of_the_first_input() -> None:
    module, plain = support.load_class("attention_model")([16, 16]), Plain([16, 16])
    support.randomise(plain, 2)
    module.load_state_dict(plain.state_dict())
    x = [support.image(2, 16, 5, 4, seed=i) for i in (1, 2)]
    assert support.gap(module(x), plain(x)) < 1e-6
    assert support.gap(module(x[::-1]), module(x)) > 1e-3


def test_the_nominal_channels_have_no_effect() -> None:
    keys = support.build("attention_model", 64, 256).state_dict()
    assert torch.Size((64, 4, 1, 1)) == keys["inner.local_att.F_h.weight"].shape


@pytest.mark.parametrize("channels", [256, [64], [64, 64, 64], [64, 0], [64, True], None])
def test_what_is_not_two_inputs_is_refused(channels: object) -> None:
    with pytest.raises((TypeError, ValueError), match="the channels of two inputs") as refusal:
        support.load_class("attention_model")(channels)
    assert str(refusal.value).endswith(ROW)


def test_unequal_inputs_are_refused_with_the_row_that_makes_them_equal() -> None:
    with pytest.raises(ValueError, match="got 64 and 128") as refusal:
        support.load_class("attention_model")([64, 128])
    assert "[-1, 1, Conv, [64, 1, 1]] in front" in str(refusal.value)
    assert str(refusal.value).endswith(ROW)
