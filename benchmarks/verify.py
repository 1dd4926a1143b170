"""`yamlmod verify` of 24 networks against building and running them by hand in one script.

    python benchmarks/verify.py REPO [--rounds 5]

REPO is a fork such as YOLOv5 7.0; SE is patched into a copy of it and put behind each of the 24
layers of yolov5s. Each round runs, in turn, one process each:

- `yamlmod verify REPO` with the 24 YAMLs and --base,
- a script that does the same by hand: builds each, trains and evaluates it at the same three sizes,
  copies, pickles, halves and fuses it and runs each of these, and compares nothing,
- a script that only builds each, and runs it once forward and backward and once in evaluation, at
  640 pixels, the forks' own size.

Printed are the medians of the per-round ratios, with their quartiles.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

_ROOT = Path(__file__).resolve().parent.parent
_IMPORT = """\
import copy, io, os, sys
import torch
from yamlmod.runtime.yamlmod_worker.building.builder import Builder
folder, module, fork, *cfgs = sys.argv[1:]
builder = Builder({"folder": folder, "module": module, "fork": fork, "stand_ins": True})
builder.open()
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

def tensors(found):
    return [found] if hasattr(found, "shape") else [t for part in found for t in tensors(part)]

def train(model, height, width):
    for p in model.parameters():
        p.grad = None
    found = tensors(model.train()(torch.rand(1, 3, height, width)))
    sum((t * torch.rand_like(t)).sum() for t in found).backward()

def run(model, height, width, kind=torch.float32):
    with torch.no_grad():
        return tensors(model.eval()(torch.rand(1, 3, height, width).to(kind)))
"""
_SAME = (
    _IMPORT
    + """
for cfg in cfgs:
    model = builder.make(cfg, None, "Detect")
    for size in ((256, 256), (96, 96), (96, 96), (96, 96), (128, 224)):
        train(model, *size)
    for size in ((256, 256), (96, 96), (128, 224)):
        run(model, *size)
    run(model, 96, 96)
    run(copy.deepcopy(model), 96, 96)
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    run(torch.load(file, weights_only=False), 96, 96)
    run(copy.deepcopy(model).bfloat16(), 96, 96, torch.bfloat16)
    run(copy.deepcopy(model).half(), 96, 96, torch.float16)
    run(copy.deepcopy(model).eval().fuse(), 96, 96)
    print(cfg, file=out)
"""
)
_PLAIN = (
    _IMPORT
    + """
for cfg in cfgs:
    model = builder.make(cfg, None, "Detect")
    train(model, 640, 640)
    run(model, 640, 640)
    print(cfg, file=out)
"""
)


class Cost(NamedTuple):
    """What one process took, its children included: seconds on the clock and of the CPU."""

    wall: float
    cpu: float

    def over(self, other: Cost) -> Cost:
        """Return the ratios to another process."""
        return Cost(self.wall / other.wall, self.cpu / other.cpu)


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description="verify against a script made by hand.")
    parser.add_argument("repo", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    same: list[Cost] = []
    plain: list[Cost] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        where, cfgs = _prepare(folder, options.repo.resolve())
        fork, base = where[2], cfgs[0]
        verify = ["-m", "yamlmod", "verify", fork, *cfgs[1:], "--base", base]
        for _ in range(options.rounds):
            own = _cost(verify, folder)
            same.append(own.over(_cost(["-c", _SAME, *where, *cfgs[1:]], folder)))
            plain.append(own.over(_cost(["-c", _PLAIN, *where, *cfgs[1:]], folder)))
    sys.stdout.write("`yamlmod verify` of 24 networks, median (quartiles) of the ratios to\n")
    _tell("the same passes by hand", same)
    _tell("building, one pass in training and one in evaluation at 640", plain)
    each = own.wall / 24, own.cpu / 24
    sys.stdout.write(f"  verify itself: {each[0]:.2f} s, {each[1]:.2f} s of the CPU a network\n")


def _prepare(folder: Path, repo: Path) -> tuple[list[str], list[str]]:
    """Copy and patch the fork; return where it is, and the YAMLs, the base first."""
    sys.path.insert(0, str(_ROOT))
    import yamlmod
    from yamlmod.usecases.fork_run import open_run

    fork = folder / repo.name
    shutil.copytree(repo, fork)
    words = ["-m", "yamlmod", "patch", str(fork), "SE", "-w"]
    subprocess.run([sys.executable, *words], check=True, cwd=_ROOT, capture_output=True)
    base = fork / "models" / "yolov5s.yaml"
    model = yamlmod.load(base.read_text(encoding="utf-8"))
    cfgs = [str(base)]
    for after in range(24):
        path = folder / f"{after}.yaml"
        path.write_text(model.insert("SE", after=[after]).to_text(), encoding="utf-8")
        cfgs.append(str(path))
    where = open_run(fork, None, True).where
    return [where["folder"], where["module"], where["fork"]], cfgs


def _cost(arguments: list[str], folder: Path) -> Cost:
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True
    )
    if done.returncode or not done.stdout:
        told = done.stdout.decode() + done.stderr.decode("utf-8", "replace")[-2000:]
        raise SystemExit(f"{arguments[:3]} ended with {done.returncode}: {told}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.perf_counter() - start, cpu)


def _tell(what: str, ratios: list[Cost]) -> None:
    for name in Cost._fields:
        values = [getattr(one, name) for one in ratios]
        low, middle, high = statistics.quantiles(values, n=4) if len(values) > 1 else values * 3
        sys.stdout.write(f"  {name:4}  {middle:5.2f}  ({low:.2f} to {high:.2f})  {what}\n")


if __name__ == "__main__":
    main()
