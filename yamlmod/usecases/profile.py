"""Measure networks: parameters, FLOPs, memory and latency, each model beside the base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from yamlmod.errors import Refusal, plural
from yamlmod.report.grids import Grid
from yamlmod.runtime.protection import Protection
from yamlmod.runtime.yamlmod_worker.answers import Profile, ProfileAnswer, ProfilePart
from yamlmod.usecases.fork_run import Announce, Run
from yamlmod.usecases.interrupted import Interrupted
from yamlmod.usecases.model_file import Target
from yamlmod.usecases.profile_so_far import ProfileSoFar
from yamlmod.usecases.profile_tables import MEASURES, models_grid
from yamlmod.usecases.shown import ShownAsTable
from yamlmod.workspace.files import real_path


class ProfiledModel(NamedTuple):
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


class TimedSteps(NamedTuple):
    """How many training steps of each model are timed, and of how many images at most."""

    steps: int
    step_batch: int


NO_STEPS = TimedSteps(0, 1)


def subjects(run: Run, cfgs: Sequence[Path], base: Path | None) -> list[ProfiledModel]:
    """Return the models to measure, the base first."""
    wanted = list(cfgs)
    if base is not None:
        wanted = [base, *(cfg for cfg in wanted if cfg != base)]
    found: list[ProfiledModel] = []
    for cfg in wanted:
        one = _subject(run, cfg)
        if one.path not in [other.path for other in found]:
            found.append(one)
    return found


def _subject(run: Run, cfg: Path) -> ProfiledModel:
    target = run.open_model(cfg)
    return ProfiledModel(str(cfg), real_path(target.cfg), target)


@dataclass(frozen=True, repr=False)
class Profiled(ShownAsTable):
    """The numbers of each model, the base first, with their distance from the base's."""

    repo: str
    interpreter: str
    protection: Protection
    settings: Settings
    base: str
    answer: Mapping[str, Any]

    @property
    def models(self) -> Sequence[Mapping[str, Any]]:
        models: Sequence[Mapping[str, Any]] = self.answer["models"]
        return models

    def title(self) -> str:
        return (
            f"{plural(len(self.models), 'model')} at {self.settings.imgsz} x {self.settings.imgsz}"
        )

    def headers(self) -> Sequence[str]:
        return self._grid().headers

    def rows(self) -> Sequence[Sequence[str]]:
        return self._grid().rows

    def _grid(self) -> Grid:
        return models_grid(self.models)


def profile(
    run: Run,
    cfgs: Sequence[Path],
    base: Path | None,
    settings: Settings,
    seconds: float = 900.0,
    announce: Announce | None = None,
    steps: TimedSteps = NO_STEPS,
) -> Profiled:
    """Measure networks that the fork's code builds, each against the base."""
    models = subjects(run, cfgs, base)
    question = {**_question(models, settings), **steps._asdict(), **run.where}
    counted = ProfileSoFar([model.shown for model in models], settings.rounds, announce)
    with run.worker(announce=announce) as worker:
        protection = worker.protection
        missing = ""
        try:
            given = worker.ask(question, seconds, ProfileAnswer, ProfilePart, counted.part)
        except KeyboardInterrupt:
            so_far = counted.so_far()
            if so_far is None:
                raise
            given, missing = so_far, counted.missing()
            models = models[: len(given["models"])]
            settings = replace(settings, rounds=counted.rounds)
    answer = {**given, "models": _compared(given["models"], models)}
    shown = run.tree.shown(".")
    profiled = Profiled(shown, run.interpreter.path, protection, settings, models[0].shown, answer)
    if missing:
        raise Interrupted(profiled, missing)
    return profiled


def _question(found: Sequence[ProfiledModel], settings: Settings) -> dict[str, Any]:
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


def _compared(profiles: Sequence[Profile], found: Sequence[ProfiledModel]) -> list[dict[str, Any]]:
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
        latency = model["against_base"]["latency_ms"]
        if latency is not None:
            latency["shown"] = _differs(model["latency"], base["latency"])
    return models


def _differs(latency: Mapping[str, float], base: Mapping[str, float]) -> bool:
    """Check whether the quartiles do not overlap: else no difference was shown."""
    return latency["q1"] > base["q3"] or latency["q3"] < base["q1"]


def _distance(value: float | None, base: float | None) -> dict[str, Any] | None:
    if value is None or base is None:
        return None
    return {"difference": value - base, "ratio": value / base if base else None}
