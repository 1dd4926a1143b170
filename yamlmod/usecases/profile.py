"""What `profile` asks the worker, and its answer as numbers: each model beside the base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from yamlmod.errors import Refusal
from yamlmod.runtime.yamlmod_worker.answers import Profile
from yamlmod.usecases.fork_run import Run
from yamlmod.usecases.model_file import Target, unscaled
from yamlmod.workspace.files import real_path


class Subject(NamedTuple):
    """A model to measure: as it was named, the path that the fork is given, and what it holds."""

    shown: str
    path: Path
    target: Target


@dataclass(frozen=True)
class Settings:
    """How everything is measured."""

    imgsz: int
    batch: int
    device: str
    half: bool
    fused: bool
    rounds: int
    threads: int
    layers: bool


class Measure(NamedTuple):
    """A number of each model: its key in the answer, and how a table shows it."""

    key: str
    header: str
    unit: float
    decimals: int


MEASURES = (
    Measure("parameters", "Params (M)", 1e6, 3),
    Measure("flops", "GFLOPs", 1e9, 2),
    Measure("thop_flops", "thop GFLOPs", 1e9, 2),
    Measure("latency_ms", "Latency (ms)", 1, 1),
    Measure("forward_bytes", "Forward (MB)", 1e6, 1),
    Measure("training_bytes", "Training (MB)", 1e6, 1),
    Measure("weights_bytes", "Weights (MB)", 1e6, 1),
)


def subjects(run: Run, cfgs: Sequence[Path], base: Path | None) -> list[Subject]:
    """Return the models to measure, the base first."""
    wanted = list(cfgs)
    if base is not None:
        wanted = [base, *(cfg for cfg in wanted if cfg != base)]
    found: list[Subject] = []
    for cfg in wanted:
        one = _subject(run, cfg)
        if one.path not in [other.path for other in found]:
            found.append(one)
    return found


def _subject(run: Run, cfg: Path) -> Subject:
    try:
        target = run.open(cfg)
        path = target.file.path
    except Refusal as error:
        # ultralytics takes the scale from a name that no file has: yolov8s.yaml.
        shared = unscaled(cfg)
        if error.code != "no-such-file" or shared is None:
            raise
        try:
            target = run.open(shared)
        except Refusal:
            raise error from None
        if "scales" not in target.model.document.settings:
            raise
        path = target.file.path.with_name(cfg.name)
    return Subject(str(cfg), real_path(path), target)


def question(found: Sequence[Subject], settings: Settings) -> dict[str, Any]:
    """Return what the worker is asked, but for what it knows of the fork."""
    return {
        "kind": "profile",
        "cfgs": [
            {
                "path": str(one.path),
                "shown": one.shown,
                "head": one.target.model.document.rows[-1].module,
            }
            for one in found
        ],
        **vars(settings),
    }


def compare(profiles: Sequence[Profile], found: Sequence[Subject]) -> list[dict[str, Any]]:
    """Return every model with its short name, and each number's distance from the base's."""
    if len(profiles) != len(found):
        raise Refusal(
            "bad-answer",
            f"the fork's process sent an invalid answer: {len(profiles)} models for {len(found)}",
        )
    stems = [Path(one.shown).stem for one in found]
    models: list[dict[str, Any]] = [{**profile} for profile in profiles]
    base = models[0]
    for model, stem, one in zip(models, stems, found, strict=True):
        rows = one.target.model.document.rows
        for layer, row in zip(model["layers"], rows, strict=False):
            layer["module"] = row.module  # as the file spells it
        model["model"] = stem if stems.count(stem) == 1 else model["cfg"]
        model["latency_ms"] = (model["latency"] or {}).get("median")
        model["against_base"] = {
            measure.key: _distance(model[measure.key], base[measure.key]) for measure in MEASURES
        }
    return models


def _distance(value: float | None, base: float | None) -> dict[str, float | None] | None:
    if value is None or base is None:
        return None
    return {"difference": value - base, "ratio": value / base if base else None}
