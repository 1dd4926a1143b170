"""Sweeps `remap` over the places of a network, judged by the fork's own loading code.

    python -m tools.checkpoints FOLDER [--fork SPEC] [--cfg CFG] [--every N]

FOLDER is an empty folder to work in. SPEC is a fork that the tests know, yolov5==7.0.14 if left
out; CFG is one of its YAMLs or any other, yolov5s.yaml if left out. An LSKA is put behind every
Nth layer, each, and behind three at once.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import yamlmod
from tests.runtime.bench import FORCE, Bench, wanted_state


def main() -> int:
    """Remap at each of the places and at three at once, and count what landed where."""
    parser = argparse.ArgumentParser(description="Sweep remap over the places of a network.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fork", default="yolov5==7.0.14")
    parser.add_argument("--cfg", default="yolov5s.yaml")
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    folder = options.folder.resolve()
    cfg = Path(options.cfg)
    bench = Bench(folder, cfg.resolve() if cfg.is_file() else options.cfg, options.fork)
    layers = len(yamlmod.load(bench.base_yaml.read_text(encoding="utf-8")).layers) - 1
    places = [(place,) for place in range(0, layers, options.every)]
    places.append((2, layers // 3, layers - 1))
    right = identical = 0
    for after in places:
        done = _one(bench, after)
        right += done[0]
        identical += done[1]
    sys.stdout.write(
        f"{options.fork} {cfg.name}: {right} of {len(places)} with every tensor in its layer, "
        f"{identical} with the base's outputs\n"
    )
    return 0 if right == identical == len(places) else 1


def _one(bench: Bench, after: tuple[int, ...]) -> tuple[bool, bool]:
    name = "-".join(map(str, after))
    cfg, out = bench.edited(f"{name}.yaml", "LSKA", after), bench.folder / f"{name}.pt"
    done = bench.remap(cfg, "-o", out, "--init", "identity", "--json", "--force")
    told = json.loads(done.out)
    if done.code:
        sys.stdout.write(f"{name}: {told}\n")
        return False, False
    loaded = bench.ask({"pairs": [[str(out), str(cfg)]]}, **FORCE)["loaded"][0]
    out.unlink()
    wanted = wanted_state(bench.state, after)
    there = sum(loaded["state"].get(key) == digest for key, digest in wanted.items())
    line = "Transferred {}/{} ".format(*told["expected"])
    as_told = any(line in one + " " for one in loaded["log"])
    share = told["stock"]["right"][1] / told["parameters"]
    wrong = told["stock"]["wrong"][0]
    error = told["identity"]["error"]
    sys.stdout.write(
        f"{name}: {there} of {len(wanted)} right, {line}{'as told' if as_told else 'NOT SAID'}; "
        f"stock {share:.1%}, {wrong} wrong, identity {error}\n"
    )
    sys.stdout.flush()
    return there == len(wanted) and as_told, error is not None and error <= 1e-5


if __name__ == "__main__":
    raise SystemExit(main())
