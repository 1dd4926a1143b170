"""A report as a table: Markdown, LaTeX, CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from yamlmod.report import grids
from yamlmod.report.grids import Grid
from yamlmod.study.plan_files import VariantFacts
from yamlmod.study.report import StudyReport, VariantLine
from yamlmod.study.report_words import p_word, sentences, signed
from yamlmod.study.statistics import MeanDifference, Sample

_ON = "✓"
_METRICS = ("P", "R", "mAP50", "mAP50-95")


def as_markdown(report: StudyReport) -> str:
    return grids.markdown(report_grid(report)) + "\n" + "\n".join(sentences(report)) + "\n"


def as_latex(report: StudyReport) -> str:
    """Return a tabular that needs no package; the paragraph is a comment above it."""
    return grids.latex(report_grid(report), list(sentences(report)))


def as_csv(report: StudyReport) -> str:
    """Return one line a variant, with numbers at full precision."""
    data = [_data(report, line) for line in report.lines]
    return grids.comma_separated(list(data[0]), [list(item.values()) for item in data])


def as_json(report: StudyReport) -> str:
    data = {
        "study": report.plan.name,
        "seeds": list(report.plan.seeds),
        "variants": [
            _data(report, line) | {"values": list(line.map.values)} for line in report.lines
        ],
        "missing": list(report.missing),
        "failed": {run.plan.name: run.why for run in report.unfinished if run.state == "failed"},
        "detectable": report.detectable,
        "text": list(sentences(report)),
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[StudyReport], str]] = {
    "md": as_markdown,
    "latex": as_latex,
    "csv": as_csv,
    "json": as_json,
}
# A page takes more than the report: the use case makes it.
HTML = "html"
SUFFIXES = {
    ".md": "md",
    ".tex": "latex",
    ".csv": "csv",
    ".json": "json",
    ".html": HTML,
    ".htm": HTML,
}


def report_grid(report: StudyReport) -> Grid:
    components = report.plan.components
    has_latency = any(line.facts.latency for line in report.lines)
    has_placebo = any(line.against_placebo for line in report.lines)
    headers = [
        *("variant", *components, *_METRICS, "best mAP50-95", "n"),
        *("parameters (M)", "GFLOPs", *(["latency (ms)"] if has_latency else [])),
        *("difference to base", "p"),
        *(["difference to placebo"] if has_placebo else []),
    ]
    rows = []
    for line in report.lines:
        facts = line.facts
        samples = (line.precision, line.recall, line.map50, line.map, line.best)
        rows.append(
            [
                facts.name,
                *(_ON if name in facts.components else "" for name in components),
                *(_spread(sample) for sample in samples),
                str(line.map.n),
                "" if facts.parameters is None else f"{facts.parameters / 1e6:.3f}",
                "" if facts.gflops is None else f"{facts.gflops:.1f}",
                *([_latency(facts)] if has_latency else []),
                _difference(line.against_base),
                _p(line.against_base),
                *([_difference(line.against_placebo)] if has_placebo else []),
            ]
        )
    return Grid(headers, rows, range(1 + len(components), len(headers)))


def _latency(facts: VariantFacts) -> str:
    """Spell a latency and its change, which is withheld where the quartiles overlap."""
    if not facts.latency:
        return ""
    text = f"{facts.latency[0]:.1f}"
    if not facts.base_latency:
        return text
    change = 100 * (facts.latency[0] / facts.base_latency[0] - 1)
    return f"{text} ({change:+.0f} %)" if facts.latency_differs else f"{text} (~)"


def _spread(sample: Sample) -> str:
    if not sample.n:
        return ""
    deviation = sample.deviation
    return f"{sample.mean:.1f}" if deviation is None else f"{sample.mean:.1f} ± {deviation:.1f}"


def _difference(difference: MeanDifference | None) -> str:
    if difference is None:
        return ""
    if difference.low is None or difference.high is None:
        return signed(difference.value)
    return f"{signed(difference.value)} ({signed(difference.low)} to {signed(difference.high)})"


def _p(difference: MeanDifference | None) -> str:
    return (
        "" if difference is None or difference.corrected is None else p_word(difference.corrected)
    )


def _data(report: StudyReport, line: VariantLine) -> dict[str, Any]:
    facts, base, placebo = line.facts, line.against_base, line.against_placebo
    data: dict[str, Any] = {"variant": facts.name}
    data |= {name: int(name in facts.components) for name in report.plan.components}
    samples: Sequence[Sample] = (line.precision, line.recall, line.map50, line.map, line.best)
    for name, sample in zip((*_METRICS, "best mAP50-95"), samples, strict=True):
        data[f"{name} mean"] = sample.mean if sample.n else None
        data[f"{name} sd"] = sample.deviation if sample.n else None
    data |= {"n": line.map.n, "parameters": facts.parameters, "gflops": facts.gflops}
    for name, times in (("latency", facts.latency), ("latency of base", facts.base_latency)):
        for part, value in zip(("median", "q1", "q3"), times or (None,) * 3, strict=True):
            data[f"{name} {part} (ms)"] = value
    for name, difference in (("base", base), ("placebo", placebo)):
        data[f"difference to {name}"] = None if difference is None else difference.value
        data[f"low ({name})"] = None if difference is None else difference.low
        data[f"high ({name})"] = None if difference is None else difference.high
        data[f"p ({name})"] = None if difference is None else difference.corrected
    return data
