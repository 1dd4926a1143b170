"""YOLOv3, YOLOv5, YOLOv7 and YOLOv9: a train.py with options, one process a run."""

from __future__ import annotations

from yamlmod.study.family import Family, TrainCommand, below, option_words
from yamlmod.study.results import EpochRow, rows_of_csv, rows_of_text

_COLUMNS = ("metrics/precision", "metrics/recall", "metrics/mAP_0.5", "metrics/mAP_0.5:0.95")
_LAST = "train/weights/last.pt"


def _start(training: TrainCommand) -> list[str]:
    return [
        training.script,
        *("--cfg", training.cfg, "--weights", training.weights),
        *([] if training.seed is None else ["--seed", str(training.seed)]),
        *("--project", training.run, "--name", "train", "--exist-ok"),
        *option_words(training.options, joined=False),
    ]


def _resume(training: TrainCommand) -> list[str]:
    return [training.script, "--resume", below(training.run, _LAST)]


def _read_csv(text: str) -> list[EpochRow]:
    return rows_of_csv(text, _COLUMNS, first_epoch=0)


FAMILY = Family(
    name="yolov5",
    dialects=("yolov3", "yolov5", "yolov5-package", "yolov5-face", "yolov7", "yolov9"),
    script="train.py",
    start=_start,
    resume=_resume,
    results={"train/results.csv": _read_csv, "train/results.txt": rows_of_text},
    last=_LAST,
    best={"mAP50": 0.1, "mAP50-95": 0.9},
    own=("cfg", "weights", "seed", "project", "name", "exist-ok", "resume", "device", "nosave"),
    needs={
        "noval": "a study reads the metrics of every epoch",
        "evolve": "it would search hyperparameters and not train one network",
    },
    columns=_COLUMNS,
    # `--img` is the start of `--img-size`, as YOLOv7 calls it, too.
    probe={"epochs": 2, "img": 64, "batch-size": 4, "noautoanchor": True, "noplots": True},
    asks=("cfg", "weights", "project", "name", "exist-ok", "resume"),
)
