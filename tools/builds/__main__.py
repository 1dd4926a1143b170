"""Build every model YAML of every fork with the fork's own code, and compare with the reading.

    python -m tools.builds DIR... [--damage N] [--jobs 2] [--sample N] [--scales] [--markdown FILE]

DIR is a fork, or a folder of forks (folders, wheels, sdists). The truth is kept in --cache, so a
second run costs only the reading. A case is one YAML at one scale (--scales: at each). With
--damage each YAML is damaged N times by a generator with a seed. One table comes out: rows exact,
unknown and wrong; builds predicted to fail that do, that do not (false), and failures that were
not predicted (missed).
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

from tools.builds.compare import Tally, compare
from tools.builds.corpus import Case, Source, cases, sources
from tools.builds.damage import damaged
from tools.real_forks import fork_folder
from yamlmod.fork.parser.locate import graph_of, read_function
from yamlmod.fork.read.network import ForkReader
from yamlmod.usecases.fork_run import module_of
from yamlmod.workspace.files import real_path

_CACHE = Path.home() / ".cache" / "yamlmod" / "builds"
_COLUMNS = (
    "cases", "rows", "rows exact", "rows unknown", "rows wrong", "builds", "false", "fails",
    "predicted", "missed", "right layer", "right kind", "outputs right", "outputs unknown",
    "outputs wrong",
)  # fmt: skip


def main(words: Sequence[str] | None = None) -> int:
    """Work through the forks and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--damage", type=int, default=0)
    parser.add_argument("--only-damage", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--sample", type=int, default=0, help="at most so many YAMLs of a fork")
    parser.add_argument("--scales", action="store_true", help="every scale, and not one of them")
    parser.add_argument("--cache", type=Path, default=_CACHE)
    parser.add_argument("--lines", action="store_true", help="a line for every difference")
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args(words)
    total = Tally()
    table: dict[str, Tally] = {}
    found = list(_named(options))
    with ProcessPoolExecutor(options.jobs) as pool:
        for name, tally in pool.map(_work, [(path, options) for path in found]):
            table[name] = tally
            total.add(tally)
            print(f"{name}: {_summary(tally)}", flush=True)
            if options.lines:
                print("\n".join(f"  {line}" for line in tally.lines), flush=True)
    print(f"total: {_summary(total)}")
    if options.markdown:
        options.markdown.write_text(markdown(table, total), encoding="utf-8", newline="\n")
    return 0


def _named(options: argparse.Namespace) -> Iterator[Path]:
    from tools.builds.corpus import is_fork

    for path in options.folders:
        yield from [path] if is_fork(path) else sorted(path.iterdir())


def _work(job: tuple[Path, argparse.Namespace]) -> tuple[str, Tally]:
    """Compare all cases of one fork."""
    path, options = job
    tally = Tally()
    for source in sources([path], options.cache):
        if isinstance(source, str):
            tally.lines.append(f"REFUSED {source}")
            tally.counts["refused"] += 1
            continue
        chosen = list(_chosen(source, options))
        truths = truth_of(source, chosen, options.cache)
        reader = reader_of(source)
        for case in chosen:
            _one(reader, source, case, truths, tally)
    return path.name, tally


def _chosen(source: Source, options: argparse.Namespace) -> Iterator[Case]:
    by_name: dict[str, list[Case]] = defaultdict(list)
    for case in cases(source):
        by_name[case.name].append(case)
    names = list(by_name)
    if options.sample and len(names) > options.sample:
        step = len(names) / options.sample
        names = [names[int(place * step)] for place in range(options.sample)]
    classes = sorted({row[2] for items in by_name.values() for row in _rows(items[0])})
    for name in names:
        for case in by_name[name] if options.scales else by_name[name][:1]:
            if not options.only_damage:
                yield case
            for number in range(options.damage):
                yield damaged(case, classes, options.seed * 1000 + number)


def _rows(case: Case) -> list[list[Any]]:
    rows = [*case.data["backbone"], *case.data["head"]]
    return [row for row in rows if isinstance(row[2], str)]


def reader_of(source: Source) -> ForkReader:
    """Return the reader of a fork."""
    fork = source.fork
    return ForkReader(graph_of(fork.modules), fork.yolo, fork.function.name)


def _one(
    reader: ForkReader, source: Source, case: Case, truths: dict[str, Any], tally: Tally
) -> None:
    truth = truths.get(case.key(source.name))
    if truth is None or "lost" in truth:
        tally.counts["lost"] += 1
        return
    start = time.perf_counter()
    reading = reader.read(case.data, case.scale)
    tally.seconds.append(time.perf_counter() - start)
    title = f"{source.name} {case.name} {case.scale} {case.damage}".strip()
    compare(title, reading, truth, tally)


def truth_of(source: Source, chosen: list[Case], cache: Path) -> dict[str, Any]:
    """Return what the fork itself does with the cases, from the cache where it is there."""
    folder = cache / "truth" / source.name
    folder.mkdir(parents=True, exist_ok=True)
    keys = {case.key(source.name): case for case in chosen}
    missing = [(k, c.data, c.head) for k, c in keys.items() if not (folder / f"{k}.json").is_file()]
    if missing and not (folder / "refused.json").is_file():
        _build(source, missing, folder)
    out = {}
    for key in keys:
        file = folder / f"{key}.json"
        if file.is_file():
            out[key] = json.loads(file.read_text(encoding="utf-8"))
    return out


def _build(source: Source, jobs: list[tuple[str, Any, str]], answers: Path) -> None:
    folder, module = module_of(source.tree, source.fork)
    names = read_function(source.tree, source.fork).names
    question = {
        "folder": str(folder),
        "module": module,
        "fork": str(real_path(source.root)),
        "stand_ins": True,
        "function": source.fork.function.name,
        "names": {"index": names.index, "module": names.module, "args": names.args, "ch": names.ch},
    }
    with tempfile.TemporaryDirectory(prefix="yamlmod-builds-") as name:
        scratch = Path(name)
        (scratch / "question.json").write_text(json.dumps(question), encoding="utf-8")
        (scratch / "jobs.pickle").write_bytes(pickle.dumps(jobs))
        command = [sys.executable, "-m", "tools.builds.truth", str(scratch / "question.json")]
        command += [str(scratch / "jobs.pickle"), str(answers)]
        here = str(Path(__file__).parent.parent.parent)
        paths = [here]
        if not module.startswith("ultralytics"):
            # The newest YOLOv5 and YOLOv3 take some functions from this package.
            paths.append(str(fork_folder("ultralytics==8.4.190").parent))
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
        env.update(OMP_NUM_THREADS="1", YOLO_VERBOSE="false", YOLO_OFFLINE="true")
        done = subprocess.run(command, cwd=here, env=env, capture_output=True, check=False)
        if done.returncode:
            print(f"{source.name}: {done.stderr.decode(errors='replace')[-600:]}", file=sys.stderr)


def _summary(tally: Tally) -> str:
    parts = [f"{tally.counts[word]} {word}" for word in _COLUMNS if tally.counts[word]]
    parts += [
        f"{tally.counts[word]} {word}"
        for word in ("lost", "left out", "refused", "rows unread")
        if tally.counts[word]
    ]
    if tally.seconds:
        times = sorted(tally.seconds)
        most = times[int(len(times) * 0.95)] if len(times) > 1 else times[-1]
        parts.append(f"median {median(times) * 1000:.0f} ms, 95 % {most * 1000:.0f} ms")
    return ", ".join(parts) or "nothing"


def markdown(table: dict[str, Tally], total: Tally) -> str:
    """Return the table of a run."""
    head = "| fork | " + " | ".join(_COLUMNS) + " |"
    lines = [head, "|" + "--|" * (len(_COLUMNS) + 1)]
    for name, tally in [*table.items(), ("total", total)]:
        cells = [str(tally.counts[word]) for word in _COLUMNS]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
