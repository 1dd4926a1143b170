"""What single gates must do beyond the contract: published keys, optimizers, odd maps, advice."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import support

SHUFFLE_KEYS = ("cweight", "cbias", "sweight", "sbias")


def shuffle(channels: int = 32, *args: Any) -> nn.Module:
    return support.filled("shuffle_attention", channels, *args)


def published(module: nn.Module, seed: int = 5) -> dict[str, Tensor]:
    """A checkpoint with the module's own keys and shapes and other numbers."""
    noise = torch.Generator().manual_seed(seed)
    return {k: torch.randn(v.shape, generator=noise) for k, v in module.state_dict().items()}


def test_shuffle_attention_loads_and_saves_published_names_under_a_prefix() -> None:
    model = nn.ModuleDict({"model": nn.Sequential(nn.Identity(), shuffle())})
    state = published(model)
    assert {f"model.1.{key}" for key in SHUFFLE_KEYS} < set(state)
    before = dict(state)
    model.load_state_dict(state, strict=True)
    assert list(state) == list(before), "the caller's checkpoint is not renamed"
    for key, value in model.state_dict().items():
        assert torch.equal(value, state[key]), key


def test_shuffle_attention_reports_missing_and_surplus_names() -> None:
    module = shuffle()
    state = published(module)
    del state["sbias"]
    state["tbias"] = torch.ones(1)
    report = module.load_state_dict(state, strict=False)
    assert report.unexpected_keys == ["tbias"] and report.missing_keys == ["place.bias"]


def test_shuffle_attention_shares_its_state_with_an_average_in_place() -> None:
    module, other = shuffle(), published(shuffle())
    expected = {k: 0.25 * v + 0.75 * other[k] for k, v in module.state_dict().items()}
    for key, value in module.state_dict().items():
        value.mul_(0.25).add_(other[key], alpha=0.75)
    for key, value in module.state_dict().items():
        assert torch.allclose(value, expected[key]), key
    kept = module.state_dict(keep_vars=True)
    assert {id(value) for value in kept.values()} == set(map(id, module.parameters()))


@pytest.mark.parametrize(("channels", "asked", "found"), [
    (128, 64, 64), (64, 64, 16), (48, 64, 12), (24, 64, 6), (320, 64, 40), (2, 64, 1),
    (48, 8, 8), (36, 3, 3), (40, 16, 10),
])  # fmt: skip
def test_shuffle_attention_finds_its_groups(channels: int, asked: int, found: int) -> None:
    assert support.build("shuffle_attention", channels, asked).groups == found


@pytest.mark.parametrize(("channels", "factor", "found"), [
    (64, 32, 32), (32, 32, 32), (16, 32, 8), (24, 32, 12), (40, 32, 20), (80, 32, 20),
    (48, 8, 8), (20, 8, 5), (7, 32, 1), (1, 32, 1),
])  # fmt: skip
def test_ema_finds_its_groups(channels: int, factor: int, found: int) -> None:
    assert support.build("ema", channels, None, factor).groups == found


@pytest.mark.parametrize(("channels", "found"), [
    (64, 8), (256, 32), (1024, 64), (16, 2), (40, 5), (640, 64), (7, 1),
])  # fmt: skip
def test_sge_finds_its_groups(channels: int, found: int) -> None:
    assert support.build("sge", channels).groups == found


@pytest.mark.parametrize("folder", ["coordatt", "ema", "gam", "nam", "effective_se"])
def test_a_nominal_channel_count_has_no_effect(folder: str) -> None:
    plain, nominal = (support.build(folder, 64, *args).eval() for args in ((), (1024,)))
    nominal.load_state_dict(plain.state_dict(), strict=True)
    x = support.image(1, 64, 5, 4)
    assert torch.equal(nominal(x), plain(x))


@pytest.mark.parametrize(
    ("folder", "value", "row"),
    [
        ("coordatt", 16, "[None, 16]"),
        ("ema", 8, "[None, 8]"),
        ("gam", 4, "[None, True, 4]"),
        ("sge", 12, "[8]"),
    ],
)
def test_the_row_that_is_advised_works(folder: str, value: int, row: str) -> None:
    name = support.manifest(folder)["name"]
    with pytest.raises(ValueError, match="write the row") as refusal:
        support.build(folder, 64, value)
    assert str(refusal.value).endswith(f"[-1, 1, {name}, {row}]")
    support.build(folder, 64, *eval(row, {}))


