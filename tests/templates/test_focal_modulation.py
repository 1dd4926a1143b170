"""What only FocalModulation must do: other published weights, products in float16, refusals."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import support

FOLDER = "focal_modulation"
NORMED = (3, 2, 2, True, 0.0, True, True)


def official(state: dict[str, Tensor], norm: str) -> dict[str, Tensor]:
    """The same weights as the authors save them: linear layers, the first one named f."""
    found = {}
    for key, value in state.items():
        layer, part = key.rsplit(".", 1)
        if layer in ("f_linear", "proj"):
            value = value.flatten(1) if part == "weight" else value
        found[f"{ {'f_linear': 'f', 'ln': norm}.get(layer, layer) }.{part}"] = value
    return found


@pytest.mark.parametrize("norm", ["ln", "norm"])
@pytest.mark.parametrize("args", [(), NORMED])
def test_weights_of_the_authors_class_load_under_a_prefix(args: tuple, norm: str) -> None:
    own = support.filled(FOLDER, 16, *args)
    state = {f"a.{key}": value for key, value in official(own.state_dict(), norm).items()}
    assert state["a.f.weight"].shape == (35, 16) and state["a.proj.weight"].shape == (16, 16)
    before = dict(state)
    twin = nn.ModuleDict({"a": support.build(FOLDER, 16, *args).eval()})
    twin.load_state_dict(state, strict=True)
    assert list(state) == list(before), "the caller's checkpoint is not renamed"
    assert state["a.proj.weight"].dim() == 2
    x = support.image(2, 16, 5, 7)
    assert torch.equal(twin["a"](x), own(x))


def test_normalizes_over_the_channels_of_every_place() -> None:
    module, x = support.filled(FOLDER, 16, *NORMED), support.image(2, 16, 5, 7)
    seen: list[Tensor] = []
    module.ln.register_forward_hook(lambda layer, given, out: seen.append(given[0]))
    module(x)
    assert seen[0].shape == (2, 5, 7, 16)


def test_a_product_beyond_float16_is_no_infinity() -> None:
    module, x = support.filled(FOLDER, 16), 40 * support.image(1, 16, 9, 12)
    with torch.no_grad():
        module.proj.weight.mul_(0.01)
        expected = module.double()(x.double())
        q, z, gates = module.f_linear(x.double()).split((16, 16, 3), 1)
        first = module.focal_layers[0](z)
        second = module.focal_layers[1](first)
        overall = F.gelu(second.mean((2, 3), keepdim=True))
        total = first * gates[:, :1] + second * gates[:, 1:2] + overall * gates[:, 2:]
        assert (q * module.h(total)).abs().max() > 65504 > expected.abs().max()
        assert support.gap(module.half()(x.half()), expected) < 0.01


@pytest.mark.parametrize(
    "kwargs",
    [
        {"focal_window": 1024},
        {"focal_window": 4},
        {"focal_window": 0},
        {"focal_level": 0},
        {"focal_level": 9},
        {"focal_factor": 1},
        {"focal_factor": -2},
        {"bias": 1},
        {"proj_drop": 1},
        {"use_postln_in_modulation": None},
        {"normalize_modulator": 0},
        {"dim": 0},
        {"dim": True},
    ],
)
def test_refusals_name_the_row_to_write(kwargs: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)) as refusal:
        support.load_class(FOLDER)(**{"dim": 64, **kwargs})
    assert str(refusal.value).endswith("write the row [-1, 1, FocalModulation, []]")
