"""Check whether the seed of a training reaches its batches: read it, then prove it by hashes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from yamlmod.errors import Refusal
from yamlmod.fork.parser.locate import graph_of
from yamlmod.fork.patch.plan import Plan
from yamlmod.fork.python.modules import Modules
from yamlmod.fork.python.overlay import Overlay
from yamlmod.fork.seeds.reading import SeedReading, read_seeds
from yamlmod.runtime.yamlmod_worker.answers import SeedsAnswer, Trial, TrialPart
from yamlmod.study.environment import training_environment
from yamlmod.study.family import Family, TrainCommand, has_option
from yamlmod.usecases.fork_run import Announce, Run, module_of
from yamlmod.usecases.fork_start import start_folder
from yamlmod.usecases.located_fork import LocatedFork
from yamlmod.usecases.smallest_model import smallest_model
from yamlmod.usecases.study_code import freeze_tree
from yamlmod.usecases.study_family import family_of_fork
from yamlmod.workspace import disk
from yamlmod.workspace.files import real_path

WORKERS = (0, 2)
# The seeds of the trials with one number of workers: two that differ, and the first again.
_SEEDS = (0, 1, 0)
_VERDICTS = {
    True: "the seed counts",
    False: "the seed does not count",
    None: "whether the seed counts is not known",
}
UNKNOWN = _VERDICTS[None]


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
    def verdict(self) -> str:
        return _VERDICTS[self.counts]

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


def read_fork(
    located: LocatedFork, script: str = "", texts: Mapping[str, str | None] = MappingProxyType({})
) -> tuple[Family, SeedReading]:
    """Read whether the seed counts. Raises Refusal where how the fork trains is not known.

    ``texts`` are planned ones, by path: then it is read as they would leave it.
    """
    if script and located.tree.read(script) is None:
        raise Refusal("no-such-file", f"{located.shown} has no {script}, which trains")
    family = family_of_fork(located, script)
    script = (script or family.script) if family.script else ""
    if not texts:
        return family, read_seeds(located.tree, located.fork.graph, script)
    files = Overlay(located.tree, texts)
    return family, read_seeds(files, graph_of(Modules(files, located.fork.yolo)), script)


class Trainable(NamedTuple):
    """A fork whose trainings are started in ``folder``, a copy of it, and what was read of it."""

    run: Run
    folder: Path
    family: Family
    reading: SeedReading
    script: str

    @property
    def path(self) -> Path:
        """Where its scripts are started."""
        root = real_path(self.run.tree.root)
        start = os.path.relpath(start_folder(*self.run.located), root)
        return real_path(real_path(self.folder) / start)


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
    texts = {} if fix is None else fix.texts
    family, reading = read_fork(located, script, texts)
    if reading.loader is None:
        return SeedCheck(located.shown, reading, (), "no loader of torch's was found")
    base = cfg if cfg is not None else smallest_model(located)
    with _copy(located, texts) as folder:
        fork = Trainable(run, folder, family, reading, script)
        return _prove(fork, base, {}, seconds, announce)


def _prove(
    fork: Trainable,
    base: Path,
    options: Mapping[str, Any],
    seconds: float,
    announce: Announce | None,
    workers: Sequence[int] = WORKERS,
) -> SeedCheck:
    shown = fork.run.located.shown
    try:
        answer = _ask(fork, base, options, seconds, announce, workers)
    except Refusal as error:
        return SeedCheck(shown, fork.reading, (), error.message)
    trials = answer["trials"]
    failed = next((trial["failed"] for trial in trials if trial["failed"]), "")
    if failed:
        return SeedCheck(shown, fork.reading, (), failed)
    size = len(_SEEDS)
    wanted = [count for count in workers for _ in _SEEDS]
    if any(
        (count > 0) != (trial["workers"] > 0) for count, trial in zip(wanted, trials, strict=True)
    ):
        return SeedCheck(shown, fork.reading, (), "its loader has another number of workers")
    proofs = tuple(
        WorkersProof(count, tuple(trials[size * n : size * n + size]))
        for n, count in enumerate(workers)
    )
    return SeedCheck(shown, fork.reading, proofs)


def _ask(
    fork: Trainable,
    base: Path,
    options: Mapping[str, Any],
    seconds: float,
    announce: Announce | None,
    workers: Sequence[int],
) -> SeedsAnswer:
    root = real_path(fork.folder)
    path = str(fork.path)
    question = {
        "kind": "seeds",
        "folder": str(root),
        "path": [path],
        "fork": str(root),
        "module": module_of(*fork.run.located)[1],
        "environment": training_environment(path),
        "workers": [count for count in workers for _ in _SEEDS],
        "trials": [
            _words(fork, base, options, count, seed) for count in workers for seed in _SEEDS
        ],
    }
    with fork.run.worker(announce=announce, copy=root) as worker:
        answer = worker.ask(question, seconds, SeedsAnswer, TrialPart)
    if len(answer["trials"]) != len(question["trials"]):
        raise Refusal("bad-answer", "the fork's process sent an invalid answer: trials are missing")
    return answer


def _words(
    fork: Trainable, base: Path, options: Mapping[str, Any], workers: int, seed: int
) -> list[str]:
    """Return the command line of one trial, as a study would start it."""
    family, tree = fork.family, fork.run.tree
    script = fork.script or family.script
    own = {"data": "{data}", "workers": workers, **family.probe}
    # Ours come last: of two spellings of an option, a script takes the second one.
    wanted = {name: value for name, value in options.items() if name not in own} | own
    if not family.script:
        settings = tree.read(fork.reading.facts[0].path) or ""
        wanted = {name: value for name, value in wanted.items() if f"{name}:" in settings}
    else:
        text = tree.read(script) or ""
        known = {name for name in wanted if has_option(text, name) or name in ("img", *options)}
        wanted = {name: value for name, value in wanted.items() if name in known}
        wanted |= _settings(fork, text) if "hyp" not in wanted else {}
    training = TrainCommand(
        cfg=str(real_path(base)),
        weights="",
        seed=seed if fork.reading.takes_seed else None,
        run="{run}",
        options=wanted,
        script=script,
    )
    return family.start(training)


def _settings(fork: Trainable, script: str) -> dict[str, str]:
    """Return hyperparameters where the script's own default is not there, as in YOLOv9."""
    tree = fork.run.tree
    paths = [*tree.glob("data/hyps/*.yaml"), *tree.glob("data/hyp*.yaml")]
    if not paths or any(path.rpartition("/")[2] in script for path in paths):
        return {}
    return {"hyp": str(real_path(fork.folder / paths[0]))}


@contextlib.contextmanager
def _copy(located: LocatedFork, texts: Mapping[str, str | None]) -> Iterator[Path]:
    """Give a copy of a fork's code as a study trains it: without .git, data and runs.

    ``texts`` are planned ones. Raises Refusal where the copy cannot be written.
    """
    root = real_path(located.tree.root)
    folder = None
    try:
        try:
            folder = disk.scratch_folder("yamlmod-seeds-")
            copy = folder / root.name
            freeze_tree(located.tree, copy, copy)
            for path, text in texts.items():
                disk.write_draft(copy / path, (text or "").encode("utf-8"))
        except OSError as error:
            raise Refusal(
                "unwritable",
                f"{located.shown} cannot be copied to try its training: {error.strerror or error}",
                hint="the variable TMPDIR names the folder for such copies",
            ) from error
        yield copy
    finally:
        if folder is not None:
            disk.remove_draft(folder)


def check_planned(
    fork: Trainable, base: Path, options: Mapping[str, Any], seconds: float
) -> SeedCheck:
    """Check the seed of a study's base, with the study's own workers and options."""
    given = options.get("workers", 8)
    workers = min(given, 2) if isinstance(given, int) else 2
    return _prove(fork, base, options, seconds, None, (workers,))
