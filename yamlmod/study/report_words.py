"""Word what a report allows to say."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.errors import one_of, plural
from yamlmod.study.family import families
from yamlmod.study.report import StudyReport, VariantLine
from yamlmod.study.statistics import FEWEST, LEVEL, MeanDifference
from yamlmod.study.variant_names import IDENTITY, STOCK

_MOST_NAMES = 6
# By the `init` of a study file.
_STARTS = {
    IDENTITY: "New layers start as the identity in {}.",
    STOCK: "The weights of {} are those of the base as they are: layers get them by their numbers.",
}


def sentences(report: StudyReport) -> Iterator[str]:
    """Yield the paragraph under the table; nothing in it depends on which variant came out best."""
    yield from _on_runs(report)
    yield from _on_variants(report)
    yield from _on_seeds(report)
    for line in report.lines:
        if line.against_base is not None:
            yield _against(line, line.against_base, "the base")
        if line.against_placebo is not None:
            yield _against(line, line.against_placebo, "its placebo")
        if _may_be_the_positions(line):
            yield (
                f"So what {line.facts.name} inserts is not shown to make its difference to the "
                "base: the positions alone may do."
            )
    yield from _on_tests(report)


def _on_runs(report: StudyReport) -> Iterator[str]:
    if report.unfinished:
        named = [
            f"{run.plan.name} ({run.state}{f': {run.why}' if run.why else ''})"
            for run in report.unfinished
        ]
        yield (
            f"{plural(len(named), 'run')} of {len(report.plan.runs)} not finished: "
            f"{one_of(named, _MOST_NAMES)}."
        )
    if any(run.state == "failed" for run in report.unfinished):
        yield (
            "Means are those of the finished runs: if a variant makes runs fail, its mean does "
            "not show it."
        )
    if report.stopped_early:
        count = plural(len(report.stopped_early), "run")
        yield f"{count} stopped early: their last epoch is the one after which they stopped."


def _on_variants(report: StudyReport) -> Iterator[str]:
    for variant in report.plan.variants:
        if variant.same_as:
            yield (
                f"{variant.name} is the same network as {variant.same_as}, with the same code and "
                "options: it was trained once and has no line."
            )
    for init, sentence in _STARTS.items():
        started = [line.facts.name for line in report.lines if line.facts.init == init]
        if started:
            yield sentence.format(one_of(started))
    wrong = [line.facts.name for line in report.lines if line.facts.verified == "FAIL"]
    if wrong:
        yield f"`verify` fails for {one_of(wrong)}; the study file has it trained anyway."
    base = report.lines[0].facts
    for line in report.lines[1:]:
        if line.facts.epochs != base.epochs:
            yield (
                f"{line.facts.name} trains {plural(line.facts.epochs, 'epoch')} and the base "
                f"{base.epochs}: its difference includes that."
            )


def _on_seeds(report: StudyReport) -> Iterator[str]:
    base = report.lines[0]
    if report.plan.seed.counts is False:
        start = (
            "The seed does" if report.plan.seed.is_proven else "As its code is read, the seed does"
        )
        yield (
            f"{start} not reach the batches of this training, so runs differ less than they "
            "would with other data: the spread is too small, and so are intervals and p values."
        )
    if report.is_zero:
        yield (
            "Every mAP50-95 is 0: the networks detect nothing after these epochs, so nothing can "
            "be compared. Train for more epochs."
        )
    if report.twins:
        pairs = [f"{one} and {two}" for one, two in report.twins]
        yield (
            f"Equal metrics in every epoch: {one_of(pairs, _MOST_NAMES)}. What should tell these "
            "runs apart (seed, component) seems not to reach the training."
        )
    for name in () if report.is_zero else report.constant:
        yield (
            f"All seeds of {name} gave exactly the same value: if the seed does not reach its "
            "training, the spread is not known, and no difference to it can be tested."
        )
    if len(report.lines) == 1:
        yield "The base is the only variant: there is nothing to compare."
    elif not base.map.n:
        yield "The base has no finished run: nothing can be compared with it."
    few = [line for line in report.lines if 0 < line.map.n < FEWEST]
    if few:
        counts = [f"{line.facts.name} has {line.map.n}" for line in few]
        yield (
            f"Below {FEWEST} seeds the spread is hardly known, so no p value and no interval is "
            f"given: {one_of(counts, _MOST_NAMES)}."
        )
    if report.detectable and base.map.deviation is not None:
        yield (
            f"The base's mAP50-95 varies by {base.map.deviation:.2f} points between "
            f"{plural(base.map.n, 'seed')} (standard deviation). If that is the true spread, "
            f"a gain of {report.detectable:.1f} points is found in four of five studies like this "
            "one; a smaller one is mostly missed."
        )


def _on_tests(report: StudyReport) -> Iterator[str]:
    if report.tests:
        corrected = f", corrected for {report.tests} comparisons (Holm)"
        yield (
            f"p values are Welch's{corrected if report.tests > 1 else ''}; each 95 % interval is "
            "for one comparison by itself."
        )
    if report.tests and report.unfinished:
        yield (
            "They are preliminary: looking again and again until one is small finds differences "
            "that do not exist."
        )
    yield from _on_latency(report)
    compared = any(line.against_base or line.against_placebo for line in report.lines)
    yield (
        f"{'Compared' if compared else 'Shown'} is the last epoch; the best epoch is chosen on the "
        "set that it is measured on."
    )
    column = next((f.columns[-1] for f in families() if f.name == report.plan.family), "")
    where = f" (mAP50-95 is {column} of a results.csv)" if column else ""
    yield f"P, R and mAP are what the fork's own code wrote after each epoch{where}, in percent."


def _on_latency(report: StudyReport) -> Iterator[str]:
    timed = report.plan.timed
    if timed is None or not any(line.facts.latency for line in report.lines):
        return
    yield (
        f"Latency is the median of {timed.rounds} forward passes of one image at {timed.imgsz} px "
        f"on {timed.device_name} ({timed.device}), base and variants in turn; in brackets the "
        "change from the base, measured in the same minutes."
    )
    if any(line.facts.base_latency and not line.facts.latency_differs for line in report.lines):
        yield "~: the quartiles overlap, so no difference in latency was shown."
    without = [line.facts.name for line in report.lines if not line.facts.latency]
    if without:
        yield (
            f"Without a latency: {one_of(without, _MOST_NAMES)}; a patch may change the base's own "
            "layers, or the measurement failed."
        )


def _may_be_the_positions(line: VariantLine) -> bool:
    base, placebo = line.against_base, line.against_placebo
    if base is None or placebo is None or placebo.corrected is None:
        return False
    return base.is_shown and not placebo.is_shown


def _against(line: VariantLine, difference: MeanDifference, other: str) -> str:
    start = f"{line.facts.name} against {other}: {signed(difference.value)} points"
    if difference.low is None or difference.high is None or difference.corrected is None:
        return f"{start} ({plural(line.map.n, 'seed')})."
    interval = f"95 % interval {signed(difference.low)} to {signed(difference.high)}"
    verdict = "a difference" if difference.is_shown else "no difference is shown"
    p = p_word(difference.corrected)
    return f"{start} ({interval}, p {p if 'below' in p else f'= {p}'}): {verdict}."


def signed(value: float) -> str:
    """Spell a difference in points; one that rounds to nothing has no minus."""
    return f"{round(value, 2) + 0.0:+.2f}"


def p_word(p: float) -> str:
    """Spell p so that it is on the same side of 5 % as the number itself."""
    if p < 0.001:
        return "below 0.001"
    text = f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
    return "just below 0.05" if p < LEVEL <= float(text) else text
