"""Folders of runs whose training is the stub."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from yamlmod.study.families.yolov5 import FAMILY
from yamlmod.study.family import TrainCommand
from yamlmod.study.run_files import RunPlan

STUB = Path(__file__).with_name("stub_train.py")


def run_folder(
    home: Path, variant: str = "base", seed: int = 0, options: Mapping[str, object] | None = None
) -> Path:
    """Write one run's folder as `study plan` does."""
    folder = home / f"{variant}-s{seed}"
    folder.mkdir(parents=True)
    wanted = {"epochs": 5, **(options or {})}
    training = TrainCommand("x.yaml", "", seed, str(folder), wanted, str(STUB))
    plan = RunPlan(
        variant=variant,
        seed=seed,
        family="yolov5",
        epochs=int(str(wanted["epochs"])),
        argv=[sys.executable, *FAMILY.start(training)],
        resume=[sys.executable, *FAMILY.resume(training)],
        cwd=str(folder),
        environment={},
        last=FAMILY.last,
        results=list(FAMILY.results),
        gpus=1,
        hashes={},
    )
    (folder / "run.json").write_text(plan.text(), encoding="utf-8")
    return folder


def epochs_trained(folder: Path) -> list[int]:
    """Return every epoch that a process trained, in order, from the stub's own notes."""
    lines = (folder / "trace.txt").read_text(encoding="utf-8").splitlines()
    return [int(line.split()[-1]) for line in lines if " epoch " in line]


def trainings(folder: Path) -> list[int]:
    """Return the process numbers of all trainings of a run."""
    path = folder / "trace.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [int(line.split()[0]) for line in lines if " from " in line]
