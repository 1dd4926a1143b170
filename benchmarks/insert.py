"""The whole process of `yamlmod insert` against the floor of its stack: time and peak memory.

    python benchmarks/insert.py CFG [--rounds 25]

The floor is a typer program of one command that composes the same file twice with ruamel.yaml (pure
Python, typ="safe"): once to read it, once as a proof must. CFG is a model YAML, such as YOLOv5's
models/yolov5s.yaml. Floor and command run in turn; printed are the medians of the per-round ratios
with their quartiles. Everything runs from byte code, as an installed package does.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

_FLOOR = """\
from pathlib import Path

import typer


def run(cfg: Path) -> None:
    from ruamel.yaml import YAML

    text = cfg.read_text(encoding="utf-8")
    YAML(typ="safe", pure=True).compose(text)
    YAML(typ="safe", pure=True).compose(text)


app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
app.command()(run)
app()
"""
_ROOT = Path(__file__).resolve().parent.parent


class Cost(NamedTuple):
    """What one process took."""

    wall: float
    cpu: float
    megabytes: float


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description="Insert against the floor of its stack.")
    parser.add_argument("cfg", type=Path)
    parser.add_argument("--rounds", type=int, default=25)
    options = parser.parse_args()
    ratios: list[Cost] = []
    floors: list[Cost] = []
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "floor_of_insert.py").write_text(_FLOOR, encoding="utf-8")
        environment = {
            **{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
            "PYTHONPATH": os.pathsep.join([folder, str(_ROOT)]),
            "PYTHONPYCACHEPREFIX": folder,
        }
        cfg = str(options.cfg.resolve())
        floor = ["-c", "import floor_of_insert", cfg]
        command = ["-m", "yamlmod", "insert", "SimAM", cfg, "--at", "24"]
        for number in range(options.rounds + 1):
            below, above = cost(floor, environment), cost(command, environment)
            if number:  # the first round writes the byte code
                floors.append(below)
                ratios.append(Cost(*(b / a for a, b in zip(below, above, strict=True))))
    sys.stdout.write(f"`yamlmod insert SimAM {options.cfg.name} --at 24` (preview) against ")
    sys.stdout.write("typer and two composes\nratio: median (quartiles); and the floor itself\n")
    for name in Cost._fields:
        low, middle, high = statistics.quantiles([getattr(r, name) for r in ratios], n=4)
        own = statistics.median(getattr(f, name) for f in floors)
        sys.stdout.write(f"  {name:10} {middle:5.2f}  ({low:.2f} to {high:.2f})   {own:.3g}\n")


def cost(arguments: list[str], environment: dict[str, str]) -> Cost:
    """Return what one process costs: seconds on the clock and of the CPU, and peak memory."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=environment["PYTHONPYCACHEPREFIX"],  # not a checkout that would be imported instead
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{arguments} ended with {process.returncode}")
    scale = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / scale)


if __name__ == "__main__":
    main()
