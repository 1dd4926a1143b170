"""Time and peak memory of one pass of a module, on the CPU or a GPU."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch starts its threads

import torch
from torch import Tensor, nn

THREADS = 2
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
Pass = Callable[[nn.Module, Tensor], None]


class Ratio(NamedTuple):
    """How many times the template is faster and smaller than what it is compared with."""

    time: float
    memory: float
    quartiles: tuple[float, ...] = ()


class Way(NamedTuple):
    """How two modules are compared: in medians of so many pairs, or in the fastest of rounds."""

    pairs: int | None
    seconds: float
    clock: Callable[[], float]


def compare(mine: nn.Module, theirs: nn.Module, x: Tensor, way: Way) -> tuple[Ratio, Ratio]:
    """Return the ratios of the forward pass and of forward and backward together."""
    passes: tuple[Pass, ...] = (forward, forward_backward)
    found = []
    for run in passes:
        for module in (mine, theirs):
            module.train(run is forward_backward)
        quartiles: tuple[float, ...] = ()
        if way.pairs:
            low, ratio, high = paired_ratios(run, (mine, theirs), x, way.pairs, way.clock)
            quartiles = (low, high)
        else:
            ratio = time_ratio(run, mine, theirs, x, way.seconds, way.clock)
        found.append(Ratio(ratio, peak(run, theirs, x) / peak(run, mine, x), quartiles))
    return found[0], found[1]


def forward(module: nn.Module, x: Tensor) -> None:
    """Inference."""
    with torch.no_grad():
        module(x)


def forward_backward(module: nn.Module, x: Tensor) -> None:
    """One training step without the optimizer."""
    x = x.detach().requires_grad_()
    module.zero_grad(set_to_none=True)
    out = module(x)
    out.backward(out.detach())


def time_ratio(
    run: Pass,
    mine: nn.Module,
    theirs: nn.Module,
    x: Tensor,
    seconds: float,
    clock: Callable[[], float],
) -> float:
    """Return the ratio of the fastest rounds: the two in turn, warmed up once."""
    own, other = [elapsed(run, mine, x, clock)], [elapsed(run, theirs, x, clock)]
    end = time.perf_counter() + seconds
    while len(own) < 4 or time.perf_counter() < end:
        own.append(elapsed(run, mine, x, clock))
        other.append(elapsed(run, theirs, x, clock))
    return min(other[1:]) / min(own[1:])


def paired_ratios(
    run: Pass,
    pair_of_modules: tuple[nn.Module, nn.Module],
    x: Tensor,
    pairs: int,
    clock: Callable[[], float],
) -> list[float]:
    """Return the quartiles of the ratio in single rounds, which begin with one and the other."""
    mine, theirs = pair_of_modules
    ratios = []
    for count in range(-1, pairs):
        order = (mine, theirs) if count % 2 else (theirs, mine)
        took = {module: elapsed(run, module, x, clock) for module in order}
        ratios.append(took[theirs] / took[mine])
    return statistics.quantiles(ratios[1:], n=4)


def elapsed(
    run: Pass,
    module: nn.Module,
    x: Tensor,
    clock: Callable[[], float],
) -> float:
    """Return the seconds that one run took."""
    if x.is_cuda:  # kernels run behind Python's back
        torch.cuda.synchronize()
    start = clock()
    run(module, x)
    if x.is_cuda:
        torch.cuda.synchronize()
    return clock() - start


def peak(run: Pass, module: nn.Module, x: Tensor) -> int:
    """Return the most bytes that torch's allocator held at once during one pass."""
    module.zero_grad(set_to_none=True)
    if x.is_cuda:
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run(module, x)
        module.zero_grad(set_to_none=True)
        return max(torch.cuda.max_memory_allocated() - before, 1)
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
    ) as profile:
        run(module, x)
    module.zero_grad(set_to_none=True)
    events: Any = profile.profiler.kineto_results.events()
    steps = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
    held = highest = 0
    for _, size in steps:
        held += size
        highest = max(highest, held)
    return max(highest, 1)


def machine(device: str = "cpu") -> str:
    """Return the processor with its cores and the threads used, or the GPU; Python and torch."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        name = names[0].partition(":")[2].strip() if names else name
    if device == "cuda":
        name = torch.cuda.get_device_name()
        return (
            f"{name}, {platform.system()}, Python {platform.python_version()}, "
            f"torch {torch.__version__}"
        )
    return (
        f"{name}, {os.cpu_count()} cores, {THREADS} threads, {platform.system()}, "
        f"Python {platform.python_version()}, torch {torch.__version__}"
    )
