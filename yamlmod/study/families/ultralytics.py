"""The ultralytics package: what `yolo detect train` does, from the frozen code."""

from __future__ import annotations

from yamlmod.study.family import Family, TrainCommand, below, option_words
from yamlmod.study.results import EpochRow, rows_of_csv

_COLUMNS = tuple(f"metrics/{name}(B)" for name in ("precision", "recall", "mAP50", "mAP50-95"))
_LAST = "train/weights/last.pt"
# `yolo` itself, by the Python that the study names: the command of that name may be another's.
_YOLO = """\
import sys
sys.argv[0] = "yolo"
try:
    from ultralytics.cfg import entrypoint
except ImportError:
    try:
        from ultralytics.yolo.cfg import entrypoint
    except ImportError:  # 8.0.0, which hydra starts
        from ultralytics.yolo.cli import cli as entrypoint
        sys.argv[1:3] = ["task=detect", "mode=train"]
entrypoint()
"""


def _start(training: TrainCommand) -> list[str]:
    set_by_us = {
        "model": training.cfg,
        "pretrained": training.weights or False,
        **({} if training.seed is None else {"seed": training.seed}),
        "project": training.run,
        "name": "train",
        "exist_ok": True,
    }
    return ["-c", _YOLO, "detect", "train", *option_words(set_by_us | dict(training.options), True)]


def _resume(training: TrainCommand) -> list[str]:
    last = below(training.run, _LAST)
    return ["-c", _YOLO, "detect", "train", "resume=True", f"model={last}"]


def _read(text: str) -> list[EpochRow]:
    return rows_of_csv(text, _COLUMNS, first_epoch=None)


FAMILY = Family(
    name="ultralytics",
    dialects=("ultralytics",),
    script="",
    start=_start,
    resume=_resume,
    results={"train/results.csv": _read},
    last=_LAST,
    best={"mAP50": 0.0, "mAP50-95": 1.0},
    own=(
        "model",
        "pretrained",
        "seed",
        "project",
        "name",
        "exist_ok",
        "resume",
        "device",
        "save",
        "cfg",
        "mode",
        "task",
    ),
    needs={
        "val": "a study reads the metrics of every epoch",
        "time": "the number of epochs would depend on the machine",
    },
    columns=_COLUMNS,
    probe={"epochs": 2, "imgsz": 64, "batch": 4, "plots": False, "amp": False, "val": False},
)
