"""Drawing: `draw` against `show` of the same file, and all networks that are known, in one process.

    python benchmarks/draw.py [CFG...] [--rounds 15]

The two commands run in turn, round after round; the medians of the per-round ratios are printed
with their quartiles. Bounds: 1.5 times `show`, and 30 ms a drawing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from yamlmod.ops.network import read_network
from yamlmod.picture.build import DrawOptions
from yamlmod.picture.drawing import Drawing
from yamlmod.picture.render import render
from yamlmod.registry.official import OfficialGraph, official_graphs


def main() -> None:
    """Print the ratios and the times."""
    parser = argparse.ArgumentParser(description="Drawing against showing.")
    parser.add_argument("cfgs", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cfgs = [path.resolve() for path in options.cfgs] or _examples(Path(folder))
        sys.stdout.write("times `yamlmod show` of the same file: median (quartiles)\n")
        for cfg in cfgs:
            ratios = []
            for number in range(options.rounds + 1):
                floor = _seconds(["show", str(cfg)], folder)
                ratio = _seconds(["draw", str(cfg)], folder) / floor
                ratios += [ratio] if number else []  # the first round warms the file cache
            low, middle, high = statistics.quantiles(ratios, n=4)
            sys.stdout.write(f"  {cfg.name:28} {middle:5.2f}  ({low:.2f} to {high:.2f})\n")
    times = [_drawing(graph) for graph in official_graphs()]
    for place, word in ((0, "read"), (1, "drawn as SVG")):
        values = [1000 * pair[place] for pair in times]
        sys.stdout.write(
            f"{len(times)} official networks in one process, {word}: median "
            f"{statistics.median(values):.1f} ms of CPU, at most {max(values):.1f} ms\n"
        )


def text_of(graph: OfficialGraph) -> str:
    """Return an official graph as the text of a model YAML."""
    rows = [
        f"  - {json.dumps([row.source, row.repeats, row.module, list(row.args)])}\n"
        for row in graph.rows
    ]
    first, last = "".join(rows[: graph.backbone]), "".join(rows[graph.backbone :])
    return f"nc: 80\nanchors: 3\nbackbone:\n{first}head:\n{last}"


def _examples(folder: Path) -> list[Path]:
    found = []
    for graph in official_graphs():
        if graph.name in ("yolov5 v6.0 yolov5l", "yolov7 yolov7", "ultralytics 8.4.190 yolo11"):
            path = folder / f"{graph.name.rpartition(' ')[2]}.yaml"
            path.write_text(text_of(graph), encoding="utf-8")
            found.append(path)
    return list(dict.fromkeys(found))


def _seconds(arguments: list[str], folder: str) -> float:
    start = time.perf_counter()
    command = [sys.executable, "-m", "yamlmod", *arguments]
    subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return time.perf_counter() - start


def _drawing(graph: OfficialGraph) -> tuple[float, float]:
    """Return how long reading a network takes, and drawing it."""
    text = text_of(graph)
    start = time.process_time()
    network = read_network(text, graph.name)
    middle = time.process_time()
    render(Drawing(network, DrawOptions()), "svg")
    return middle - start, time.process_time() - middle


if __name__ == "__main__":
    main()
