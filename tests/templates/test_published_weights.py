"""Published checkpoints whose names or functions differ: loaded, refused with the row, or said."""

from __future__ import annotations

import re
import warnings
from collections import OrderedDict
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from yamlmod.registry.catalogue import get

from . import support


def renamed(state: dict[str, Tensor], names: dict[str, str]) -> dict[str, Tensor]:
    found = {}
    for key, value in state.items():
        old = next((own for own in names if key.startswith(own)), "")
        found[names[old] + key[len(old) :] if old else key] = value
    return found


@pytest.mark.parametrize(
    ("folder", "names"),
    [
        ("coordatt", {"conv_h.": "conv2.", "conv_w.": "conv3."}),
        ("ela", {"conv1x1.0.": "conv.", "conv1x1.1.": "gn."}),
    ],
)
def test_other_published_names_load_under_a_prefix(folder: str, names: dict[str, str]) -> None:
    own = nn.ModuleDict({"a": support.filled(folder, 16)})
    state = renamed(own["a"].state_dict(), names)
    state = {f"a.{key}": value for key, value in state.items()}
    assert len(set(state) & set(own.state_dict())) < len(state)
    before = list(state)
    twin = nn.ModuleDict({"a": support.build(folder, 16).eval()})
    twin.load_state_dict(state, strict=True)
    assert list(state) == before, "the caller's checkpoint is not renamed"
    x = support.image(2, 16, 5, 7)
    assert torch.equal(twin["a"](x), own["a"](x))


def test_ela_computes_what_the_copies_without_a_bias_compute() -> None:
    noise = torch.Generator().manual_seed(3)
    shapes = {"conv.weight": (32, 1, 7), "gn.weight": (32,), "gn.bias": (32,)}
    state = {key: torch.randn(shape, generator=noise) for key, shape in shapes.items()}
    x = support.image(2, 32, 9, 6)

    def gate(line: Tensor) -> Tensor:
        line = F.conv1d(line, state["conv.weight"], padding=3, groups=32)
        return F.group_norm(line, 16, state["gn.weight"], state["gn.bias"]).sigmoid()

    expected = x * gate(x.mean(3)).unsqueeze(3) * gate(x.mean(2)).unsqueeze(2)
    for args in ((7, 1, 16, False), (7, 1)):
        module = support.build("ela", 32, *args).eval()
        nn.init.ones_(module.conv1x1[0].weight)
        module.load_state_dict(dict(state), strict=True)
        assert support.gap(module(x), expected) < 1e-5, args


def test_caa_of_the_other_form_is_refused_with_the_row_that_loads_it() -> None:
    forms = {normed: support.filled("caa", 16, 13, 11, normed) for normed in (True, False)}
    keys = set(forms[False].state_dict())
    units = ("conv1", "conv2", "h_conv", "v_conv")
    assert keys == {f"{unit}.conv.{part}" for unit in units for part in ("weight", "bias")}
    for normed, module in forms.items():
        row = rf"write the row \[-1, 1, CAA, \[13, 11, {not normed}\]\]"
        for strict in (True, False):
            with pytest.raises(RuntimeError, match=row):
                module.load_state_dict(forms[not normed].state_dict(), strict=strict)
        module.load_state_dict(module.state_dict(), strict=True)


# Of the authors' EMO with 1 million parameters: a block of each stage, and the counts of its class.
EMO = [
    ((32, 32, True, True, 2.0, "bn_2d", "silu", True, 3, 1, 1, 0.0, 16, 7, False), 4928),
    ((32, 48, True, False, 5.0, "bn_2d", "silu", True, 3, 2, 1, 0.0, 16, 7, False), 14784),
    ((80, 80, True, True, 3.0, "ln_2d", "gelu", True, 5, 1, 1, 0.0, 20, 7, True), 58240),
    ((168, 168, True, True, 3.5, "ln_2d", "gelu", True, 5, 1, 1, 0.0, 21, 7, True), 271152),
]


