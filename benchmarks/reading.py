"""The processor time of reading a network with a fork's code, against parsing the files read.

    python benchmarks/reading.py FORK... [--every 1] [--rounds 3]

Each model YAML of each FORK (a folder) is read at each of its scales, in this process. The first
one opens the files it needs and is apart. Of several rounds the best time of each counts: the
machine may be shared. The floor is ast.parse of the fork's files that were read, once each, in the
same process. Prints the median, the 95th percentile and the longest, in milliseconds and in floors.
"""

from __future__ import annotations

import argparse
import ast
import sys
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))

from tools.builds.__main__ import reader_of
from tools.builds.corpus import Case, sources
from tools.builds.corpus import cases as cases_of
from yamlmod.fork.read.network import ForkReader


def main() -> int:
    """Read every network and print a line for each fork, and one for all."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("forks", type=Path, nargs="+")
    parser.add_argument("--every", type=int, default=1, help="each so-manieth YAML and scale only")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    everything: list[float] = []
    firsts: list[float] = []
    for source in sources(options.forks, Path("unused")):
        if isinstance(source, str):
            sys.stdout.write(f"refused: {source}\n")
            continue
        chosen = list(cases_of(source))[:: options.every]
        if not chosen:
            continue
        reader = reader_of(source)
        first = _time(reader, chosen[0])
        times = [min(_time(reader, case) for _ in range(options.rounds)) for case in chosen]
        everything += times
        firsts.append(first)
        sys.stdout.write(f"{source.name}: {_line(times)}, first {first * 1e3:.0f} ms")
        sys.stdout.write(f", floor {_floor(reader) * 1e3:.0f} ms\n")
        sys.stdout.flush()
    if everything:
        sys.stdout.write(f"all: {_line(everything)}, first at most {max(firsts) * 1e3:.0f} ms\n")
    return 0


def _time(reader: ForkReader, case: Case) -> float:
    start = time.process_time()
    reader.read_anew(case.data, case.scale)
    return time.process_time() - start


def _floor(reader: ForkReader) -> float:
    """Return the time of parsing the files that the reader has opened."""
    files = [reader.source(path) for path in reader.graph.parsed.paths()]
    texts = [ast.unparse(file.tree) for file in files if file is not None]
    best = 0.0
    for _ in range(3):
        start = time.process_time()
        for text in texts:
            ast.parse(text)
        took = time.process_time() - start
        best = min(best or took, took)
    return best


def _line(times: list[float]) -> str:
    times = sorted(times)
    high = times[min(int(len(times) * 0.95), len(times) - 1)]
    return (
        f"{len(times)} networks, median {median(times) * 1e3:.0f} ms, 95 % {high * 1e3:.0f} ms, "
        f"longest {times[-1] * 1e3:.0f} ms"
    )


if __name__ == "__main__":
    sys.exit(main())
