"""`yamlmod verify` of 24 networks against building and running them by hand in one script.

    python benchmarks/verify.py REPO [--rounds 5]

REPO is a fork such as YOLOv5 7.0; SE is patched into a copy of it and put behind each of the 24
layers of yolov5s. Each round runs, in turn, one process each:

- `yamlmod verify REPO` with the 24 YAMLs and --base,
- a script that does the same by hand: builds each, trains and evaluates it at the same three sizes,
  copies, pickles, halves and fuses it and runs each of these, and compares nothing,
- a script that only builds each, and runs it once forward and backward and once in evaluation, at
  640 pixels, the forks' own size.

Printed are the medians of the per-round ratios of time on the clock, with their quartiles: the
processor time of a worker is not counted to the process that began it. So nothing else may run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description="verify against a script made by hand.")
    parser.add_argument("repo", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    same: list[float] = []
    plain: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        where, cfgs = _prepare(folder, options.repo.resolve())
        fork, base = where[2], cfgs[0]
        verify = ["-m", "yamlmod", "verify", fork, *cfgs[1:], "--base", base]
        for _ in range(options.rounds):
            own = _seconds(verify, folder)
            same.append(own / _seconds(["-c", _SAME, *where, *cfgs[1:]], folder))
            plain.append(own / _seconds(["-c", _PLAIN, *where, *cfgs[1:]], folder))
    sys.stdout.write("`yamlmod verify` of 24 networks, median (quartiles) of the ratios to\n")
    _tell("the same passes by hand", same)
    _tell("building, one pass in training and one in evaluation at 640", plain)
    sys.stdout.write(f"  verify itself: {own / 24:.2f} s a network\n")


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


def _seconds(arguments: list[str], folder: Path) -> float:
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True
    )
    if done.returncode or not done.stdout:
        told = done.stdout.decode() + done.stderr.decode("utf-8", "replace")[-2000:]
        raise SystemExit(f"{arguments[:3]} ended with {done.returncode}: {told}")
    return time.perf_counter() - start


def _tell(what: str, ratios: list[float]) -> None:
    low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    sys.stdout.write(f"  {middle:5.2f}  ({low:.2f} to {high:.2f})  {what}\n")


if __name__ == "__main__":
    main()
