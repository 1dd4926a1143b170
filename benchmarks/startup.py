"""Start-up: each command against the floor of importing typer and ruamel.yaml, as a ratio.

    python benchmarks/startup.py [--rounds 15]

Floor and commands run in turn, round after round, so that a busy machine slows all of them; the
medians of the per-round ratios are printed with their quartiles.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_FLOOR = ["-c", "import typer, ruamel.yaml"]
_YAML = """\
nc: 1
backbone:
  [[-1, 1, Conv, [64, 3, 2]],
   [-1, 1, C3, [64]]]
head:
  [[[1], 1, Detect, [nc]]]
"""
_COMMANDS = {
    "--help": ["--help"],
    "list": ["list"],
    "show": ["show", "x.yaml"],
    "insert": ["insert", "SimAM", "x.yaml", "--at", "1"],
}


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description="Start-up against a floor.")
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    ratios: dict[str, list[float]] = {name: [] for name in _COMMANDS}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "x.yaml").write_text(_YAML, encoding="utf-8")
        for number in range(rounds + 1):
            floor = seconds(_FLOOR, folder)
            for name, arguments in _COMMANDS.items():
                ratio = seconds(["-m", "yamlmod", *arguments], folder) / floor
                if number:  # the first round warms the file cache
                    ratios[name].append(ratio)
    sys.stdout.write("times `import typer, ruamel.yaml`: median (quartiles)\n")
    for name, values in ratios.items():
        low, middle, high = statistics.quantiles(values, n=4)
        sys.stdout.write(f"  {name:8} {middle:5.2f}  ({low:.2f} to {high:.2f})\n")


def seconds(arguments: list[str], folder: str) -> float:
    """Return how long one process takes."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
