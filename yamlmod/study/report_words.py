"""Word what a report allows to say."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.errors import plural
from yamlmod.study.report import StudyReport, VariantLine
from yamlmod.study.statistics import FEWEST, Difference
from yamlmod.study.variant_names import BASE


def sentences(report: StudyReport) -> Iterator[str]:
    """Yield the paragraph under the table; nothing in it depends on which variant came out best."""
    base = next(line for line in report.lines if line.facts.name == BASE)
    if report.missing:
        yield f"{plural(len(report.missing), 'run')} of {len(report.plan.runs)} not finished."
    if not base.map.n:
        yield "The base has no finished run: nothing can be compared."
        return
    if base.map.n < FEWEST:
        yield (
            f"The base has {plural(base.map.n, 'finished run')}. Below {FEWEST} seeds the spread "
            "is hardly known, so no p value and no interval is given."
        )
    if report.detectable is not None:
        yield (
            f"The base's mAP50-95 varies by {base.map.deviation:.2f} points between "
            f"{plural(base.map.n, 'seed')} (standard deviation). With this spread and these seeds, "
            f"a gain of {report.detectable:.1f} points or more is found in four of five studies; "
            "a smaller one is mostly missed."
        )
    for line in report.lines:
        if line.against_base is not None:
            yield _against(line, line.against_base, "the base")
            if line.against_placebo is not None:
                yield _against(line, line.against_placebo, "its placebo")
    if report.tests > 1:
        yield f"p values are Welch's, corrected for {report.tests} comparisons (Holm)."


def _against(line: VariantLine, difference: Difference, other: str) -> str:
    start = f"{line.facts.name} against {other}: {difference.value:+.2f} points"
    if difference.low is None or difference.high is None:
        return f"{start} ({plural(line.map.n, 'seed')})."
    interval = f"95 % interval {difference.low:+.2f} to {difference.high:+.2f}"
    if difference.corrected is None:
        return f"{start} ({interval}; the values do not vary, so nothing is tested)."
    verdict = "a difference" if difference.is_shown else "no difference is shown"
    return f"{start} ({interval}, p = {p_word(difference.corrected)}): {verdict}."


def p_word(p: float) -> str:
    return "below 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
