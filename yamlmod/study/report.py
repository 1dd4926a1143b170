"""The numbers of a report: each variant's metrics over its seeds, and the comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from yamlmod.study.plan_files import StudyPlan, VariantFacts
from yamlmod.study.power import detectable_gain
from yamlmod.study.results import EpochRow, best_row
from yamlmod.study.run_files import RunPlan, RunStatus, family_of
from yamlmod.study.statistics import FEWEST, MeanDifference, Sample, compare
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
    against_base: MeanDifference | None
    against_placebo: MeanDifference | None


class StudyReport(NamedTuple):
    """All lines, what became of the runs, and what gain the seeds can show.

    ``unfinished`` has every run that gave no value, ``stopped_early`` those that the fork ended
    before their last epoch, ``twins`` pairs of runs with the same metrics in every epoch.
    ``done`` are the runs that gave a value.
    """

    plan: StudyPlan
    lines: tuple[VariantLine, ...]
    unfinished: tuple[RunStatus, ...]
    stopped_early: tuple[str, ...]
    twins: tuple[tuple[str, str], ...]
    tests: int
    detectable: float | None
    done: tuple[RunStatus, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(run.plan.name for run in self.unfinished)

    @property
    def is_zero(self) -> bool:
        """Whether no network detects anything yet."""
        values = [value for line in self.lines for value in line.map.values]
        return bool(values) and not any(values)

    @property
    def constant(self) -> tuple[str, ...]:
        """Return the variants whose seeds all gave the same value."""
        lines = [line for line in self.lines if line.map.n > 1 and line.map.deviation == 0]
        return tuple(line.facts.name for line in lines)


def report_of(plan: StudyPlan, runs: Sequence[RunStatus]) -> StudyReport:
    """Compare the variants by mAP50-95 of the last epoch.

    The best epoch is chosen on the set that it is reported on: it is shown, and not tested. All
    comparisons, with the base and with placebos, are one family for Holm's correction.
    """
    done = [run for run in runs if run.state == "done" and run.rows]
    facts = [fact for fact in plan.variants if not fact.same_as]
    samples = {fact.name: _samples(fact.name, done) for fact in facts}
    maps = {name: sample[3] for name, sample in samples.items()}
    pairs = [pair for pair in plan.comparisons if all(maps[name].n for name in pair)]
    differences = dict(
        zip(pairs, compare([(maps[one], maps[two]) for one, two in pairs]), strict=True)
    )
    lines = tuple(
        VariantLine(
            fact,
            *samples[fact.name],
            differences.get((fact.name, BASE)),
            differences.get((fact.name, plan.placebos.get(fact.name, ""))),
        )
        for fact in facts
    )
    unfinished = tuple(run for run in runs if run.state != "done" or not run.rows)
    early = tuple(run.plan.name for run in done if not run.is_complete)
    tests = sum(difference.p is not None for difference in differences.values())
    return StudyReport(
        plan,
        lines,
        unfinished,
        early,
        _twins(plan, done),
        tests,
        _detectable(maps, tests),
        tuple(done),
    )


def _twins(plan: StudyPlan, runs: Sequence[RunStatus]) -> tuple[tuple[str, str], ...]:
    """Return runs with the metrics of an earlier one in every epoch: something did not count.

    Runs that learned nothing are alike by themselves. So is a placebo without parameters to the
    base with the same seed: it passes on its input.
    """
    placebos = {variant.name for variant in plan.variants if variant.control_of}
    first: dict[tuple[EpochRow, ...], RunPlan] = {}
    pairs = []
    for run in runs:
        if not any(row.map for row in run.rows):
            continue
        other = first.setdefault(run.rows, run.plan)
        is_placebo = run.plan.variant in placebos and other.variant == BASE
        if other is not run.plan and not (is_placebo and other.seed == run.plan.seed):
            pairs.append((other.name, run.plan.name))
    return tuple(pairs)


def _detectable(maps: Mapping[str, Sample], tests: int) -> float | None:
    """Return the gain that the seeds can show, for the base's deviation and the fewest seeds."""
    base = maps[BASE]
    if base.deviation is None or not tests:
        return None
    fewest = min(sample.n for sample in maps.values() if sample.n >= FEWEST)
    gain = detectable_gain(fewest, tests)
    return None if gain is None else gain * base.deviation


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
