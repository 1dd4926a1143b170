"""BiFPN_Concat and BiFPN_Add alone: more inputs, other channels, and the key of the weights."""

from __future__ import annotations

import pytest
import torch

from . import support
from .references import bifpn_add, bifpn_concat

WEIGHTS = torch.tensor([2.0, 0.0, -3.0])


def maps(*channels: int) -> list[torch.Tensor]:
    return [support.image(2, c, 5, 4, seed=i) for i, c in enumerate(channels)]


def test_three_inputs_are_concatenated_with_their_shares() -> None:
    module = support.load_class("bifpn_concat")([6, 4, 2])
    x = maps(6, 4, 2)
    module.load_state_dict({"w": WEIGHTS})
    out = module(x)
    assert support.gap(out[:, :6], x[0] * (2 / 2.0001)) < 1e-6
    assert float(out.detach()[:, 6:].abs().max()) == 0.0  # no share below 0


def test_three_inputs_equal_the_transcription() -> None:
    x = maps(6, 6, 6)
    for folder, plain in (
        ("bifpn_concat", bifpn_concat.Plain([6, 6, 6])),
        ("bifpn_add", bifpn_add.Plain([6, 6, 6])),
    ):
        module = support.load_class(folder)([6, 6, 6])
        support.randomise(plain, 2)
        module.load_state_dict(plain.state_dict())
        assert support.gap(module(x), plain(x)) < 1e-6


def test_other_channels_are_projected_to_those_of_the_first() -> None:
    module = support.load_class("bifpn_add")([6, 6, 10])
    state = module.state_dict()
    assert [key for key in state if key.startswith("project")] == [
        "project.2.weight",
        "project.2.bias",
    ]
    support.randomise(module, 4)
    x, share = maps(6, 6, 10), bifpn_concat.shares(module.w.weight.detach()).float()
    with torch.no_grad():
        projected = module.project[2](x[2])
        mixed = share[0] * x[0] + share[1] * x[1] + share[2] * projected
        assert support.gap(module(x), module.conv(torch.nn.functional.silu(mixed))) < 1e-6


@pytest.mark.parametrize("folder", ["bifpn_concat", "bifpn_add"])
def test_the_weights_are_trained_by_older_yolos_and_saved_as_published(folder: str) -> None:
    module = support.load_class(folder)([4, 4])
    assert module.w.weight.shape == (2,) and "w" in module.state_dict()
    assert not any(key.startswith("w.") for key in module.state_dict())
    outer = torch.nn.Sequential(module)
    outer.load_state_dict({**outer.state_dict(), "0.w": torch.tensor([3.0, 5.0])})
    assert module.w.weight.tolist() == [3.0, 5.0]


@pytest.mark.parametrize("folder", ["bifpn_concat", "bifpn_add"])
@pytest.mark.parametrize("channels", [64, [64], [64, 0], [64, True], [], None])
def test_what_is_no_list_of_channels_is_refused(folder: str, channels: object) -> None:
    with pytest.raises((TypeError, ValueError), match="two inputs or more"):
        support.load_class(folder)(channels)
