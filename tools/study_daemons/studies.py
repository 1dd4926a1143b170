"""Small studies for trials: stand-ins that checkpoint and resume, or minifork's own training."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.study.folders import run_folder
from yamlmod.study.plan_files import StudyPlan, VariantFacts, write_study_plan

_ROOT = Path(__file__).parents[2]
_STUDY = """\
study: daemons
repo: minifork
base: minifork/models/mini.yaml
train: {data: data.yaml, epochs: 4, imgsz: 64, batch-size: 16}
seeds: %d
components:
  se: {insert: SE, after: P3}
"""
_DATA = "seed: 0\ntrain: 48\nval: 16\nnc: 4\nnames: [square, disc, triangle, cross]\n"


def stub_study(folder: Path, runs: int, epochs: int, seconds: float) -> Path:
    """Write a study whose trainings only wait, write rows and checkpoints."""
    seeds = list(range(runs))
    options = {"epochs": epochs, "seconds": seconds}
    names = [run_folder(folder / "runs", "base", seed, options).name for seed in seeds]
    facts = VariantFacts("base", (), "", "", "x.yaml", epochs)
    write_study_plan(folder, StudyPlan("trial", "yolov5", (), seeds, (facts,), names))
    return folder


def minifork_study(folder: Path, seeds: int) -> Path:
    """Plan a study of two variants of the example fork, with few images."""
    home = folder.with_name(f"{folder.name}-of")
    shutil.copytree(_ROOT / "examples" / "minifork", home / "minifork")
    (home / "study.yaml").write_text(_STUDY % seeds, encoding="utf-8")
    (home / "data.yaml").write_text(_DATA, encoding="utf-8")
    # Latency is measured when a study is planned, and differs from time to time.
    words = ("-o", str(folder), "--python", sys.executable, "--no-time")
    yamlmod("plan", str(home / "study.yaml"), *words)
    return folder


def trial_study(folder: Path, stub: bool, seeds: int = 2) -> Path:
    return stub_study(folder, 2 * seeds, 10, 0.8) if stub else minifork_study(folder, seeds)


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "yamlmod", "study", *words]


def yamlmod(*words: str) -> str:
    done = subprocess.run(command(*words), capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stderr.decode()}")
    return done.stdout.decode()


def driver(
    folder: Path, words: Sequence[str], more: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start `study run`; what it says goes to a file beside the study."""
    with folder.with_name(f"{folder.name}.log").open("ab") as log:
        return subprocess.Popen(
            command("run", str(folder), *words),
            stdout=log,
            stderr=log,
            env={**os.environ, **(more or {})},
        )
