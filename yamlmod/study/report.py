"""The numbers of a report: each variant's metrics over its seeds, and the comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from yamlmod.study.plan_files import StudyPlan, VariantFacts
from yamlmod.study.power import detectable_gain
from yamlmod.study.results import best_row
from yamlmod.study.run_files import RunStatus, family_of
from yamlmod.study.statistics import Difference, Sample, compare
from yamlmod.study.variant_names import BASE


class VariantLine(NamedTuple):
    """One variant: metrics of the last epoch, and mAP50-95 of the best one.

    ``against_placebo`` is None where the variant has no placebo.
    """

    facts: VariantFacts
    precision: Sample
    recall: Sample
    map50: Sample
    map: Sample
    best: Sample
    against_base: Difference | None
    against_placebo: Difference | None


class StudyReport(NamedTuple):
    """All lines, how many runs are missing, and what gain the seeds can show."""

    plan: StudyPlan
    lines: tuple[VariantLine, ...]
    missing: tuple[str, ...]
    tests: int
    detectable: float | None


def report_of(plan: StudyPlan, runs: Sequence[RunStatus]) -> StudyReport:
    """Compare the variants by mAP50-95 of the last epoch.

    The best epoch is chosen on the set that it is reported on: it is shown, and not tested.
    """
    done = [run for run in runs if run.state == "done" and run.rows]
    facts = [fact for fact in plan.variants if not fact.same_as]
    samples = {fact.name: _samples(fact.name, done) for fact in facts}
    base = samples[BASE][3]
    others = [fact for fact in facts if fact.name != BASE and samples[fact.name][3].n]
    against = dict(
        zip(
            [fact.name for fact in others],
            compare([samples[fact.name][3] for fact in others], base) if base.n else [],
            strict=False,
        )
    )
    placebos = {fact.control_of: fact.name for fact in facts if fact.control_of}
    pairs = [
        fact.name for fact in others if fact.name in placebos and samples[placebos[fact.name]][3].n
    ]
    beside = {name: _one(samples[name][3], samples[placebos[name]][3]) for name in pairs}
    lines = tuple(
        VariantLine(fact, *samples[fact.name], against.get(fact.name), beside.get(fact.name))
        for fact in facts
    )
    missing = tuple(run.plan.name for run in runs if run.state != "done")
    tests = sum(difference.p is not None for difference in against.values())
    gain = detectable_gain(base.n, max(1, tests)) if base.n else None
    deviation = base.deviation
    found = None if gain is None or deviation is None else gain * deviation
    return StudyReport(plan, lines, missing, tests, found)


def _one(variant: Sample, other: Sample) -> Difference:
    return compare([variant], other)[0]


def _samples(name: str, runs: Sequence[RunStatus]) -> tuple[Sample, Sample, Sample, Sample, Sample]:
    mine = sorted((run for run in runs if run.plan.variant == name), key=lambda run: run.plan.seed)
    last = [run.rows[-1] for run in mine]
    best = [best_row(run.rows, family_of(run.plan).best).map for run in mine]
    return (
        Sample(tuple(row.precision for row in last)),
        Sample(tuple(row.recall for row in last)),
        Sample(tuple(row.map50 for row in last)),
        Sample(tuple(row.map for row in last)),
        Sample(tuple(best)),
    )
