"""Check the seed of a study that is planned, by its own options and the base's frozen code."""

from __future__ import annotations

from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.study.plan_files import SeedFacts
from yamlmod.study.variant_names import BASE
from yamlmod.usecases.fork_run import open_run
from yamlmod.usecases.study_files import with_files
from yamlmod.usecases.study_prepare import Prepared
from yamlmod.usecases.study_seeds import UNKNOWN, SeedCheck, Trainable, check_planned, read_fork

_SECONDS = 600.0


def planned_seed(study: Prepared, draft: Path, proves: bool) -> SeedFacts:
    """Read whether the seed counts; with ``proves`` hash the batches of three short trainings."""
    try:
        check = _checked(study, draft, proves)
    except Refusal as error:
        return SeedFacts(None, False, f"{UNKNOWN}: {error.message}")
    if check.is_proven:
        return SeedFacts(check.counts, True, f"{check.verdict} {_of_batches(check)}")
    text = f"{check.verdict} (read, not proven: {check.why[:200]})"
    return SeedFacts(check.counts, False, text)


def _checked(study: Prepared, draft: Path, proves: bool) -> SeedCheck:
    script = study.file.script
    family, reading = read_fork(study.located, script)
    shown = study.located.shown
    if not proves:
        return SeedCheck(shown, reading, (), "--no-run")
    if reading.loader is None:
        return SeedCheck(shown, reading, (), "no loader of torch's was found")
    code = draft / "variants" / BASE / study.code
    run = open_run(code, study.python, False, study.file.target)
    base = draft / "variants" / BASE / Path(study.file.base).name
    fork = Trainable(run, code, family, reading, script)
    options = with_files(study.file.train, study.files)
    return check_planned(fork, base, options, _SECONDS)


def _of_batches(check: SeedCheck) -> str:
    proof = check.proofs[0]
    if not proof.repeats:
        return f"(proven with {proof.workers} workers: equal seeds give different batches)"
    same = "" if proof.differs else "the same batches for every seed, "
    return f"(proven: {same}{proof.workers} workers)"
