"""Measure peak memory of a forward and of a training step, from the allocator, not sampled."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Tuple

from ..building.layers import around
from ..refused import Refused
from .flops import has_counter

_MARK = "yamlmod layer "
# What happened, in order: bytes allocated (freed where negative), or a layer's begin and end.
_Step = Tuple[str, int]


class Peak(NamedTuple):
    """The most bytes held at once, and what each layer needed on top of what it found."""

    bytes: int
    layers: List[int]


def peak(run: Callable[[], Any], layers: List[Any], device: str) -> Peak:
    """Run once, and return the most bytes that torch's allocator held for it at once.

    What was there before, weights and image, is not in it.
    """
    return _cuda(run, layers) if device == "cuda" else _walk(_steps(run, layers), len(layers))


def _cuda(run: Callable[[], Any], layers: List[Any]) -> Peak:
    import torch

    peaks = [0] * len(layers)
    highest, start = 0, torch.cuda.memory_allocated()
    entered: Dict[int, int] = {}

    def before(index: int, *_: Any) -> None:
        nonlocal highest
        highest = max(highest, torch.cuda.max_memory_allocated())
        torch.cuda.reset_peak_memory_stats()
        entered[index] = torch.cuda.memory_allocated()

    def after(index: int, *_: Any) -> None:
        top = torch.cuda.max_memory_allocated()
        peaks[index] = max(peaks[index], top - entered[index])

    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    with around(layers, before, after):
        run()
    torch.cuda.synchronize()
    highest = max(highest, torch.cuda.max_memory_allocated())
    return Peak(highest - start, peaks)


def _walk(steps: Iterator[_Step], count: int) -> Peak:
    """Follow the allocations in order; a layer's own peak is above what it found at its begin."""
    peaks = [0] * count
    held = highest = 0
    inside: Dict[int, int] = {}
    for what, value in steps:
        if what == "begin":
            inside[value] = held
        elif what == "end":
            inside.pop(value, None)
        else:
            held += value
            highest = max(highest, held)
            for index, start in inside.items():
                peaks[index] = max(peaks[index], held - start)
    return Peak(highest, peaks)


def _steps(run: Callable[[], Any], layers: List[Any]) -> Iterator[_Step]:
    import torch

    marks: Dict[int, Any] = {}

    def before(index: int, *_: Any) -> None:
        marks[index] = torch.autograd.profiler.record_function(_MARK + str(index))
        marks[index].__enter__()

    def after(index: int, *_: Any) -> None:
        marks.pop(index).__exit__(None, None, None)

    with around(layers, before, after):
        if _reports_memory():
            return _of_kineto(run)
        return _of_legacy(run)


def _reports_memory() -> bool:
    """Whether this torch's profiler reports every allocation with its time."""
    import torch

    events = getattr(torch._C, "_autograd", None)
    kind = getattr(events, "_KinetoEvent", None)
    return kind is not None and hasattr(kind, "nbytes")


def _of_kineto(run: Callable[[], Any]) -> Iterator[_Step]:
    with _profiler() as profile:
        run()
    steps: List[Tuple[int, int, _Step]] = []
    for event in getattr(profile, "profiler", profile).kineto_results.events():
        start, end = _times(event)
        if event.name() == "[memory]":
            steps.append((start, 1, ("bytes", event.nbytes())))
        elif event.name().startswith(_MARK):
            index = int(event.name()[len(_MARK) :])
            steps += [(start, 0, ("begin", index)), (end, 2, ("end", index))]
    if not any(what == "bytes" for _, _, (what, _) in steps):
        raise Refused("no-memory-events", "the profiler of this torch reports no allocation")
    steps.sort(key=lambda step: step[:2])  # stable: allocations of one instant stay in order
    return (step for _, _, step in steps)


def _profiler() -> Any:
    """Return a profiler of memory; newer ones of torch.profiler first import the compiler."""
    import torch

    if has_counter():  # torch 2.1
        return torch.autograd.profiler.profile(use_kineto=True, profile_memory=True)
    activities = [torch.profiler.ProfilerActivity.CPU]
    return torch.profiler.profile(activities=activities, profile_memory=True)


def _times(event: Any) -> Tuple[int, int]:
    if hasattr(event, "start_ns"):
        start, length = event.start_ns(), event.duration_ns()
    else:
        start, length = event.start_us(), event.duration_us()
    return start, start + length


def _of_legacy(run: Callable[[], Any]) -> Iterator[_Step]:
    """Read the older profiler's records: one thread, every allocation in its order."""
    import torch

    autograd: Any = torch.autograd
    if not hasattr(autograd, "_enable_profiler_legacy"):
        raise Refused("no-memory-events", "the profiler of this torch reports no allocation")
    state = autograd.ProfilerConfig(autograd.ProfilerState.CPU, False, True, False, False)
    autograd._enable_profiler_legacy(state)
    try:
        run()
    finally:
        threads = autograd._disable_profiler_legacy()
    return _legacy_steps(threads)


def _legacy_steps(threads: Any) -> Iterator[_Step]:
    for records in threads:
        opened: List[int] = []
        for record in records:
            kind, name = record.kind(), record.name()
            if kind == "memory_alloc":
                yield "bytes", record.cpu_memory_usage()
            elif kind == "push":
                opened.append(int(name[len(_MARK) :]) if name.startswith(_MARK) else -1)
                if opened[-1] >= 0:
                    yield "begin", opened[-1]
            elif kind == "pop" and opened:
                index = opened.pop()
                if index >= 0:
                    yield "end", index


def size_of(network: Any) -> int:
    held = [*network.parameters(), *network.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in held)
