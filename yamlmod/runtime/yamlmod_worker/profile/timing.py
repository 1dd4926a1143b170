"""Measure latency with its spread: all networks in turn, so that noise affects them alike."""

from __future__ import annotations

import gc
import statistics
import time
from typing import Any, Callable, Dict, List

from ..answers import Latency
from ..building.layers import around

_WARM_UP = 3
_PAUSE = 1.0  # seconds between two reports, which take time from nothing that is measured


def quartiles(values: List[float]) -> Latency:
    """Return the median of some seconds, with the quartiles around it, in milliseconds."""
    first, middle, third = (
        statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    )
    return {"median": middle * 1e3, "q1": first * 1e3, "q3": third * 1e3}


def latencies(
    runs: List[Callable[[], Any]],
    rounds: int,
    wait: Callable[[], None],
    report: Callable[[int, List[Latency]], None] = lambda rounds, so_far: None,
) -> List[Latency]:
    """Time every run once a round, each round in another order, after a warm-up.

    ``report`` gets the number of rounds and their latencies, at most once a second.
    """
    for run in runs:
        for _ in range(_WARM_UP):
            run()
    wait()
    times: List[List[float]] = [[] for _ in runs]
    collecting = gc.isenabled()
    gc.disable()
    due = time.perf_counter()
    try:
        for turn in range(rounds):
            order = [(turn + step) % len(runs) for step in range(len(runs))]
            for index in order if turn % 2 else reversed(order):
                start = time.perf_counter()
                runs[index]()
                wait()
                times[index].append(time.perf_counter() - start)
            if time.perf_counter() >= due and turn + 1 < rounds:
                report(turn + 1, [quartiles(seconds) for seconds in times])
                due = time.perf_counter() + _PAUSE
    finally:
        if collecting:
            gc.enable()
    return [quartiles(seconds) for seconds in times]


def layer_times(
    run: Callable[[], Any], layers: List[Any], rounds: int, wait: Callable[[], None]
) -> List[float]:
    """Return the median milliseconds of each layer, over some rounds of a warm network."""
    times: List[List[float]] = [[] for _ in layers]
    entered: Dict[int, float] = {}

    def before(index: int, *_: Any) -> None:
        wait()
        entered[index] = time.perf_counter()

    def after(index: int, *_: Any) -> None:
        wait()
        times[index].append(time.perf_counter() - entered[index])

    run()
    with around(layers, before, after):
        for _ in range(rounds):
            run()
    return [statistics.median(seconds) * 1e3 if seconds else 0.0 for seconds in times]
