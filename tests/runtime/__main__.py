"""Sweeps `remap` over every place of yolov5s 7.0.14, judged by its own train.py.

python -m tests.runtime FOLDER    an empty folder to work in
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.runtime.bench import FORCE, Bench, wanted_state


def main(folder: Path) -> int:
    """Remap at each of the 24 places and at three at once, and count what landed where."""
    bench = Bench(folder, "yolov5s.yaml")
    places = [*((place,) for place in range(24)), (2, 8, 23)]
    pairs = []
    for after in places:
        name = "-".join(map(str, after))
        cfg, out = bench.edited(f"{name}.yaml", "LSKA", after), folder / f"{name}.pt"
        done = bench.remap(cfg, "-o", out, "--init", "identity", "--json", "--force")
        told = json.loads(done.out)
        if done.code:
            sys.stdout.write(f"{name}: {told}\n")
            return 1
        share = told["stock"]["right"][1] / told["parameters"]
        wrong = told["stock"]["wrong"][0]
        error = told["identity"]["error"]
        sys.stdout.write(f"{name}: stock {share:.1%}, {wrong} wrong, identity {error:.1e}\n")
        sys.stdout.flush()
        pairs.append([str(out), str(cfg)])
    right = 0
    loaded = bench.ask({"pairs": pairs}, **FORCE)["loaded"]
    for after, one in zip(places, loaded, strict=True):
        wanted = wanted_state(bench.state, after)
        there = sum(one["state"].get(name) == digest for name, digest in wanted.items())
        right += there == len(wanted)
    sys.stdout.write(f"{right} of {len(places)} with every tensor in its layer\n")
    return 0 if right == len(places) else 1


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
