"""Word the answers of `study seeds`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from yamlmod.cli.finish import Report
from yamlmod.cli.plan_report import plan_data
from yamlmod.usecases.seed_check import SeedFix
from yamlmod.usecases.study_seeds import SeedCheck, WorkersProof

_SIGNS = {True: "yes", False: "no", None: "?"}


def check_lines(check: SeedCheck) -> Iterator[str]:
    """Return the verdict, what was read, and what the batches show."""
    yield f"{check.repo}: {verdict(check)}"
    if check.why:
        yield f"  the reason: {check.why}"
    for fact in check.reading.facts:
        yield f"  {_SIGNS[fact.counts]:>3}  {fact.path}:{fact.line}: {fact.text}"
        if fact.code:
            yield f"         {fact.code}"
    for proof in check.proofs:
        yield f"  {proof_line(proof, check.reading.takes_seed)}"
    if check.counts is False:
        yield f"next: yamlmod study seeds {check.repo} --fix"


def verdict(check: SeedCheck) -> str:
    """Return the verdict in one line; what was not run says so."""
    return f"{check.verdict} ({'proven by its batches' if check.is_proven else 'read, not proven'})"


def proof_line(proof: WorkersProof, takes_seed: bool) -> str:
    workers = f"{proof.workers} workers" if proof.workers != 1 else "1 worker"
    if not takes_seed:
        same = "the same" if proof.repeats and not proof.differs else "different"
        return f"{workers}: {same} batches in every training"
    other = "differ" if proof.differs else "are the same"
    order = ", not the order of images" if proof.differs and proof.same_order else ""
    again = "repeats" if proof.repeats else "does NOT repeat"
    return f"{workers}: batches of seeds 0 and 1 {other}{order}; seed 0 {again}"


def check_data(check: SeedCheck) -> dict[str, Any]:
    return {
        "repo": check.repo,
        "script": check.reading.script,
        "counts": check.counts,
        "proven": check.is_proven,
        "why": check.why,
        "read": [fact._asdict() for fact in check.reading.facts],
        "batches": [_proof_data(proof) for proof in check.proofs],
    }


def _proof_data(proof: WorkersProof) -> dict[str, Any]:
    seeds = (0, 1, 0)
    return {
        "workers": proof.workers,
        "differs": proof.differs,
        "repeats": proof.repeats,
        "trials": [
            {"seed": seed, "epochs": trial["epochs"], "orders": trial["orders"]}
            for seed, trial in zip(seeds, proof.trials, strict=True)
        ],
    }


def fix_report(fixed: SeedFix) -> Report:
    """Return the summary of a fix, and what the batches are with it."""
    plan, check = fixed.planned.plan, fixed.check
    lines = [f"study seeds {check.repo}:", *(f"  {step.text}" for step in plan.steps)]
    if plan.texts:
        why = "" if check.is_proven else f": {check.why}"
        lines.append(f"  with these lines: {verdict(check)}{why}")
    lines += [f"  {proof_line(proof, True)}" for proof in check.proofs]
    data = {**plan_data(fixed.planned), "seeds": check_data(check)}
    return Report("study seeds", lines, (), data)
