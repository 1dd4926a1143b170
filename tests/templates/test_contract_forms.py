"""What may be done with every template: types, copies, graphs, devices, and every channel count."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from . import badges, exports, support

REAL = (16, 24, 40, 48, 80)  # computed; the others on the meta device, which has shapes only

each = pytest.mark.parametrize("folder", support.folders())
pytestmark = pytest.mark.filterwarnings(
    "ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"
)


def image(folder: str, count: int, *sides: int, seed: int = 1) -> Tensor:
    return support.image(count, support.narrow(folder), *sides, seed=seed)


@torch.no_grad()
def run(module: nn.Module, x: Tensor) -> Tensor:
    out = module(x)
    assert isinstance(out, Tensor)
    return out


@each
@pytest.mark.parametrize("channels", support.CHANNELS)
def test_usual_channel_counts(folder: str, channels: int) -> None:
    args = support.usual(folder)
    if channels in support.refused(folder):
        with pytest.raises((TypeError, ValueError)) as refusal:
            support.build(folder, channels, *args)
        message = str(refusal.value)
        assert support.row_start(folder) in message, message
        return
    with torch.device("cpu" if channels in REAL else "meta"):
        module, x = support.build(folder, channels, *args), torch.randn(1, channels, 8, 8)
    for training in (False, True):
        out = run(module.train(training), x)
        assert out.shape == (1, channels, *support.sides_after(folder, 8, 8))
        assert out.is_meta or torch.isfinite(out).all()


@each
def test_refused_counts_come_with_the_rule(folder: str) -> None:
    told = support.manifest(folder).get("channels", {})
    assert set(told) <= {"rule", "rule_zh", "refused", "equal", "inputs"}
    assert not {"equal", "inputs"} & set(told) or support.manifest(folder)["rule"] == "add"
    assert set(support.refused(folder)) <= {*support.CHANNELS}
    assert told.get("rule") or not support.refused(folder)


@each
def test_types_go_through(folder: str) -> None:
    module, x = badges.usual(folder), image(folder, 2, 13, 9)
    for dtype in (torch.float64, torch.bfloat16, torch.float16):
        out = run(copy.deepcopy(module).to(dtype), x.to(dtype))
        assert out.dtype == dtype and torch.isfinite(out).all()
        alike = torch.cosine_similarity(out.double().flatten(), run(module, x).flatten(), dim=0)
        assert float(alike) > 0.98


@each
def test_autocast_trains(folder: str) -> None:
    module = badges.usual(folder).train()
    x = image(folder, 2, 8, 8).requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = module(x)
    assert torch.isfinite(out).all()
    out.float().square().sum().backward()
    assert x.grad is not None and torch.isfinite(x.grad).all()
    assert all(value.grad is not None for value in module.parameters())


@each
def test_survives_deepcopy_pickle_and_save(folder: str) -> None:
    module, x = badges.usual(folder), image(folder, 2, 8, 8)
    module(x)  # a copy of one that was used
    expected = run(module, x)
    saved = io.BytesIO()
    torch.save(module, saved)
    saved.seek(0)
    copies = (
        copy.deepcopy(module),
        pickle.loads(pickle.dumps(module)),
        torch.load(saved, weights_only=False),
    )
    for twin in copies:
        assert torch.equal(run(twin, x), expected)
        assert list(twin.state_dict()) == list(module.state_dict())


@each
def test_state_loads_into_a_new_module(folder: str) -> None:
    module, x = badges.usual(folder), image(folder, 2, 8, 8)
    other = support.build(folder, support.narrow(folder), *support.usual(folder)).eval()
    other.load_state_dict(module.state_dict(), strict=True)
    assert torch.equal(run(other, x), run(module, x))


@each
def test_moves_to_the_meta_device(folder: str) -> None:
    module = badges.usual(folder).to("meta")
    assert module(image(folder, 2, 6, 5).to("meta")).shape[2:] == support.sides_after(folder, 6, 5)


@each
@pytest.mark.parametrize("sides", [(8, 8), (13, 17)])
def test_trace_equals_eager(folder: str, sides: tuple[int, int]) -> None:
    module = badges.usual(folder)
    with torch.no_grad():
        traced = torch.jit.trace(module, image(folder, 1, *sides))
    other = image(folder, 1, *sides, seed=2)
    assert support.gap(run(traced, other), run(module, other)) < badges.EQUAL


@each
def test_onnx_equals_eager(folder: str) -> None:
    """YOLOv5's own export: opset 12, one size. The other exporters are the badges' business."""
    route, channels = exports.Route(12, False), support.narrow(folder)
    exports.check(badges.usual(folder), channels, route, [(8, 8)], dynamic=False)


@each
@pytest.mark.parametrize(
    "check",
    [
        badges.fp16,
        badges.bf16,
        badges.deterministic,
        badges.trace,
        badges.script,
        badges.fx,
        badges.quantize,
        badges.channels_last,
        badges.identity,
    ],
    ids=lambda check: check.__name__,
)
def test_quick_badges_are_held_or_have_a_reason(folder: str, check: Callable[[str], None]) -> None:
    limits: dict[str, Any] = support.manifest(folder).get("limits", {})
    if check.__name__ in limits:
        assert limits[check.__name__]
        with pytest.raises(Exception):  # noqa: B017 - scripting fails with many types
            check(folder)
    else:
        check(folder)
