"""What only BiLevelRoutingAttention must do: einops at need, padding, pooling, defined routing."""

from __future__ import annotations

import importlib.util
import pickle
import sys
from typing import Any

import pytest
import torch
from torch import nn

from . import support

FOLDER = "bilevel_routing_attention"


def attention(channels: int = 16, **kwargs: Any) -> nn.Module:
    module = support.build(FOLDER, channels, **kwargs)
    support.randomise(module, 3)
    return module


def test_imports_without_einops_and_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "einops", None)  # import einops now fails
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    spec = importlib.util.spec_from_file_location("without_einops", support.source(FOLDER))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with pytest.raises(ImportError, match="einops: pip install einops"):
        module.BiLevelRoutingAttention(64)


@pytest.mark.parametrize(
    ("flags", "trained"),
    [
        ({}, False),
        ({"soft_routing": True}, False),
        ({"soft_routing": True, "diff_routing": True}, False),
        ({"soft_routing": True, "diff_routing": True, "param_routing": True}, True),
        ({"soft_routing": True, "diff_routing": True, "param_routing": True, "topk": 1}, False),
    ],
)
def test_routing_trains_where_it_is_defined(flags: dict[str, Any], trained: bool) -> None:
    module = attention(n_win=3, **flags).train()
    module(support.image(2, 16, 7, 9)).square().sum().backward()
    gradients = {name: value.grad for name, value in module.named_parameters()}
    assert all(value is not None for value in gradients.values())
    assert ("router.emb.weight" in gradients) == ("param_routing" in flags)
    if "param_routing" in flags:
        assert (float(gradients["router.emb.weight"].abs().max()) > 0) == trained


@pytest.mark.parametrize("differentiable", [False, True])
def test_only_differentiable_routing_passes_gradients(differentiable: bool) -> None:
    module = attention(n_win=2, topk=2, soft_routing=True, diff_routing=differentiable)
    q, k = (torch.randn(1, 4, 16, requires_grad=True) for _ in range(2))
    weights, index = module.router(q, k)
    assert weights.requires_grad == differentiable
    assert torch.allclose(weights.sum(-1), torch.ones(1, 4))
    affinity = (q * module.scale) @ k.transpose(1, 2)
    assert torch.equal(index, torch.topk(affinity, 2).indices)


def test_without_local_part_it_pickles() -> None:
    module, x = attention(side_dwconv=0).eval(), support.image(1, 16, 9, 9)
    assert not [key for key in module.state_dict() if "lepe" in key]
    assert torch.equal(pickle.loads(pickle.dumps(module))(x), module(x))


def test_padding_takes_part_as_the_official_code_has_it() -> None:
    """Zeros before the linear maps: the same as a map that was already filled up with zeros."""
    module, x = attention(n_win=4, num_heads=4, topk=3).eval(), support.image(2, 16, 6, 9)
    filled = torch.zeros(2, 16, 8, 12)
    filled[:, :, :6, :9] = x
    with torch.no_grad():
        assert support.gap(module(x), module(filled)[:, :, :6, :9]) < 1e-6


def test_without_padding_indivisible_sides_are_refused() -> None:
    module = attention(n_win=4, auto_pad=False)
    assert module(support.image(1, 16, 8, 4)).shape == (1, 16, 8, 4)
    with pytest.raises(ValueError, match=r"4 divides, got 8x6; write the row .*, \[\]\]$"):
        module(support.image(1, 16, 8, 6))


@pytest.mark.parametrize("mode", ["ada_avgpool", "ada_maxpool", "avgpool", "maxpool"])
def test_pooling_works_on_every_size(mode: str) -> None:
    module = attention(kv_downsample_mode=mode).train()
    for sides in ((1, 1), (8, 8), (29, 64)):
        x = support.image(1, 16, *sides)
        out = module(x)
        assert out.shape == x.shape and torch.isfinite(out).all()


@pytest.mark.parametrize("mode", ["avgpool", "maxpool"])
def test_pooling_equals_torch_where_a_window_fits(mode: str) -> None:
    module = attention(n_win=2, kv_downsample_mode=mode, kv_downsample_ratio=3)
    regions = support.image(4, 5, 7, 8).unsqueeze(0).permute(0, 1, 3, 4, 2)
    pool = {"avgpool": nn.AvgPool2d, "maxpool": nn.MaxPool2d}[mode](3)
    expected = pool(regions[0].permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    assert torch.allclose(module._pool(regions)[0], expected)


def test_plain_softmax_gives_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    module, x = attention(qk_dim=8, qk_scale=0.3).eval(), support.image(2, 16, 13, 10)
    with torch.no_grad():
        expected = module(x)
        monkeypatch.delattr(torch.nn.functional, "scaled_dot_product_attention")
        assert support.gap(module(x), expected) < 1e-6


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("mode", ["identity", "avgpool"])
def test_a_trace_serves_other_sizes(mode: str) -> None:
    module = attention(kv_downsample_mode=mode).eval()
    with torch.no_grad():
        traced = torch.jit.trace(module, support.image(1, 16, 13, 9))
        for shape in ((1, 16, 40, 24), (2, 16, 3, 17), (1, 16, 1, 1)):
            x = support.image(*shape)
            assert support.gap(traced(x), module(x)) < 1e-5


def test_runs_on_the_device_of_its_input() -> None:
    module = attention().to("meta")
    assert module(torch.empty(2, 16, 6, 5, device="meta")).shape == (2, 16, 6, 5)


@pytest.mark.parametrize(
    ("kwargs", "row"),
    [
        ({"n_win": 1024}, "[]"),
        ({"n_win": 64}, "[]"),
        ({"n_win": 0}, "[]"),
        ({"n_win": 8, "num_heads": 7}, "[7, 4]"),
        ({"dim": 20}, "[7, 5]"),
        ({"qk_dim": 12}, "[7, 4]"),
        ({"n_win": 2, "topk": 5}, "[]"),
        ({"topk": 0}, "[]"),
        ({"qk_scale": 0.0}, "[]"),
        ({"qk_scale": float("nan")}, "[]"),
        ({"qk_scale": float("inf")}, "[]"),
        ({"kv_downsample_mode": "fracpool"}, "[]"),
        ({"kv_downsample_mode": "conv"}, "[]"),
        ({"kv_downsample_kernel": 3}, "[]"),
        ({"param_attention": "none"}, "[]"),
        ({"diff_routing": True}, "[]"),
        ({"param_routing": True}, "[]"),
        ({"param_routing": True, "soft_routing": True}, "[]"),
        ({"side_dwconv": 4}, "[]"),
        ({"dim": 0}, "[]"),
        ({"dim": True}, "[]"),
    ],
)
def test_refusals_name_the_row_to_write(kwargs: dict[str, Any], row: str) -> None:
    with pytest.raises((TypeError, ValueError)) as refusal:
        support.load_class(FOLDER)(**{"dim": 64, **kwargs})
    assert str(refusal.value).endswith(f"write the row [-1, 1, BiLevelRoutingAttention, {row}]")
