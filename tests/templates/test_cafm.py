"""What only CAFM must do: weights with five axes in a state_dict, of which a third is used."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from . import support

FOLDER = "cafm"


def test_a_state_dict_shares_the_weights_and_has_five_axes() -> None:
    module = support.filled(FOLDER, 16)
    state = module.state_dict()
    assert state["dep_conv.weight"].shape == (16, 9, 3, 3, 3)
    for value in state.values():  # as an average of weights does it
        value.mul_(0.5)
    for key, value in module.state_dict().items():
        assert torch.equal(value, state[key]), key


def test_published_weights_load_under_a_prefix() -> None:
    model = nn.ModuleDict({"model": nn.Sequential(nn.Identity(), support.filled(FOLDER, 16))})
    state = {key: value.clone() for key, value in model.state_dict().items()}
    assert "model.1.temperature" in state and state["model.1.qkv.weight"].dim() == 5
    before = list(state)
    twin = nn.ModuleDict({"model": nn.Sequential(nn.Identity(), support.build(FOLDER, 16))})
    twin.load_state_dict(state, strict=True)
    assert list(state) == before, "the caller's checkpoint is not renamed"
    x = support.image(1, 16, 6, 5)
    assert torch.equal(twin["model"].eval()(x), model["model"](x))


def test_only_the_middle_of_a_kernel_has_an_effect() -> None:
    module, x = support.filled(FOLDER, 16), support.image(1, 16, 6, 5)
    with torch.no_grad():
        expected = module(x)
        for name, value in module.state_dict().items():
            if name in ("qkv_dwconv.weight", "dep_conv.weight"):
                value[:, :, ::2] = 7
        assert torch.equal(module(x), expected)


@pytest.mark.parametrize(
    ("args", "row"),
    [
        ((512,), ""),
        ((0,), ""),
        ((True,), ""),
        ((3,), "2"),
        ((2, 1), ""),
    ],
)
def test_refusals_name_the_row_to_write(args: tuple[object, ...], row: str) -> None:
    with pytest.raises((TypeError, ValueError)) as refusal:
        support.load_class(FOLDER)(64, *args)
    assert str(refusal.value).endswith(f"write the row [-1, 1, CAFM, [{row}]]")