@pytest.mark.parametrize(("args", "count"), EMO)
def test_blocks_of_emo(args: tuple[Any, ...], count: int) -> None:
    module = support.load_class("irmb")(*args, True, 0.0, 0.0, 0.0, False, True).eval()
    assert sum(value.numel() for value in module.parameters()) == count
    keys = set(module.state_dict())
    assert ("norm.norm.weight" in keys) == (args[5] == "ln_2d")
    x = support.image(1, args[0], 14, 14)
    assert module(x).shape == (1, args[1], 14 // args[9], 14 // args[9])


def test_gam_says_that_weights_come_from_another_class() -> None:
    own, other = support.build("gam", 16), nn.Module()
    for name, child in support.build("gam", 16).named_children():
        other.add_module(name, child)  # the names of GAM in a class of no special version
    with pytest.warns(UserWarning, match=r"GAM at 0: .* over 4 groups, without a sigmoid"):
        nn.Sequential(own).load_state_dict(nn.Sequential(other).state_dict())
    with pytest.warns(UserWarning, match=r"GAM at the top: .* over 2 groups, with a sigmoid"):
        support.build("gam", 16, None, True, 4, 2, True).load_state_dict(other.state_dict())


@pytest.mark.parametrize("plain", [dict, OrderedDict])
def test_gam_is_silent_about_its_own_weights(plain: type) -> None:
    own = support.build("gam", 16)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        own.load_state_dict(support.build("gam", 16).state_dict())
        own.load_state_dict(plain(own.state_dict()))  # YOLO's own loading keeps no versions


def shuffled(gate: Tensor, groups: int) -> Tensor:
    n, c, h, w = gate.shape
    return gate.reshape(n, groups, c // groups, h, w).transpose(1, 2).reshape(n, c, h, w)


@pytest.mark.parametrize("group", [True, False])
@pytest.mark.parametrize("rate", [4, 8])
@pytest.mark.parametrize("sigmoid", [True, False])
def test_gam_computes_what_the_ports_compute(group: bool, rate: int, sigmoid: bool) -> None:
    """A port shuffles over 4 groups at every rate, with and without groups."""
    module = support.filled("gam", 64, None, group, rate, 4, sigmoid)
    x = support.image(2, 64, 5, 6)
    with torch.no_grad():
        places = module.channel_attention(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        gated = x * (places.sigmoid() if sigmoid else places)
        expected = gated * shuffled(module.spatial_attention(gated).sigmoid(), 4)
        assert support.gap(module(x), expected) < 1e-5


@pytest.mark.parametrize("shuffle", [5, 64, 0])
def test_gam_refuses_a_shuffle_that_does_not_fit(shuffle: int) -> None:
    with pytest.raises(ValueError, match="shuffle must be from 1 to 63 and divide the 64"):
        support.build("gam", 64, None, True, 4, shuffle)


@pytest.mark.parametrize(
    ("word", "args", "said"),
    [
        ("ELA", None, ""),
        ("ela", [], ""),
        ("EfficientLocalizationAttention", None, "is ELA here: .*depthwise convolution"),
        ("efficientlocalattention", [5], "is ELA here: .*depthwise convolution"),
        ("ELA", [7, 1], "ELA with group_width=1: .*no bias"),
        ("ELA", [7, 1, 16, False], ""),
        ("GAM", [1024], ""),
        ("GAM", [1024, False], "GAM with group=False: ports shuffle .*over 4 groups"),
        ("GAM", [None, True, 8], "GAM with rate=8: ports shuffle .*over 4 groups"),
        ("GAM", [None, False, 8, 4], ""),
        ("CA_Block", None, "is CoordAtt here: .*ReLU"),
        ("CoordAttention", None, ""),
    ],
)
def test_what_is_another_function_elsewhere_is_said(
    word: str, args: list[Any] | None, said: str
) -> None:
    found = get(word).row_warnings(word, args)
    assert len(found) == bool(said)
    assert re.search(said, "".join(found))
