"""What only TripletAttention must do: two families of keys, single values, ties, a real bool."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from . import support
from .references.triplet_attention import reference

OLDER = {"cw": "ChannelGateH", "hc": "ChannelGateW", "hw": "SpatialGate"}


def triplet(*args: Any) -> nn.Module:
    return support.filled("triplet_attention", 0, *args)


def older(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same weights under the names of the older published file."""
    renamed = {}
    for key, value in state.items():
        *front, gate, _, last, leaf = key.split(".")
        renamed[".".join([*front, OLDER[gate], "spatial", last, leaf])] = value
    return renamed


@pytest.mark.parametrize("no_spatial", [False, True])
def test_older_keys_load(no_spatial: bool) -> None:
    module, x = triplet(no_spatial), support.image(2, 7, 5, 9)
    state = older(module.state_dict())
    before = dict(state)
    other = support.build("triplet_attention", 0, no_spatial).eval()
    other.load_state_dict(state, strict=True)
    assert torch.equal(other(x), module(x))
    assert state.keys() == before.keys()
    assert list(other.state_dict()) == list(module.state_dict())


def test_older_keys_load_deep_inside_a_model() -> None:
    model = nn.Sequential(nn.Conv2d(3, 7, 1), nn.Sequential(triplet(), triplet(True)))
    own = {key: value for key, value in model.state_dict().items() if key.startswith("1.")}
    rest = {key: value for key, value in model.state_dict().items() if key not in own}
    support.randomise(model, 3)
    state = {**rest, **older(own)}
    other = nn.Sequential(
        nn.Conv2d(3, 7, 1),
        nn.Sequential(*(support.build("triplet_attention", 0, flag) for flag in (False, True))),
    ).eval()
    other.load_state_dict(state, strict=True)
    x = support.image(1, 3, 6, 5)
    assert torch.equal(other(x), model.eval()(x))


def test_keys_that_belong_nowhere_are_still_reported() -> None:
    module = triplet()
    state = older(module.state_dict())
    missing = {key: value for key, value in state.items() if key != "SpatialGate.spatial.bn.bias"}
    with pytest.raises(RuntimeError, match=r"Missing key.*hw\.conv\.bn\.bias"):
        module.load_state_dict(missing)
    with pytest.raises(RuntimeError, match=r"Unexpected key.*hw"):
        triplet(True).load_state_dict(state)
    both = {**module.state_dict(), **{key: value + 1 for key, value in state.items()}}
    kept = module.cw.conv.conv.weight.clone()
    with pytest.raises(RuntimeError, match=r"Unexpected key.*ChannelGateH"):
        module.load_state_dict(both)
    assert torch.equal(module.cw.conv.conv.weight, kept)


@pytest.mark.parametrize(
    ("shape", "single"),
    [
        ((1, 5, 1, 1), {"hw"}),
        ((1, 1, 3, 1), {"cw"}),
        ((1, 1, 1, 3), {"hc"}),
        ((1, 1, 1, 1), {"cw", "hc", "hw"}),
        ((2, 1, 1, 1), set()),
    ],
)
def test_a_single_value_trains_on_what_was_learnt(shape: tuple[int, ...], single: set[str]) -> None:
    module, x = triplet().train(), support.image(*shape)
    before = {key: value.clone() for key, value in module.state_dict().items()}
    module(x).sum().backward()
    for gate in OLDER:
        name = f"{gate}.conv.bn.running_mean"
        assert torch.equal(module.state_dict()[name], before[name]) == (gate in single)
    if len(single) == 3:
        fresh = triplet()
        assert support.gap(module(x), reference(fresh, x.double())) < 1e-5


def test_normalises_as_published() -> None:
    for gate in OLDER:
        bn = getattr(triplet(), gate).conv.bn
        assert (bn.eps, bn.momentum) == (1e-5, 0.01)


def test_equal_maxima_share_the_gradient() -> None:
    module = triplet().double()
    # Two equal values: the central difference sees half of each, as the shared gradient does.
    x = torch.full((1, 2, 2, 2), 0.3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(module, (x,))


@pytest.mark.parametrize("gate", ["cw", "hc", "hw"])
def test_each_gate_sees_its_own_plane(gate: str) -> None:
    """A kernel with one weight off its centre looks one row on, along the gate's first axis."""
    module = triplet()
    for name in OLDER:
        conv = getattr(module, name).conv
        with torch.no_grad():
            conv.conv.weight.zero_()
            conv.conv.weight[0, 0, 4, 3] = float(name == gate)
        conv.bn.reset_running_stats()
        conv.bn.reset_parameters()
    x = torch.zeros(1, 4, 5, 6)
    x[0, 2, 3, 4] = 1.0
    x = x + 0.5
    weight = module(x)[0] / x[0]
    places = (weight > weight.min() + 0.05).nonzero()
    pooled_axis, lifted_axis = {"cw": (1, 0), "hc": (2, 1), "hw": (0, 1)}[gate]
    expected = [2, 3, 4]
    expected[lifted_axis] -= 1
    assert len(places) == x.shape[1 + pooled_axis]
    for axis in {0, 1, 2} - {pooled_axis}:
        assert set(places[:, axis].tolist()) == {expected[axis]}


def test_repr_shows_the_choice() -> None:
    assert "no_spatial=True" in repr(triplet(True))


@pytest.mark.parametrize("value", [1024, 2, 1, 0, 0.5, "False", None, [64]])
def test_refuses_all_but_a_bool(value: Any) -> None:
    with pytest.raises(TypeError, match="TripletAttention takes") as refusal:
        support.build("triplet_attention", 0, value)
    assert str(refusal.value).endswith("; write the row [-1, 1, TripletAttention, []]")
    if value == 1024:
        assert "takes no channel count (got 1024)" in str(refusal.value)


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning")
def test_a_trace_follows_the_size() -> None:
    module = triplet()
    traced = torch.jit.trace(module, support.image(1, 7, 8, 8))
    x = support.image(2, 7, 13, 17)
    assert support.gap(traced(x), module(x)) < 1e-5
