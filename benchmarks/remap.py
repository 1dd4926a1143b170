"""Reading a checkpoint against `torch.load`, and the memory of reading and of the whole of `remap`.

    python benchmarks/remap.py REPO [--rounds 25] [--only time|memory]

REPO is a YOLOv5 (7.0 or its package). In half precision its yolov5s.yaml gives a checkpoint of
14 MB, its hub/yolov5l6.yaml one of 150 MB, and one of 300 MB with `model` and `ema`; each in the
zip and the legacy format of torch. Memory is measured on Linux alone.

Time: both readers run in turn in one process that has imported torch and the fork; printed are the
medians of the ratios of a round, with quartiles, of wall and of processor time. `cold` are whole
processes that import torch and read a state dict once, which needs no fork.

Memory: the growth of the peak of the resident set (VmHWM) of a process that has imported torch
and the fork, over the size of the file: with all tensors read and held, and through the whole
of `remap` (build, load, identity check, build, write, read back) with one layer put in.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yamlmod

_SHARED = """
import gc, json, sys, time
asked = json.loads(sys.argv[1])
import torch
from yamlmod.runtime.yamlmod_worker.building.builder import Builder
from yamlmod.runtime.yamlmod_worker.checkpoints.checkpoint import open_checkpoint
from yamlmod.runtime.yamlmod_worker.checkpoints.state import find_state

def ours(path):
    checkpoint = open_checkpoint(path)
    return dict(checkpoint.read(find_state(checkpoint).tensors))

def theirs(path):
    return torch.load(path, map_location="cpu", weights_only=False)

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))

def tell(value):
    sys.stdout.write("ANSWER " + json.dumps(value) + "\\n")
"""
_FORK = """
builder = Builder(asked)
builder.open()
torch.rand(1, 3, 64, 64).sum()
"""
_MAKE = """
for cfg, name, kind in asked["make"]:
    network = builder.build(cfg, None, "Detect").half()
    if kind == "both":
        other = builder.build(cfg, None, "Detect").half()
        content = {"epoch": 3, "model": network, "ema": other, "optimizer": None}
    else:
        content = {"epoch": -1, "model": network} if kind == "one" else network.state_dict()
    for zipped in (True, False):
        path = name + (".pt" if zipped else "-legacy.pt")
        builder.save(content, path, _use_new_zipfile_serialization=zipped)
tell(None)
"""
_TIME = """
rounds = []
for _ in range(asked["rounds"] + 2):
    row = []
    for read in (ours, theirs):
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        held = read(asked["path"])
        row += [time.perf_counter() - wall, time.process_time() - cpu]
        del held
    rounds.append(row)
tell(rounds[2:])
"""
_COLD = """
held = (ours if asked["ours"] else theirs)(asked["path"])
"""
_HELD = """
before = peak()
held = ours(asked["path"])
sum(float(one.float().sum()) for one in held.values())
tell(peak() - before)
"""
_REMAP = """
from yamlmod.runtime.yamlmod_worker.remap import answer as remapping
before = peak()
answer = remapping.answer(asked, lambda part: None)
tell([peak() - before, answer["right"][0], answer["tensors"], answer["identity"]["error"]])
"""


def main() -> None:
    """Make the checkpoints, measure, and print."""
    parser = argparse.ArgumentParser(description="Reading checkpoints, and the memory of remap.")
    parser.add_argument("repo", type=Path)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--only", choices=("time", "memory"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        bench = _Bench(options.repo.resolve(), Path(name))
        if options.only != "memory":
            bench.times(options.rounds)
        if options.only != "time":
            bench.memory()


class _Bench:
    def __init__(self, repo: Path, folder: Path) -> None:
        self.repo, self.folder = repo, folder
        package = (repo / "__init__.py").is_file()
        self.asked = {
            "folder": str(repo.parent if package else repo),
            "module": f"{repo.name}.models.yolo" if package else "models.yolo",
            "fork": str(repo),
            "stand_ins": True,
        }

    def run(self, *parts: str, **asked: Any) -> Any:
        """Run a script in a process of its own, and return what it tells."""
        words = [
            sys.executable,
            "-c",
            _SHARED + "".join(parts),
            json.dumps({**self.asked, **asked}),
        ]
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, check=False)
        lines = [line for line in done.stdout.splitlines() if line.startswith("ANSWER ")]
        if done.returncode or (not lines and parts[-1] is not _COLD):
            raise SystemExit(done.stderr[-2000:])
        return json.loads(lines[-1].removeprefix("ANSWER ")) if lines else None

    def made(self, cfg: str, name: str, kind: str) -> list[Path]:
        """Build and save a network; return the file of each format."""
        self.run(_FORK, _MAKE, make=[[str(self.repo / "models" / cfg), name, kind]])
        return [self.folder / f"{name}{end}.pt" for end in ("", "-legacy")]

    def times(self, rounds: int) -> None:
        """Print the ratios of the readers."""
        for path in self.made("yolov5s.yaml", "s", "one"):
            rows = self.run(_FORK, _TIME, path=str(path), rounds=rounds)
            _tell(f"{_named(path)}, wall time", [row[0] / row[2] for row in rows])
            _tell(f"{_named(path)}, processor time", [row[1] / row[3] for row in rows])
        for path in self.made("yolov5s.yaml", "state", "state"):
            ratios = []
            for _ in range(max(rounds // 3, 3)):
                cost = [self._cold(path, ours) for ours in (True, False)]
                ratios.append(cost[0] / cost[1])
            _tell(f"{_named(path)}, cold, processor time of the process", ratios)

    def _cold(self, path: Path, ours: bool) -> float:
        import resource

        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.run(_COLD, path=str(path), ours=ours)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def memory(self) -> None:
        """Print the growth of memory over the size of the file."""
        base = self.repo / "models" / "hub" / "yolov5l6.yaml"
        new = self.folder / "new.yaml"
        model = yamlmod.load(base.read_text(encoding="utf-8"))
        new.write_text(model.insert("nn.Identity", after=(9,), args=[]).to_text(), encoding="utf-8")
        layers = len(model.layers)
        asked = {
            "from": str(base),
            "to": str(new),
            "old_layers": layers,
            "new_layers": layers + 1,
            "head": "Detect",
            "pairs": [[i, i + (i > 9)] for i in range(layers)],
            "classes": None,
            "new_classes": None,
            "data_classes": None,
            "joints": [],
            "identity": {"fills": {}, "cannot": [], "reason": ""},
            "out": str(self.folder / "out.pt"),
        }
        for kind in ("one", "both"):
            for path in self.made("hub/yolov5l6.yaml", kind, kind):
                size = path.stat().st_size
                held = self.run(_FORK, _HELD, path=str(path))
                grown, right, tensors, error = self.run(_FORK, _REMAP, weights=str(path), **asked)
                assert right == tensors
                sys.stdout.write(
                    f"{_named(path)}: reading {held / size:.2f}, remap {grown / size:.2f} of the "
                    f"file; {tensors} tensors right, identity {error:.0e}\n"
                )
                path.unlink()


def _named(path: Path) -> str:
    return f"{path.name} ({path.stat().st_size / 1e6:.0f} MB)"


def _tell(what: str, ratios: list[float]) -> None:
    low, middle, high = statistics.quantiles(ratios, n=4)
    sys.stdout.write(f"{what}: {middle:.2f} ({low:.2f} to {high:.2f})\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
