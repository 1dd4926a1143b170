"""What single modules must do beside the contract: names in checkpoints, fall-backs, shares."""

from __future__ import annotations

import copy
import sys
from typing import Any

import pytest
import torch
from torch import nn

from . import support
from .references.msda import shared

ATTENDING = ["mhsa", "dattention", "irmb"]
# iRMB with the values behind the attention.
_PRE = (True, False, 0.0, 0.0, 0.0, False, True)


@pytest.mark.parametrize("folder", ATTENDING)
def test_plain_softmax_gives_the_same_numbers(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """torch below 2.0 has no fused attention."""
    module, x = support.filled(folder, 16), support.image(2, 16, 9, 10)
    with torch.no_grad():
        expected = module(x)
        monkeypatch.delattr(torch.nn.functional, "scaled_dot_product_attention")
        assert support.gap(module(x), expected) < 1e-6


def cases() -> list[Any]:
    return [
        pytest.param(folder, *case, id=f"{folder}-{number}")
        for folder in ATTENDING
        for number, case in enumerate(support.reference(folder).CASES)
    ]


@pytest.mark.parametrize(("folder", "args", "shape"), cases())
def test_scripted_with_any_arguments(
    folder: str, args: tuple[Any, ...], shape: tuple[int, ...]
) -> None:
    """TorchScript compiles every branch that constants do not rule out, also that of training."""
    for training in (False, True):
        module = support.filled(folder, shape[1], *args).double().train(training)
        scripted = torch.jit.script(copy.deepcopy(module))
        # One value per channel takes another way through BatchNorm.
        for sides in (shape[2:], (1, 1)) if folder == "irmb" else (shape[2:],):
            image = support.image(1, shape[1], *sides, dtype=torch.float64)
            x, again = (image.clone().requires_grad_() for _ in range(2))
            found, expected = scripted(x), module(again)
            assert support.gap(found, expected) < 1e-9
            found.square().sum().backward()
            expected.square().sum().backward()
            assert support.gap(x.grad, again.grad) < 1e-9


@torch.no_grad()
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("folder", ATTENDING)
def test_scripted_in_short_floats(folder: str, dtype: torch.dtype) -> None:
    module = support.filled(folder, 16).to(dtype)
    x = support.image(1, 16, 9, 10).to(dtype)
    assert support.gap(torch.jit.script(module)(x), module(x)) < 0.02


@pytest.mark.slow
@torch.no_grad()
@pytest.mark.parametrize(
    ("folder", "args"),
    [
        ("irmb", (True, True, 1.0, "ln_2d", "gelu", True, 3, 1, 1, 0.0, 8, 3)),
        ("irmb", (True, True, 1.0, "bn_2d", "relu", True, 3, 2, 1, 0.0, 8, 5, *_PRE)),
        ("bilevel_routing_attention", (3,)),
        ("bilevel_routing_attention", (4, 2, None, None, 2, 2, None, "ada_avgpool")),
    ],
)
def test_exported_with_named_sides(folder: str, args: tuple[Any, ...]) -> None:
    """The sides are padded and cut again: the exporter must ask nothing that it cannot prove."""
    module = support.filled(folder, 16, *args)
    names = [torch.export.Dim(name, min=8, max=1024) for name in ("height", "width")]
    x = support.image(1, 16, 22, 19)
    for strict in (False, True):
        graph = torch.export.export(
            module, (x,), dynamic_shapes=({2: names[0], 3: names[1]},), strict=strict
        ).module()
        for sides in ((22, 19), (8, 8), (13, 40), (60, 9)):
            other = support.image(1, 16, *sides)
            assert support.gap(graph(other), module(other)) < 1e-5


@torch.no_grad()
def test_irmb_keeps_a_norm_that_is_synchronised() -> None:
    module, x = support.filled("irmb", 16), support.image(2, 16, 9, 10)
    expected = module(x)
    assert support.gap(nn.SyncBatchNorm.convert_sync_batchnorm(module)(x), expected) < 1e-6


@pytest.mark.parametrize("args", [(), (None, 4, 2, 0.0, 0.0, 2, 2.0), (None, 2, 1, 0, 0, 1, -1)])
def test_deformable_sampling_for_graphs_is_that_of_eager(
    args: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    module, x = support.filled("dattention", 16, *args), support.image(2, 16, 9, 6)
    with torch.no_grad():
        expected = module(x)
        room = vars(sys.modules[type(module).__module__])
        monkeypatch.setitem(room, "_DAttention_is_recorded", lambda: True)
        assert support.gap(module(x), expected) < 1e-5


@pytest.mark.parametrize(
    ("folder", "args", "names"),
    [
        ("criss_cross_attention", (), ["gamma"]),
        ("mhsa", (5, 6, 2, True), ["rel_h_weight", "rel_w_weight"]),
    ],
)
def test_every_optimizer_trains_wrapped_parameters(
    folder: str, args: tuple[Any, ...], names: list[str]
) -> None:
    model = nn.Sequential(support.build(folder, 16, *args))
    state = {key: value.clone() for key, value in model.state_dict().items()}
    assert {f"0.{name}" for name in names} < set(state)
    seen = [
        value
        for part in model.modules()
        for value in (getattr(part, "weight", None), getattr(part, "bias", None))
        if isinstance(value, nn.Parameter)
    ]
    assert set(map(id, seen)) == set(map(id, model.parameters()))
    model(support.image(1, 16, 6, 5)).square().sum().backward()
    torch.optim.SGD(seen, lr=0.1).step()
    assert all(
        not torch.equal(model.state_dict()[f"0.{name}"], state[f"0.{name}"]) for name in names
    )
    model.load_state_dict(state, strict=True)
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())


def test_caa_loads_the_keys_of_yolo_copies() -> None:
    module = support.filled("caa", 16)
    older = {
        key.replace("h_conv.conv.", "h_conv.").replace("v_conv.conv.", "v_conv."): value
        for key, value in module.state_dict().items()
    }
    assert "h_conv.weight" in older
    twin = support.build("caa", 16).eval()
    twin.load_state_dict(older, strict=True)
    x = support.image(1, 16, 7, 8)
    assert torch.equal(twin(x), module(x))


def test_crisscross_starts_as_the_identity_and_leaves_it() -> None:
    module, x = support.build("criss_cross_attention", 16), support.image(2, 16, 5, 7)
    assert torch.equal(module(x), x)
    module(x).square().sum().backward()
    assert float(module.gamma.weight.grad.abs()) > 0


def test_heads_are_shared_out_to_dilations() -> None:
    assert shared(8, (1, 2, 3)) == [1, 1, 1, 2, 2, 2, 3, 3]
    assert shared(6, (1, 2, 3)) == [1, 1, 2, 2, 3, 3]
    with pytest.raises(ValueError, match="cannot be shared out"):
        support.build("msda", 16, 2)


def test_gate_of_scconv_is_exact_in_float16() -> None:
    """At 640 channels the gate itself rounds to the threshold in float16; its argument does not."""
    module, x = support.filled("sc_conv", 640).SRU, support.image(1, 640, 8, 8)
    with torch.no_grad():
        expected, found = module(x), module.half()(x.half())
    off = (found.float() - expected).abs() > 0.1 * expected.abs() + 0.05
    assert float(off.float().mean()) < 0.002


@pytest.mark.parametrize(
    ("channels", "depth"), [(16, 16), (24, 24), (80, 40), (96, 48), (128, 64), (320, 64)]
)
def test_heads_of_irmb_follow_the_channels(channels: int, depth: int) -> None:
    assert support.build("irmb", channels).depth == depth


@pytest.mark.parametrize(
    ("folder", "channels", "args"),
    [
        ("mhsa", 18, ()),
        ("lskblock", 15, ()),
        ("criss_cross_attention", 7, ()),
        ("cot_attention", 6, ()),
        ("sk_attention", 10, ([3], 16, 4)),
        ("sc_conv", 18, ()),
        ("dattention", 20, ()),
        ("dattention", 16, (None, 8, 3)),
        ("irmb", 24, (True, True, 1.0, "bn_2d", "tanh")),
    ],
)
def test_what_the_mathematics_forbids_is_refused(
    folder: str, channels: int, args: tuple[Any, ...]
) -> None:
    with pytest.raises(ValueError, match=r"; write the row \[-1, 1, \w+, \[.*\]\]$"):
        support.build(folder, channels, *args)


def test_seam_keeps_its_channels() -> None:
    with pytest.raises(ValueError, match="keeps them"):
        support.load_class("seam")(16, 32)
