"""Planning without parsing: how it grows with the rows, and many variants of one model.

    python benchmarks/planning.py CFG [--rounds 15]

Linearity: `plan_insert` and `plan_remove` on 10,000 rows against 1,000 rows of a made-up net, both
read beforehand; with one place, and with a place at every tenth row. CPU time of the process. The
garbage collector is set as the command line sets it and leaves out what was read, or its rounds
over both models would be measured.

Variants: insertions of one layer at every place of CFG in turn, from the words of the command to
the new text, against loading, editing and dumping the same file with ruamel.yaml (round trip),
where the edit is a bare insertion into the list that renumbers nothing. The proof is counted
without its parse of the new text. Printed are medians of per-round ratios with their quartiles.
"""

from __future__ import annotations

import argparse
import gc
import io
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from ruamel.yaml import YAML

from yamlmod.model.network import Network
from yamlmod.model.parse import load_plain
from yamlmod.ops.network import read_network
from yamlmod.ops.operations.insert.plan import plan_insert
from yamlmod.ops.operations.insert.request import Request
from yamlmod.ops.operations.remove.plan import plan_remove
from yamlmod.ops.outcome import Outcome
from yamlmod.ops.positions import resolve_positions
from yamlmod.ops.proof import compare


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description="Planning without parsing.")
    parser.add_argument("cfg", type=Path)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    say(f"ratio: median (quartiles) of {options.rounds} rounds")
    linearity(options.rounds)
    variants(options.cfg, options.rounds)


def linearity(rounds: int) -> None:
    """Print how much longer 10,000 rows take than 1,000."""
    small, large = (read_network(net(count), "net.yaml") for count in (1_000, 10_000))
    gc.set_threshold(50_000, 20, 50)
    gc.collect()
    gc.freeze()
    jobs: dict[str, Callable[[Network], object]] = {
        "insert at one place": lambda model: insertion(model, [rows(model) // 2]),
        "insert behind every tenth row": lambda model: insertion(model, range(0, rows(model), 10)),
        "remove one layer": lambda model: plan_remove(model, [rows(model) // 2 + 1]),
    }
    for name, job in jobs.items():
        ratios = [
            seconds(partial(job, large)) / seconds(partial(job, small), 5) for _ in range(rounds)
        ]
        report(f"10,000 rows / 1,000 rows, {name}", ratios)


def variants(cfg: Path, rounds: int) -> None:
    """Print how many more variants a second are planned than ruamel.yaml writes."""
    text = cfg.read_text(encoding="utf-8")
    model = read_network(text, cfg.name)
    plain = load_plain(text, cfg.name)
    places = range(1, rows(model))
    outcomes = [insertion(model, [place]) for place in places]
    parsed = [load_plain(outcome.text, cfg.name) for outcome in outcomes]

    def planned() -> None:
        for place in places:
            insertion(model, [place])

    def proven() -> None:
        for place, data in zip(places, parsed, strict=True):
            compare(plain, data, cfg.name, insertion(model, [place]).steps)

    def round_trips() -> None:
        for place in places:
            round_trip(text, place)

    pairs = [(seconds(round_trips), seconds(planned), seconds(proven)) for _ in range(rounds)]
    count = len(places)
    for name, column in (("planned", 1), ("planned and proven, without the parse", 2)):
        report(
            f"variants of {cfg.name} a second, {name} / ruamel.yaml load, edit, dump",
            [pair[0] / pair[column] for pair in pairs],
            f"{count / statistics.median(p[column] for p in pairs):,.0f} "
            f"against {count / statistics.median(p[0] for p in pairs):,.0f} a second",
        )


def insertion(model: Network, places: Iterable[int]) -> Outcome:
    """Plan an insertion from the words of the command to the new text."""
    return plan_insert(model, Request("XAttention", tuple(resolve_positions(model, [*places])), []))


def round_trip(text: str, place: int) -> str:
    """Insert a row with ruamel.yaml, as a script would, and return the dump."""
    yaml = YAML(typ="rt", pure=True)
    data = yaml.load(text)
    table, position = data["backbone"], place
    if place >= len(table):
        position -= len(table)
        table = data["head"]
    table.insert(position, [-1, 1, "XAttention", []])
    stream = io.StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()


def net(count: int) -> str:
    """Return a model YAML of ``count`` rows with long and short references, all of them alive."""
    lines = []
    for index in range(count - 1):
        source = "-1"
        if index % 7 == 6:
            source = f"[-1, {index - 5}]"
        elif index % 11 == 10:
            source = f"[-1, {index // 2}]"
        name = "Concat" if "[" in source else "C3"
        lines.append(f"   [{source}, 1, {name}, [64]],  # {index}\n")
    half = count // 2
    backbone, head = "".join(lines[:half]), "".join(lines[half:])
    return (
        f"nc: 4\nbackbone:\n  [\n{backbone}  ]\nhead:\n  [\n{head}"
        f"   [[{half}, {count - 2}], 1, Detect, [nc]],\n  ]\n"
    )


def rows(model: Network) -> int:
    """Return the number of layers."""
    return len(model.document.rows)


def seconds(job: Callable[[], object], repeats: int = 1) -> float:
    """Return how long ``job`` takes."""
    start = time.process_time()
    for _ in range(repeats):
        job()
    return (time.process_time() - start) / repeats


def report(name: str, ratios: list[float], remark: str = "") -> None:
    """Print one line."""
    low, middle, high = statistics.quantiles(ratios, n=4)
    say(f"  {name}: {middle:.1f}  ({low:.1f} to {high:.1f})" + (f"; {remark}" if remark else ""))


def say(line: str) -> None:
    """Write a line."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
