"""Add SimAM to a small fork: look at the change, write it to a copy, build and run the copy."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

CLONE = Path(__file__).resolve().parents[1]
FORK = CLONE / "examples" / "minifork"
CFG, LAYER, WIRING = "models/mini.yaml", 24, [17, 20, 24]

# Run in the patched fork, by the fork's own code; yamlmod has no part in it.
BUILD = """
import json, sys
sys.path.insert(0, ".")
import torch
from models.yolo import Model
model = Model(sys.argv[1]).eval()
with torch.no_grad():
    levels = model(torch.zeros(1, 3, 256, 256))
layers = [[m.i, m.f, type(m).__name__] for m in model.model]
print(json.dumps({"layers": layers, "shapes": [list(level.shape) for level in levels]}))
"""


def main() -> int:
    """Run the three steps; the folder of this clone stays as it is."""
    for name in ("yamlmod", "torch"):
        if importlib.util.find_spec(name) is None:
            print(
                f"quickstart: {name} is not installed for {sys.executable}\n"
                f'  in {CLONE} run:  "{sys.executable}" -m pip install ".[torch]"',
                file=sys.stderr,
            )
            return 2
    heading(1, "Preview: what would change")
    add("examples/minifork", CLONE)
    with tempfile.TemporaryDirectory(prefix="yamlmod-") as folder:
        copy = Path(folder) / "minifork"
        shutil.copytree(FORK, copy, ignore=shutil.ignore_patterns("__pycache__"))
        heading(2, "Write it, to a copy in a temporary folder")
        add("minifork", Path(folder), "-w")
        heading(3, "Build the copy with its own code and run a 256x256 image through it")
        return report(build(copy))


def heading(number: int, text: str) -> None:
    """Print the title of a step."""
    print(f"\n== {number}. {text} ==", flush=True)


def add(repo: str, folder: Path, *more: str) -> None:
    """Run `yamlmod add`, showing the command and what it says."""
    words = ["add", "SimAM", "--repo", repo, "--cfg", CFG, "--at", str(LAYER), *more]
    print("$ yamlmod " + " ".join(words) + "\n", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "yamlmod", *words],
        cwd=folder,
        env=quiet(),
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"quickstart: yamlmod failed with exit code {done.returncode}")


def build(copy: Path) -> dict[str, Any]:
    """Return the layers and output shapes of the network that the fork builds."""
    done = subprocess.run(
        [sys.executable, "-c", BUILD, CFG],
        cwd=copy,
        env=quiet(),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit("quickstart: the patched fork did not build and run; see above")
    built: dict[str, Any] = json.loads(done.stdout)
    return built


def report(built: dict[str, Any]) -> int:
    """Print the layers around the new one; return 0 if the head reads what it should."""
    layers = built["layers"]
    print(f"{'layer':>5}  {'from':<13} module")
    for index, source, name in layers[LAYER - 2 :]:
        print(f"{index:>5}  {source!s:<13} {name}" + ("   <- new" if index == LAYER else ""))
    head = layers[-1][1]
    print(f"\n{layers[-1][2]} reads " + ", ".join(f"{i} {layers[i][2]}" for i in head))
    print("its outputs: " + ", ".join("x".join(map(str, shape)) for shape in built["shapes"]))
    if head != WIRING or layers[LAYER][2] != "SimAM":
        print(f"quickstart: expected {WIRING} with SimAM at {LAYER}", file=sys.stderr)
        return 1
    print(f"\nOK: the built network is wired {', '.join(map(str, head))}, as asked for")
    return 0


def quiet() -> dict[str, str]:
    """Return an environment in which Python leaves no byte code in the clone."""
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}


if __name__ == "__main__":
    sys.exit(main())
