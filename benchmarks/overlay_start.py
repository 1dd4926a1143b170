"""Measure what an installed overlay adds to the start of `yolo`: pairs of runs, alternating.

    python benchmarks/overlay_start.py PYTHON [PAIRS]

PYTHON is that of an environment with ultralytics in which `yamlmod overlay install -w` was run.
Compared are runs with the hook and runs in which YAMLMOD_OVERLAY_OFF switches it off.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time

_CODE = "import sys; sys.argv = ['yolo', 'version']; from ultralytics.cfg import entrypoint"
_MODULES = "import ultralytics.nn.tasks"


def main(python: str, pairs: int = 30) -> None:
    """Print the median difference of CPU time and of wall time, with its quartiles."""
    for name, code in (("Python alone", "pass"), ("yolo", f"{_CODE}; entrypoint()"),
                       ("nn.tasks", _MODULES)):  # fmt: skip
        walls, cpus = [], []
        for _ in range(2):
            _run(python, code, True)
            _run(python, code, False)
        for _ in range(pairs):
            with_hook, without = _run(python, code, True), _run(python, code, False)
            walls.append(1000 * (with_hook[0] - without[0]))
            cpus.append(1000 * (with_hook[1] - without[1]))
        print(f"{name}: {_words(walls)} wall, {_words(cpus)} CPU, of {pairs} pairs")


def _words(values: list[float]) -> str:
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:+.1f} ms ({low:+.1f} to {high:+.1f})"


def _run(python: str, code: str, hook: bool) -> tuple[float, float]:
    environment = {**os.environ, "YAMLMOD_OVERLAY_OFF": "" if hook else "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # of the second start on, nothing is compiled
    before, began = _children(), time.perf_counter()
    subprocess.run([python, "-c", code], env=environment, capture_output=True, check=True)
    return time.perf_counter() - began, _children() - before


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
