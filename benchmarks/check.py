"""The time of `yamlmod check FOLDER` against ruamel.yaml composing the same files.

    python benchmarks/check.py FOLDER [--rounds 3]

The floor is one process that composes every YAML below FOLDER with YAML(typ="rt", pure=True), and
again with typ="safe". Printed are the medians of wall and processor time, and their ratios; on
several cores the wall time of check profits from them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

_FLOOR = """\
import sys
from pathlib import Path
from ruamel.yaml import YAML
for path in sorted(Path(sys.argv[1]).rglob("*.y*ml")):
    try:
        YAML(typ=sys.argv[2], pure=True).compose(path.read_text(encoding="utf-8"))
    except Exception:
        pass
"""


def main() -> int:
    """Time both in turn."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    folder = str(options.folder)
    commands = {
        "compose, typ=rt": [sys.executable, "-c", _FLOOR, folder, "rt"],
        "compose, typ=safe": [sys.executable, "-c", _FLOOR, folder, "safe"],
        "yamlmod check": [sys.executable, "-m", "yamlmod", "check", folder],
        "the same on one core": [sys.executable, "-m", "yamlmod", "check", folder],
    }
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(options.rounds):
        for name, command in commands.items():
            took[name].append(_time(command, one_core="one core" in name))
    floor = [statistics.median(column) for column in zip(*took["compose, typ=rt"], strict=True)]
    for name, times in took.items():
        wall, cpu = (statistics.median(column) for column in zip(*times, strict=True))
        sys.stdout.write(
            f"{name:24} wall {wall:6.2f} s ({wall / floor[0]:.2f} times)  "
            f"processor {cpu:6.2f} s ({cpu / floor[1]:.2f} times)\n"
        )
    return 0


def _time(command: list[str], one_core: bool) -> tuple[float, float]:
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    before, start = os.times(), time.perf_counter()
    if one_core and cores:
        os.sched_setaffinity(0, {min(cores)})
    try:
        subprocess.run(command, capture_output=True, check=False)
    finally:
        if one_core and cores:
            os.sched_setaffinity(0, cores)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user
    return time.perf_counter() - start, cpu - before.children_system


if __name__ == "__main__":
    sys.exit(main())
