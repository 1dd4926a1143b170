"""Compare what `study seeds` reads in forks with the batches of their trainings, also after --fix.

    python -m tools.seed_verdicts --python PY REPO [REPO:SCRIPT]...

For each fork: what the code is read to do, what the hashed batches show, and the same with the
lines of --fix in a copy. Where the fork cannot be trained by PY, the reason is printed. Exits 1
where reading and batches differ, or where the seed does not count after --fix.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.fork.seeds.fix import plan_fix
from yamlmod.usecases.fork_run import open_run
from yamlmod.usecases.study_seeds import SeedCheck, check_seeds, read_fork


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repos", nargs="+")
    parser.add_argument("--python", required=True)
    parser.add_argument("--timeout", type=float, default=900)
    options = parser.parse_args()
    wrong = 0
    for word in options.repos:
        repo, _, script = word.partition(":")
        try:
            lines, fits = compared(Path(repo), script, options.python, options.timeout)
        except Refusal as error:
            lines, fits = [error.message], False
        wrong += not fits
        sys.stdout.write(f"{word}: {'' if fits else 'WRONG '}{'; '.join(lines)}\n")
        sys.stdout.flush()
    return 1 if wrong else 0


def compared(repo: Path, script: str, python: str, seconds: float) -> tuple[list[str], bool]:
    run = open_run(repo, python, stand_ins=False)
    before = check_seeds(run, script, None, seconds, None)
    lines = [f"read {before.reading.counts}", f"batches {shown(before)}"]
    fits = before.is_proven and before.reading.counts == before.counts
    plan = plan_fix(run.tree, read_fork(run.located, script)[1])
    if plan.texts:
        after = check_seeds(run, script, None, seconds, None, plan)
        lines.append(f"after --fix: read {after.reading.counts}, batches {shown(after)}")
        fits = fits and after.is_proven and after.counts is True and after.reading.counts is True
    return lines, fits


def shown(check: SeedCheck) -> str:
    if not check.is_proven:
        return f"not run ({check.why})"
    parts = [
        f"{proof.workers} workers {'differ' if proof.differs else 'same'}"
        f"{'' if proof.repeats else ', do not repeat'}"
        for proof in check.proofs
    ]
    return f"{check.counts} ({', '.join(parts)})"


if __name__ == "__main__":
    sys.exit(main())
