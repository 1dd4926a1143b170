"""`yamlmod study run` against the bare training script: what a run costs more.

    python benchmarks/study_run.py STUDY.yaml [--rounds 5] [--python PATH]

STUDY.yaml names one fork; only the base's first seed is trained. Each round trains it twice, in
turn: by the command line of its run.json, as a user would give it, and by `yamlmod study run` of a
freshly planned folder. Wall time and CPU time of all processes. Printed are medians of the paired
differences and ratios with their quartiles. Overhead that does not depend on the training's length
is the difference; the share of a longer one is smaller than the ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple


class Times(NamedTuple):
    """Seconds of a command and everything it started."""

    wall: float
    cpu: float


def main() -> None:
    """Print the overhead."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("study", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.study.parent) as home:
        out = Path(home, "out")
        plan = ["plan", str(options.study), "-o", str(out), "--no-run", "--python", options.python]
        subprocess.run([*_YAMLMOD, *plan], check=True, capture_output=True)
        pairs = []
        for number in range(options.rounds + 1):
            both = [("bare", bare), ("study", by_study)]
            timed = {name: job(out) for name, job in (both if number % 2 else both[::-1])}
            if number:  # the first fills caches
                pairs.append((timed["bare"], timed["study"]))
                say(f"round {number}: bare {timed['bare']}, study {timed['study']}")
    for name in Times._fields:
        one = [getattr(study, name) - getattr(bare, name) for bare, study in pairs]
        share = [getattr(study, name) / getattr(bare, name) for bare, study in pairs]
        say(f"{name}: {_spread(one)} s more, ratio {_spread(share)}")


_YAMLMOD = (sys.executable, "-m", "yamlmod", "study")


def bare(out: Path) -> Times:
    """Train as `run.json` says, without yamlmod."""
    folder = _run_folder(out)
    plan = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    environment = {**os.environ, **plan["environment"]}
    return _timed(plan["argv"], plan["cwd"], environment, folder)


def by_study(out: Path) -> Times:
    folder = _run_folder(out)
    return _timed([*_YAMLMOD, "run", str(out), folder.name], str(out), dict(os.environ), folder)


def _run_folder(out: Path) -> Path:
    """Return the run's folder as it was planned."""
    folder = next(path for path in sorted((out / "runs").iterdir()) if path.name.startswith("base"))
    for path in folder.iterdir():
        if path.name != "run.json":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder


def _timed(words: list[str], cwd: str, environment: dict[str, str], folder: Path) -> Times:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, check=False)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode or not list(folder.glob("train/results.*")):
        sys.exit(done.stdout.decode()[-2000:] + done.stderr.decode()[-2000:])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Times(round(wall, 3), round(cpu, 3))


def _spread(values: list[float]) -> str:
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def say(line: str) -> None:
    """Write a line."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
