"""A report as one HTML file: the table, what it says, plots, and figures of the changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from yamlmod.errors import plural
from yamlmod.report.grids import html, html_text
from yamlmod.study.plots import Plot
from yamlmod.study.report import StudyReport
from yamlmod.study.report_table import report_grid
from yamlmod.study.report_words import sentences

# Nothing is fetched and nothing runs, whatever a file of the study holds.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """\
body { margin: 0 auto; padding: 1rem 1.5rem; max-width: 76rem; color: #1a1a1a; background: #fff;
  font: 15px/1.5 "DejaVu Sans", "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", sans-serif; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
p, figcaption, li { max-width: 46rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; }
th, td { padding: 4px 8px; text-align: center; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
th { border-top: 2px solid #1a1a1a; border-bottom: 1px solid #1a1a1a; vertical-align: bottom; }
tbody tr:last-child td { border-bottom: 2px solid #1a1a1a; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 1rem 0 2rem; } figcaption { font-size: 13px; color: #444; }
figure.change { border-top: 1px solid #ddd; padding-top: .5rem; }
@media print { body { max-width: none; } figure { break-inside: avoid; } }
"""


class ChangeFigure(NamedTuple):
    """What a variant changes, as the element of an SVG."""

    name: str
    svg: str


def as_page(
    report: StudyReport,
    plots: Sequence[Plot],
    figures: Sequence[ChangeFigure],
    notes: Sequence[str],
) -> str:
    """Return a page that works from a file; the same input gives the same bytes."""
    title = html_text(report.plan.name)
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en"><!-- yamlmod study report -->',
        '<head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{title}</title>",
        f"<style>{_STYLE}</style></head>",
        f"<body><h1>{title}</h1>",
        f"<p>{html_text(_scope(report))}</p>",
        f'<div class="wide">{html(report_grid(report))}</div>',
        *_prose(report, notes),
        *_plots(plots),
        *_figures(figures),
        "</body></html>",
    ]
    return "\n".join(lines) + "\n"


def _scope(report: StudyReport) -> str:
    seeds = plural(len(report.plan.seeds), "seed")
    done = f"{len(report.done)} of {plural(len(report.plan.runs), 'run')}"
    return f"{plural(len(report.lines), 'variant')}, {seeds}, {done} with a value."


def _prose(report: StudyReport, notes: Sequence[str]) -> Iterator[str]:
    yield "<h2>What can be said</h2>"
    yield "<ul>"
    for sentence in sentences(report):
        yield f"<li>{html_text(sentence)}</li>"
    for note in notes:
        yield f"<li>Note: {html_text(note)}.</li>"
    yield "</ul>"


def _plots(plots: Sequence[Plot]) -> Iterator[str]:
    for plot in plots:
        yield f"<h2>{html_text(plot.title)}</h2>"
        caption = f"<figcaption>{html_text(plot.caption)}</figcaption>"
        yield f'<figure><div class="wide">{plot.svg}</div>{caption}</figure>'


def _figures(figures: Sequence[ChangeFigure]) -> Iterator[str]:
    if figures:
        yield "<h2>What the variants change</h2>"
    for figure in figures:
        caption = f"<figcaption>{html_text(figure.name)}</figcaption>"
        yield f'<figure class="change">{caption}<div class="wide">{figure.svg}</div></figure>'
