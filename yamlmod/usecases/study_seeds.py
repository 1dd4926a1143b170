"""Check whether the seed of a training reaches its batches: read it, then prove it by hashes."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from yamlmod.errors import Refusal
from yamlmod.fork.patch.plan import Plan
from yamlmod.fork.seeds.fix import plan_fix
from yamlmod.fork.seeds.reading import SeedReading, read_seeds
from yamlmod.runtime.yamlmod_worker.answers import SeedsAnswer, Trial, TrialPart
from yamlmod.study.environment import training_environment
from yamlmod.study.family import Family, TrainCommand, has_option
from yamlmod.study.freeze import freeze
from yamlmod.usecases.fork_run import Announce, Run, module_of
from yamlmod.usecases.fork_start import start_folder
from yamlmod.usecases.located_fork import LocatedFork, PlannedPatch, open_fork
from yamlmod.usecases.smallest_model import smallest_model
from yamlmod.usecases.study_family import family_of_fork
from yamlmod.workspace.files import real_path

WORKERS = (0, 2)
# The seeds of the trials with one number of workers: two that differ, and the first again.
_SEEDS = (0, 1, 0)
# What a study chooses itself, or what makes its trainings long.
_NOT_PASSED = (
    *("data", "epochs", "batch-size", "batch_size", "batch", "imgsz", "img", "img-size"),
    *("img_size", "workers", "cache", "seed"),
)


class WorkersProof(NamedTuple):
    """What the batches of two epochs show for one number of workers."""

    workers: int
    trials: tuple[Trial, ...]

    @property
    def differs(self) -> bool:
        """Whether another seed gives other batches in every epoch."""
        first, other, _ = (trial["epochs"] for trial in self.trials)
        return all(a != b for a, b in zip(first, other, strict=True))

    @property
    def repeats(self) -> bool:
        """Whether the same seed gives the same batches."""
        return self.trials[0]["epochs"] == self.trials[2]["epochs"]

    @property
    def same_order(self) -> bool:
        return self.trials[0]["orders"] == self.trials[1]["orders"]


@dataclass(frozen=True)
class SeedCheck:
    """Whether the seed of a fork's training counts.

    ``proofs`` is empty where nothing was run, and ``why`` says why; then `counts` is what was read.
    """

    repo: str
    reading: SeedReading
    proofs: tuple[WorkersProof, ...] = ()
    why: str = ""

    @property
    def is_proven(self) -> bool:
        return bool(self.proofs)

    @property
    def counts(self) -> bool | None:
        """Whether different seeds give different batches, and equal ones equal batches."""
        if not self.proofs:
            return self.reading.counts
        batches = all(proof.differs and proof.repeats for proof in self.proofs)
        return batches and self.reading.takes_seed


def read_fork(located: LocatedFork, script: str = "") -> tuple[Family, SeedReading]:
    """Read whether the seed counts. Raises Refusal where how the fork trains is not known."""
    if script and located.tree.read(script) is None:
        raise Refusal("no-such-file", f"{located.shown} has no {script}, which trains")
    family = family_of_fork(located, script)
    script = (script or family.script) if family.script else ""
    return family, read_seeds(located.tree, located.fork.graph, script)


def check_seeds(
    run: Run,
    script: str,
    cfg: Path | None,
    seconds: float,
    announce: Announce | None,
    fix: Plan | None = None,
) -> SeedCheck:
    """Read a fork, and prove what was read by the batches of its own training.

    With ``fix`` it is the fork as that would leave it.
    """
    located = run.located
    family, reading = read_fork(located, script)
    base = cfg if cfg is not None else smallest_model(located)
    with _copy(located, fix) as copy:
        if fix is not None:
            located = open_fork(copy)
            family, reading = read_fork(located, script)
        if reading.loader is None:
            return SeedCheck(run.located.shown, reading, (), "no loader of torch's was found")
        return _prove(Copy(run, copy, family, reading, script), base, {}, seconds, announce)


class Copy(NamedTuple):
    """A copy of a fork whose training is started, and how it is."""

    run: Run
    folder: Path
    family: Family
    reading: SeedReading
    script: str


def _prove(
    copy: Copy,
    base: Path,
    options: Mapping[str, Any],
    seconds: float,
    announce: Announce | None,
    workers: Sequence[int] = WORKERS,
) -> SeedCheck:
    shown = copy.run.located.shown
    try:
        answer = _ask(copy, base, options, seconds, announce, workers)
    except Refusal as error:
        return SeedCheck(shown, copy.reading, (), error.message)
    trials = answer["trials"]
    failed = next((trial["failed"] for trial in trials if trial["failed"]), "")
    if failed:
        return SeedCheck(shown, copy.reading, (), failed)
    size = len(_SEEDS)
    wanted = [count for count in workers for _ in _SEEDS]
    if any(
        (count > 0) != (trial["workers"] > 0) for count, trial in zip(wanted, trials, strict=True)
    ):
        return SeedCheck(shown, copy.reading, (), "its loader has another number of workers")
    proofs = tuple(
        WorkersProof(count, tuple(trials[size * n : size * n + size]))
        for n, count in enumerate(workers)
    )
    return SeedCheck(shown, copy.reading, proofs)


def _ask(
    copy: Copy,
    base: Path,
    options: Mapping[str, Any],
    seconds: float,
    announce: Announce | None,
    workers: Sequence[int],
) -> SeedsAnswer:
    located = open_fork(copy.folder)
    root = real_path(copy.folder)
    path = str(start_folder(*located))
    question = {
        "kind": "seeds",
        "folder": str(root),
        "path": [path],
        "fork": str(root),
        "module": module_of(*located)[1],
        "environment": training_environment(path),
        "workers": [count for count in workers for _ in _SEEDS],
        "trials": [
            _words(copy, located, base, options, count, seed)
            for count in workers
            for seed in _SEEDS
        ],
    }
    run = Run(located, copy.run.interpreter, stand_ins=False)
    with run.worker(announce=announce) as worker:
        answer = worker.ask(question, seconds, SeedsAnswer, TrialPart)
    if len(answer["trials"]) != len(question["trials"]):
        raise Refusal("bad-answer", "the fork's process sent an invalid answer: trials are missing")
    return answer


def _words(
    copy: Copy,
    located: LocatedFork,
    base: Path,
    options: Mapping[str, Any],
    workers: int,
    seed: int,
) -> list[str]:
    """Return the command line of one trial, as a study would start it."""
    family = copy.family
    script = copy.script or family.script
    wanted: dict[str, Any] = {"data": "{data}", "workers": workers, **family.probe}
    wanted |= {name: value for name, value in options.items() if name not in _NOT_PASSED}
    if not family.script:
        settings = located.tree.read(copy.reading.facts[0].path) or ""
        wanted = {name: value for name, value in wanted.items() if f"{name}:" in settings}
    else:
        text = located.tree.read(script) or ""
        known = {name for name in wanted if has_option(text, name) or name in ("img", *options)}
        wanted = {name: value for name, value in wanted.items() if name in known}
        wanted |= _settings(located, text) if "hyp" not in wanted else {}
    training = TrainCommand(
        cfg=str(real_path(base)),
        weights="",
        seed=seed if copy.reading.takes_seed else None,
        run="{run}",
        options=wanted,
        script=script,
    )
    return family.start(training)


def _settings(located: LocatedFork, script: str) -> dict[str, str]:
    """Return hyperparameters where the script's own default is not there, as in YOLOv9."""
    tree = located.tree
    found = [*tree.glob("data/hyps/*.yaml"), *tree.glob("data/hyp*.yaml")]
    names = [path.rpartition("/")[2] for path in found]
    if not found or any(name in script for name in names):
        return {}
    return {"hyp": str(real_path(tree.root / found[0]))}


@contextlib.contextmanager
def _copy(located: LocatedFork, fix: Plan | None) -> Iterator[Path]:
    """Give a copy of a fork's code as a study trains it: without .git, data and runs."""
    root = real_path(located.tree.root)
    folder = Path(tempfile.mkdtemp(prefix="yamlmod-seeds-"))
    try:
        copy = folder / root.name
        freeze(root, copy, copy)
        if fix is not None:
            for change in PlannedPatch(located, fix).changes():
                target = copy / change.path.relative_to(located.tree.root)
                target.write_bytes(change.after or b"")
        yield copy
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def plan_seed_fix(located: LocatedFork, script: str) -> PlannedPatch:
    """Plan what makes the seed count. Raises Refusal where that cannot be planned."""
    _, reading = read_fork(located, script)
    return PlannedPatch(located, plan_fix(located.tree, reading))


def check_planned(copy: Copy, base: Path, options: Mapping[str, Any], seconds: float) -> SeedCheck:
    """Check the seed of a study's base, with the study's own workers and options."""
    given = options.get("workers", 8)
    workers = min(given, 2) if isinstance(given, int) else 2
    return _prove(copy, base, options, seconds, None, (workers,))
