"""What each badge of a template means, as a function that raises where the badge is not held."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn

from . import determinism, exports, support

SIZES = ((8, 8), (13, 17))
# The exporter takes a size of 1 for fixed, also that of a single tile or window: begin large.
DYNAMIC = ((24, 20), (13, 17), (8, 8))
EQUAL = 1e-5


def measure(folder: str) -> dict[str, str | None]:
    """For each badge, what was wrong, or None where it is held."""
    found: dict[str, str | None] = {}
    for name, check in CHECKS.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                check(folder)
            found[name] = None
        except Exception as error:  # whatever an exporter or a compiler comes up with
            found[name] = f"{type(error).__name__}: {error}"
    return found


def usual(folder: str) -> nn.Module:
    return support.filled(folder, support.narrow(folder), *support.usual(folder))


def image(folder: str, count: int, *sides: int) -> Tensor:
    return support.image(count, support.narrow(folder), *sides)


def fp16(folder: str) -> None:
    """Near to float64, also for large values, whose sums must not overflow."""
    for sides, spread, angle in (((13, 9), 1.0, 0.9995), ((80, 80), 8.0, 0.99)):
        apart, alike = _short(folder, torch.float16, sides, spread)
        assert alike > angle, f"cosine {alike:.4f} at {sides} with standard deviation {spread}"
        if not _has_softmax(folder):
            assert apart < 0.01, f"{apart:.1%} off at {sides} with standard deviation {spread}"


def bf16(folder: str) -> None:
    _, alike = _short(folder, torch.bfloat16, (13, 9), 1.0)
    assert alike > 0.999, f"cosine {alike:.4f}"


def _short(
    folder: str, dtype: torch.dtype, sides: tuple[int, int], spread: float
) -> tuple[float, float]:
    """Gap and cosine between the short type and float64, both with the rounded weights and map."""
    module = usual(folder).to(dtype)
    x = (image(folder, 1, *sides) * spread).to(dtype)
    with torch.no_grad():
        out, exact = module(x), copy.deepcopy(module).double()(x.double())
    assert out.dtype == dtype and torch.isfinite(out).all(), "not finite, or of another dtype"
    alike = torch.cosine_similarity(out.double().flatten(), exact.flatten(), dim=0)
    return support.gap(out, exact), float(alike)


def onnx(folder: str) -> None:
    for route in exports.routes():
        exports.check(usual(folder), support.narrow(folder), route, SIZES, dynamic=False)


def dynamic(folder: str) -> None:
    for route in exports.routes():
        exports.check(usual(folder), support.narrow(folder), route, DYNAMIC, dynamic=True)


def deterministic(folder: str) -> None:
    """Nothing that CUDA refuses, and two training steps agree bit for bit."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)  # a module may take another route under it
    try:
        refused = determinism.refused(usual(folder).train(), image(folder, 2, 13, 17))
        assert not refused, f"not deterministic on CUDA: {', '.join(sorted(refused))}"
        module = usual(folder).train()
        first, second = (gradients(folder, copy.deepcopy(module)) for _ in range(2))
    finally:
        torch.use_deterministic_algorithms(before)
    same = [torch.equal(a, b) for a, b in zip(first, second, strict=True)]
    assert all(same), "two training steps differ"


def gradients(folder: str, module: nn.Module) -> list[Tensor]:
    x = image(folder, 2, 13, 17).requires_grad_()
    module(x).square().sum().backward()
    values = [x, *module.parameters()]
    assert all(value.grad is not None for value in values)
    return [value.grad for value in values if value.grad is not None]


@torch.no_grad()
def trace(folder: str) -> None:
    """A trace taken at one size serves other sizes and batches."""
    module = usual(folder)
    traced = torch.jit.trace(module, image(folder, 1, 9, 8), check_trace=False)
    for shape in ((1, 9, 8), (1, 20, 12), (2, 3, 17)):
        _same(traced, module, image(folder, *shape))


@torch.no_grad()
def script(folder: str) -> None:
    module = usual(folder)
    scripted = torch.jit.script(module)
    for sides in SIZES:
        _same(scripted, module, image(folder, 1, *sides))


def compile(folder: str) -> None:
    """One graph a size: eval at one, training at another."""
    module = usual(folder)
    torch.compiler.reset()
    try:
        with torch.no_grad():
            fast = torch.compile(module, dynamic=False)
            _same(fast, module, image(folder, 1, *SIZES[0]))
        expected = gradients(folder, copy.deepcopy(module).train())
        twin = copy.deepcopy(module).train()
        found = gradients(folder, torch.compile(twin, dynamic=False))
    finally:
        torch.compiler.reset()
    # A gradient that is nought but for rounding has the rounding of all: a bias before a norm.
    noise = max(1e-4, *(3e-5 * float(value.abs().max()) for value in expected))
    for near, far in zip(found, expected, strict=True):
        assert support.gap(near, far) < 1e-4 or float((near - far).abs().max()) < noise


def identity(folder: str) -> None:
    """After the manifest's fills the output is the input, and training can leave that start."""
    fills = support.manifest(folder).get("identity", {}).get("set", {})
    assert fills, "the manifest has no [identity] set"
    module = support.build(folder, support.narrow(folder), *support.usual(folder))
    fill(module, fills)
    x = image(folder, 2, 9, 8)
    for training in (False, True):
        with torch.no_grad():
            assert support.gap(module.train(training)(x), x) < 1e-6, f"training={training}"
    module.train()(x).square().sum().backward()
    steps = [float(v.grad.abs().max()) for v in module.parameters() if v.grad is not None]
    assert max(steps) > 1e-4, "no gradient leads away from this start"


@torch.no_grad()
def fill(module: nn.Module, fills: Mapping[str, float]) -> None:
    """What any tool does with identity.set: state_dict keys by pattern, each to one constant."""
    state = module.state_dict()
    for pattern, value in fills.items():
        keys = [key for key in state if fnmatchcase(key, pattern)]
        assert keys, f"identity.set: no state_dict key is like {pattern!r}"
        for key in keys:
            state[key].fill_(value)


def _same(found: Callable[[Tensor], Tensor], module: nn.Module, x: Tensor) -> None:
    apart = support.gap(found(x), module(x))
    assert apart < EQUAL, f"{apart:.1e} from the module at {tuple(x.shape)}"


def _has_softmax(folder: str) -> bool:
    """A softmax of large scores has no three digits in half precision, whoever writes it."""
    with determinism.Recorder() as recorder, torch.no_grad():
        usual(folder)(image(folder, 1, 8, 8))
    return any("softmax" in name or "scaled_dot_product" in name for name in recorder.seen)


CHECKS: Mapping[str, Callable[[str], None]] = {
    check.__name__: check
    for check in (fp16, bf16, onnx, dynamic, deterministic, trace, script, compile, identity)
}
