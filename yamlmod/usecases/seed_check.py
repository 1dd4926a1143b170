"""Check or fix the seed of a fork, with its own Python or from its text alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.usecases.fork_run import Announce, open_run
from yamlmod.usecases.located_fork import PlannedPatch, open_fork
from yamlmod.usecases.study_seeds import SeedCheck, check_seeds, plan_seed_fix, read_fork


@dataclass(frozen=True)
class SeedFix:
    """The planned lines, and what the fork's batches are with them."""

    planned: PlannedPatch
    check: SeedCheck


def check_fork(
    repo: Path,
    script: str,
    cfg: Path | None,
    python: str | None,
    seconds: float,
    only_read: bool,
    announce: Announce | None,
) -> SeedCheck:
    """Check whether the seed counts. What cannot be run is read, and says so."""
    if only_read:
        located = open_fork(repo)
        return SeedCheck(located.shown, read_fork(located, script)[1], (), "--no-run")
    run = open_run(repo, python, stand_ins=False)
    base = None if cfg is None else run.open_model(cfg).file.path
    return check_seeds(run, script, base, seconds, announce)


def fixed_fork(
    repo: Path,
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
    located = open_fork(repo)
    planned = plan_seed_fix(located, script)
    if not planned.plan.texts or only_read:
        why = "--no-run" if only_read else "there is nothing to add"
        check = SeedCheck(located.shown, read_fork(located, script)[1], (), why)
        return SeedFix(planned, check)
    run = open_run(repo, python, stand_ins=False)
    base = None if cfg is None else run.open_model(cfg).file.path
    check = check_seeds(run, script, base, seconds, announce, planned.plan)
    if check.is_proven and not check.counts:
        raise Refusal(
            "not-fixed",
            f"{located.shown}: with the planned lines the batches still do not follow the seed",
            hint="nothing was written; `yamlmod study seeds` shows what was read",
        )
    return SeedFix(planned, check)
