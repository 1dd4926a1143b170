"""The whole process of `insert` and of `check FILE` against the floor of their stack.

    python benchmarks/insert.py CFG [--rounds 25]

The floor is a typer program of one command that composes the same file with ruamel.yaml (pure
Python, typ="safe"): twice for `insert`, once to read it and once as a proof must; once for
`check`. CFG is a model YAML, such as YOLOv5's models/yolov5s.yaml. It is measured alone, and where
it is, if that is in a fork: `insert` then reads whether the fork has the module. Floor and command
run in turn; printed are the medians of the per-round ratios with their quartiles. Everything runs
from byte code, as an installed package does.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from yamlmod.workspace.near_fork import fork_around

_FLOOR = """\
from pathlib import Path

import typer


def run(cfg: Path) -> None:
    from ruamel.yaml import YAML

    text = cfg.read_text(encoding="utf-8")
    for _ in range({composes}):
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
    parser = argparse.ArgumentParser(description="Commands against the floor of their stack.")
    parser.add_argument("cfg", type=Path)
    parser.add_argument("--rounds", type=int, default=25)
    options = parser.parse_args()
    cfg = options.cfg.resolve()
    with tempfile.TemporaryDirectory() as folder:
        alone = str(shutil.copy(cfg, folder))
        _compare(["insert", "SimAM", alone, "--at", "24"], 2, options.rounds)
        _compare(["check", alone], 1, options.rounds)
    if fork_around(cfg.parent) is not None:
        words = ["insert", "SimAM", str(cfg), "--at", "24"]
        _compare(words, 2, options.rounds, ", in its fork, which is read, too")


def _compare(words: list[str], composes: int, rounds: int, where: str = "") -> None:
    ratios: list[Cost] = []
    floors: list[Cost] = []
    with tempfile.TemporaryDirectory() as folder:
        text = _FLOOR.format(composes=composes)
        (Path(folder) / "floor_of_command.py").write_text(text, encoding="utf-8")
        environment = {
            **{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
            "PYTHONPATH": os.pathsep.join([folder, str(_ROOT)]),
            "PYTHONPYCACHEPREFIX": folder,
        }
        floor = ["-c", "import floor_of_command", next(w for w in words if w.endswith(".yaml"))]
        for number in range(rounds + 1):
            below, above = cost(floor, environment), cost(["-m", "yamlmod", *words], environment)
            if number:  # the first round writes the byte code
                floors.append(below)
                ratios.append(Cost(*(b / a for a, b in zip(below, above, strict=True))))
    shown = " ".join(Path(word).name if word.endswith(".yaml") else word for word in words)
    against = f"typer and {composes} of ruamel.yaml's compose"
    sys.stdout.write(f"`yamlmod {shown}`{where}, against {against}\n")
    sys.stdout.write("ratio: median (quartiles); and the floor itself\n")
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
