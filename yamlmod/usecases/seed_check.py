"""Check or fix the seed of a fork, with its own Python or from its text alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.fork.seeds.fix import plan_fix
from yamlmod.usecases.fork_run import Announce, open_run
from yamlmod.usecases.located_fork import PlannedPatch, open_fork
from yamlmod.usecases.study_seeds import SeedCheck, check_seeds, read_fork


@dataclass(frozen=True)
class SeedFix:
    """The planned lines, and what the fork's batches are with them."""

    planned: PlannedPatch
    check: SeedCheck


def check_fork(
    repo: Path,
    target: str,
    script: str,
    cfg: Path | None,
    python: str | None,
    seconds: float,
    only_read: bool,
    announce: Announce | None,
) -> SeedCheck:
    """Check whether the seed counts. What cannot be run is read, and says so."""
    if only_read:
        located = open_fork(repo, target)
        return SeedCheck(located.shown, read_fork(located, script)[1], (), "--no-run")
    run = open_run(repo, python, False, target)
    base = None if cfg is None else run.open_model(cfg).file.path
    return check_seeds(run, script, base, seconds, announce)


def fixed_fork(
    repo: Path,
    target: str,
    script: str,
    cfg: Path | None,
    python: str | None,
    seconds: float,
    only_read: bool,
    announce: Announce | None,
) -> SeedFix:
    """Plan what makes the seed count, and prove it in a copy.

    Raises Refusal where the batches show that it does not count with the planned lines.
    """
    run = None if only_read else open_run(repo, python, False, target)
    located = open_fork(repo, target) if run is None else run.located
    _, reading = read_fork(located, script)
    planned = PlannedPatch(located, plan_fix(located.tree, reading))
    texts = planned.plan.texts
    if not texts:
        why = "--no-run" if only_read else "there is nothing to add"
        return SeedFix(planned, SeedCheck(located.shown, reading, (), why))
    planned.changes(written=False)  # what may not be patched is refused before anything is run
    if run is None:
        _, reading = read_fork(located, script, texts)
        check = SeedCheck(located.shown, reading, (), "--no-run")
    else:
        base = None if cfg is None else run.open_model(cfg).file.path
        check = check_seeds(run, script, base, seconds, announce, planned.plan)
    if check.is_proven and not check.counts:
        raise Refusal(
            "not-fixed",
            f"{located.shown}: with the planned lines the batches still do not follow the seed",
            hint="nothing was written; `yamlmod study seeds` shows what was read",
        )
    return SeedFix(planned, check)
