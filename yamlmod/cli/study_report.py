"""Word the answers of `study`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from yamlmod.cli.study_live import duration
from yamlmod.errors import one_of, plural
from yamlmod.report.tables import table
from yamlmod.study.plan_files import StudyPlan
from yamlmod.study.power import detectable_gain
from yamlmod.study.run_files import RunStatus
from yamlmod.workspace.files import display

# Between seeds, in points of mAP50-95: the span of what was published for small data sets.
_USUAL = (0.2, 1.2)


def plan_lines(plan: StudyPlan, folder: Path, deviation: float | None) -> Iterator[str]:
    same = [variant for variant in plan.variants if variant.same_as]
    yield (
        f"{plural(len(plan.variants) - len(same), 'variant')}, {plural(len(plan.seeds), 'seed')}, "
        f"{plural(len(plan.runs), 'run')} in {display(folder)}"
    )
    for variant in same:
        yield f"  {variant.name} is the same network as {variant.same_as}: trained once"
    yield from seed_lines(plan)
    yield gain_line(plan, deviation)
    yield from cost_lines(plan)
    yield f"next: yamlmod study run {display(folder)}"


def seed_lines(plan: StudyPlan) -> Iterator[str]:
    """Return whether the seed counts, and what it means for the study if it does not."""
    yield f"seed: {plan.seed.shown}"
    if plan.seed.counts is False:
        yield "  runs that differ in the seed alone will see the same data: their spread is too"
        yield "  small, and differences look surer than they are"
        yield "  fix: yamlmod study seeds REPO --fix -w, then plan the study again"


def gain_line(plan: StudyPlan, deviation: float | None) -> str:
    """Return what gain the study can show, for a given or the usual spread between seeds."""
    seeds, tests = len(plan.seeds), max(1, len(plan.comparisons))
    gain = detectable_gain(seeds, tests)
    if gain is None:
        return f"{plural(seeds, 'seed')}: no test is possible; three seeds are the least"
    compared = f"{plural(seeds, 'seed')}, {plural(tests, 'comparison')}"
    if deviation is not None:
        return (
            f"{compared}, deviation {deviation:g}: gains above {gain * deviation:.1f} points are "
            "found in four of five studies"
        )
    low, high = (gain * value for value in _USUAL)
    return (
        f"{compared}: a gain of {gain:.1f} standard deviations between seeds is found in four of "
        f"five studies. On small data sets that is {low:.1f} to {high:.1f} points of mAP50-95."
    )


def cost_lines(plan: StudyPlan) -> Iterator[str]:
    """Say what a training step took, and what the study is estimated to take from that."""
    steps = {v.name: v.step for v in plan.variants if v.step is not None and not v.same_as}
    if plan.timed is None or not steps:
        return
    timed = plan.timed
    slow, fast = max(steps.values()), min(steps.values())
    each = f"{fast:,.0f}" if f"{fast:,.0f}" == f"{slow:,.0f}" else f"{fast:,.0f} to {slow:,.0f}"
    yield (
        f"measured: a training step takes {each} ms per image on {timed.device_name} "
        f"({timed.device}): forward and backward of {plural(timed.step_images, 'image')} at "
        f"{timed.imgsz} px with a made-up loss, without optimizer, data loading and validation"
    )
    hours = training_seconds(plan)
    if hours is None:
        yield (
            "no estimate of the whole: the training images are not found here; 1,000 of them take "
            f"{duration(slow)} an epoch"
        )
        return
    text = (
        f"estimated: {duration(hours)} for {plural(len(plan.runs), 'run')} one after another on "
        f"such a device, at the least; {timed.images:,} training images"
    )
    if untimed := [v.name for v in plan.variants if v.step is None and not v.same_as]:
        verb = "was" if len(untimed) == 1 else "were"
        text += f"; {one_of(untimed)} {verb} not timed and counted as the slowest of the others"
    yield text


def training_seconds(plan: StudyPlan) -> float | None:
    """Return the time of all training steps of the study, one run after another.

    A variant that could not be timed counts as the slowest of the others.
    """
    if plan.timed is None or plan.timed.images is None:
        return None
    trained = [variant for variant in plan.variants if not variant.same_as]
    slowest = max((item.step or 0.0 for item in trained), default=0.0)
    each = [(item.step or slowest) / 1000 * plan.timed.images * item.epochs for item in trained]
    return sum(each) * len(plan.seeds)


def plan_data(plan: StudyPlan, folder: Path, deviation: float | None) -> dict[str, Any]:
    gain = detectable_gain(len(plan.seeds), max(1, len(plan.comparisons)))
    return {
        "folder": display(folder),
        "variants": [variant._asdict() for variant in plan.variants],
        "runs": list(plan.runs),
        "timed": plan.timed._asdict() if plan.timed else None,
        "estimated_seconds": training_seconds(plan),
        "seed": plan.seed._asdict(),
        "detectable_deviations": gain,
        "detectable_points": None if gain is None or deviation is None else gain * deviation,
    }


def status_lines(runs: Sequence[RunStatus]) -> Iterator[str]:
    rows = [
        [
            run.plan.name,
            run.state,
            f"{run.rows[-1].epoch if run.rows else 0}/{run.plan.epochs}",
            f"{run.rows[-1].map:.1f}" if run.rows else "",
            run.why or run.host,
        ]
        for run in runs
    ]
    yield from table(["run", "state", "epoch", "mAP50-95", ""], rows, right=(2, 3))
    counts = {state: sum(run.state == state for run in runs) for state in _STATES}
    yield ", ".join(f"{count} {state}" for state, count in counts.items() if count)


_STATES = ("done", "running", "cut off", "failed", "waiting")


def status_data(runs: Sequence[RunStatus]) -> dict[str, Any]:
    return {
        "runs": [
            {
                "run": run.plan.name,
                "variant": run.plan.variant,
                "seed": run.plan.seed,
                "state": run.state,
                "epoch": run.rows[-1].epoch if run.rows else 0,
                "epochs": run.plan.epochs,
                "map": run.rows[-1].map if run.rows else None,
                "why": run.why,
                "host": run.host,
            }
            for run in runs
        ]
    }
