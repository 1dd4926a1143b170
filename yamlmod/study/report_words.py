"""Word what a report allows to say."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.errors import one_of, plural
from yamlmod.study.report import StudyReport, VariantLine
from yamlmod.study.statistics import FEWEST, MeanDifference
from yamlmod.study.variant_names import BASE


def sentences(report: StudyReport) -> Iterator[str]:
    """Yield the paragraph under the table; nothing in it depends on which variant came out best."""
    base = next(line for line in report.lines if line.facts.name == BASE)
    if report.missing:
        yield f"{plural(len(report.missing), 'run')} of {len(report.plan.runs)} not finished."
    if report.stopped_early:
        count = plural(len(report.stopped_early), "run")
        yield f"{count} stopped early: their last epoch is the one after which they stopped."
    if report.plan.seed.counts is False:
        yield (
            "The seed does not reach the batches of this training, so runs differ less than they "
            "would with other data: the spread is too small, and so are intervals and p values."
        )
    started = [line.facts.name for line in report.lines if line.facts.init]
    if started:
        yield f"New layers start as the identity in {one_of(started)}."
    for name in report.constant:
        yield (
            f"All seeds of {name} gave exactly the same value: if the seed does not reach its "
            "training, the spread is not known, and no difference to it can be tested."
        )
    if not base.map.n:
        yield "The base has no finished run: nothing can be compared."
        return
    if base.map.n < FEWEST:
        yield (
            f"The base has {plural(base.map.n, 'finished run')}. Below {FEWEST} seeds the spread "
            "is hardly known, so no p value and no interval is given."
        )
    if report.detectable:
        yield (
            f"The base's mAP50-95 varies by {base.map.deviation:.2f} points between "
            f"{plural(base.map.n, 'seed')} (standard deviation). If that is the true spread, "
            f"a gain of {report.detectable:.1f} points is found in four of five studies like this "
            "one; a smaller one is mostly missed."
        )
    for line in report.lines:
        if line.against_base is not None:
            yield _against(line, line.against_base, "the base")
        if line.against_placebo is not None:
            yield _against(line, line.against_placebo, "its placebo")
    if report.tests:
        corrected = f", corrected for {report.tests} comparisons (Holm)"
        yield (
            f"p values are Welch's{corrected if report.tests > 1 else ''}; each 95 % interval is "
            "for one comparison by itself."
        )
    yield "Compared is the last epoch; the best epoch is chosen on the set that it is measured on."


def _against(line: VariantLine, difference: MeanDifference, other: str) -> str:
    start = f"{line.facts.name} against {other}: {difference.value:+.2f} points"
    if difference.low is None or difference.high is None or difference.corrected is None:
        return f"{start} ({plural(line.map.n, 'seed')})."
    interval = f"95 % interval {difference.low:+.2f} to {difference.high:+.2f}"
    verdict = "a difference" if difference.is_shown else "no difference is shown"
    return f"{start} ({interval}, p = {p_word(difference.corrected)}): {verdict}."


def p_word(p: float) -> str:
    return "below 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