@pytest.mark.parametrize("value", [3, 7, 64, 512, 1024, 0, True, 1.5])
def test_cbam_refuses_what_other_copies_write_first(value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"write the row \[-1, 1, CBAM, \[\]\]$"):
        support.build("cbam", 64, value)


@pytest.mark.parametrize("pools", [[], ["mean"], "avg", ["avg", None]])
def test_cbam_refuses_pools_that_do_not_exist(pools: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="pool_types must be"):
        support.build("cbam", 64, 16, pools)


def test_cbam_keeps_the_published_keys_without_the_second_gate() -> None:
    state = support.build("cbam", 64, 16, ("avg", "max"), True).state_dict()
    assert not [key for key in state if not key.startswith("ChannelGate.mlp.")]


def test_nam_loads_a_checkpoint_with_the_gate_that_it_never_used() -> None:
    model = nn.Sequential(support.build("nam", 8))
    state = {**published(model), "0.Spatial_Att.bn.weight": torch.ones(64)}
    model.load_state_dict(state, strict=True)
    assert "0.Spatial_Att.bn.weight" in state


def test_nam_with_pruned_weights_weighs_all_alike() -> None:
    module = support.filled("nam", 8)
    nn.init.zeros_(module.Channel_Att.bn2.weight)
    x = support.image(2, 8, 4, 4)
    assert torch.equal(module(x), x / 2)
    module.train()(x).sum().backward()
    assert all(torch.isfinite(value.grad).all() for value in module.parameters())


@pytest.mark.parametrize("shape", [(1, 16, 1, 1), (2, 16, 6, 5)])
def test_sge_on_a_flat_map_is_a_constant_gate(shape: tuple[int, ...]) -> None:
    module = support.filled("sge", 16)
    x = torch.full(shape, 3.0, requires_grad=True)
    out = module(x)
    gate = module.bias.sigmoid().repeat_interleave(8, 1)
    assert support.gap(out, x.detach() * gate.detach()) < 1e-6
    out.sum().backward()
    assert x.grad is not None and torch.isfinite(x.grad).all()


def large() -> Tensor:
    """A map whose products with its mean, summed over 8 channels, pass 65504 by far."""
    return support.image(1, 64, 40, 40) * 40 + 120


def test_sge_sums_of_products_do_not_overflow_in_float16() -> None:
    module, x = support.filled("sge", 64).half(), large().half()
    out = module(x)
    assert support.gap(out, module.double()(x.double())) < 1e-2


def test_sge_is_exact_under_autocast() -> None:
    module, x = support.filled("sge", 64), large()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = module(x)
    assert support.gap(out, module.double()(x.double())) < 1e-4


@pytest.mark.parametrize("sides", [(1, 1), (3, 4), (7, 23), (40, 40)])
def test_mlca_shares_are_those_of_adaptive_pooling(sides: tuple[int, int]) -> None:
    module = support.filled("mlca", 8, 4)
    shares = sys.modules[type(module).__module__]._MLCA_shares
    x = support.image(1, 8, *sides, dtype=torch.float64)
    down, across = shares(sides[0], 4, x), shares(sides[1], 4, x)
    pooled = torch.einsum("ph,nchw,qw->ncpq", down, x, across)
    assert support.gap(pooled, F.adaptive_avg_pool2d(x, 4)) < 1e-12
    down, across = shares(4, sides[0], x), shares(4, sides[1], x)
    spread = torch.einsum("hp,ncpq,wq->nchw", down, pooled, across)
    assert support.gap(spread, F.adaptive_avg_pool2d(pooled, sides)) < 1e-12


def test_ela_forms_of_the_paper() -> None:
    module = support.build("ela", 64, 7, 1)
    assert module.conv1x1[0].weight.shape == (64, 1, 7)
    assert support.build("ela", 64, 5, 8).conv1x1[0].weight.shape == (64, 8, 5)
    assert support.build("ela", 40).conv1x1[1].num_groups == 10
    with pytest.raises(ValueError, match="do not divide into groups of 7"):
        support.build("ela", 64, 7, 7)


def test_eca_takes_the_kernel_of_the_paper_for_none() -> None:
    sizes = {c: support.build("eca", c, None).conv.weight.shape[2] for c in (8, 64, 256, 1024)}
    assert sizes == {8: 3, 64: 3, 256: 5, 1024: 5}


def test_global_context_starts_as_the_identity() -> None:
    module = support.build("global_context", 64)
    x = support.image(2, 64, 6, 5)
    assert torch.equal(module(x), x)
    assert module.channel_add_conv[0].out_channels == 4
    assert support.build("global_context", 16).channel_add_conv[0].out_channels == 2
