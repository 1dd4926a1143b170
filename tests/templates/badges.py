"""What each badge of a template means, as a function that raises where the badge is not held."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import cache

import torch
from torch import Tensor, nn

from . import determinism, exports, support

SIZES = ((8, 8), (13, 17))
# The exporter takes a size of 1 for fixed, also that of a single tile or window: begin large.
DYNAMIC = ((24, 20), (13, 17), (8, 8))
EQUAL = 1e-5
# Channels (None for the fewest), seed, side and standard deviation; the last has the largest sums.
FLOAT16 = (
    (None, 0, 13, 1.0),
    (None, 1, 40, 8.0),
    (64, 2, 40, 8.0),
    (64, 3, 40, 8.0),
    (None, 0, 80, 8.0),
)


def measure(folder: str, only: tuple[str, ...] = ()) -> dict[str, str | None]:
    """For each badge (or ``only`` some), what was wrong, or None where it is held."""
    found: dict[str, str | None] = {}
    for name, check in CHECKS.items():
        if only and name not in only:
            continue
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
    for spread, error in fp16_errors(folder).items():
        assert error < 0.01, f"{error:.1%} off at standard deviation {spread}"


@cache
def fp16_errors(folder: str) -> dict[str, float]:
    """The largest gap between float16 and float64, by the map's standard deviation."""
    errors: dict[str, float] = {}
    for channels, seed, side, spread in FLOAT16:
        size = (channels or support.narrow(folder), seed, (side, side))
        apart, _ = _short(folder, torch.float16, size, spread)
        key = f"{spread:g}"
        errors[key] = round(max(errors.get(key, 0.0), apart), 5)
    return errors


def bf16(folder: str) -> None:
    _, alike = _short(folder, torch.bfloat16, (support.narrow(folder), 0, (13, 9)), 1.0)
    assert alike > 0.999, f"cosine {alike:.4f}"


def _short(
    folder: str, dtype: torch.dtype, size: tuple[int, int, tuple[int, int]], spread: float
) -> tuple[float, float]:
    """Gap and cosine between the short type and float64, both with the rounded weights and map."""
    channels, seed, sides = size
    module = support.filled(folder, channels, *support.usual(folder), seed=seed).to(dtype)
    x = (support.image(1, channels, *sides, seed=seed + 1) * spread).to(dtype)
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


@torch.no_grad()
def channels_last(folder: str) -> None:
    """The layout of the map stays, and the numbers are those of the other layout."""
    module = usual(folder)
    for sides in SIZES:
        x = image(folder, 2, *sides)
        out = module(x.to(memory_format=torch.channels_last))
        assert support.gap(out, module(x)) < EQUAL, f"other numbers at {sides}"
        assert out.is_contiguous(memory_format=torch.channels_last), f"another layout at {sides}"
        assert module(x).is_contiguous(), f"a contiguous map at {sides} gets another layout"


@torch.no_grad()
def fx(folder: str) -> None:
    """torch.fx.symbolic_trace gives a graph for every size and batch."""
    module = usual(folder)
    graph = torch.fx.symbolic_trace(module)
    for shape in ((1, 9, 8), (1, 20, 12), (2, 3, 17)):
        _same(graph, module, image(folder, *shape))


@torch.no_grad()
def export(folder: str) -> None:
    """torch.export with free sides, also with named ones, serves other sizes."""
    free, names = torch.export.Dim.DYNAMIC, ("height", "width")
    module = usual(folder)
    for sides in ((free, free), tuple(torch.export.Dim(n, min=8, max=1024) for n in names)):
        shapes = ({2: sides[0], 3: sides[1]},)
        x = image(folder, 1, *DYNAMIC[0])
        graph = torch.export.export(module, (x,), dynamic_shapes=shapes).module()
        for size in DYNAMIC:
            _same(graph, module, image(folder, 1, *size))


@torch.no_grad()
def quantize(folder: str) -> None:
    """Dynamic quantization of the linear layers runs; without such layers nothing changes."""
    module = usual(folder)
    fewer = torch.ao.quantization.quantize_dynamic(copy.deepcopy(module), dtype=torch.qint8)
    for sides in SIZES:
        x = image(folder, 2, *sides)
        apart = support.gap(fewer(x), module(x))
        assert apart < 0.1, f"{apart:.1%} off at {sides}"


@torch.no_grad()
def compile_dynamic(folder: str) -> None:
    """One graph for all sizes."""
    module = usual(folder)
    torch.compiler.reset()
    try:
        fast = torch.compile(module, dynamic=True, fullgraph=True, backend="aot_eager")
        for size in DYNAMIC:
            _same(fast, module, image(folder, 1, *size))
    finally:
        torch.compiler.reset()


CHECKS: Mapping[str, Callable[[str], None]] = {
    check.__name__: check
    for check in (
        fp16,
        bf16,
        onnx,
        dynamic,
        deterministic,
        trace,
        script,
        compile,
        compile_dynamic,
        export,
        fx,
        quantize,
        channels_last,
        identity,
    )
}
