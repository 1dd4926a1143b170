"""The HTML report of a study: plots where their library is, figures from the variants' YAMLs."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from yamlmod.errors import Refusal
from yamlmod.study.plots import Plot, plots
from yamlmod.study.report import StudyReport
from yamlmod.study.report_page import ChangeFigure, as_page
from yamlmod.usecases.study_figures import change_elements

# A page with more is slow to open; all are in `variants`.
_MOST = 40


class StudyPage(NamedTuple):
    """The page, and what is missing from it."""

    text: str
    notes: tuple[str, ...]


def study_page(folder: Path, report: StudyReport) -> StudyPage:
    """Return the page; what cannot be drawn is left out, and the page says so."""
    notes = []
    drawn: list[Plot] = []
    try:
        drawn = plots(report)
    except Refusal as error:
        notes.append(f"there are no plots: {error.message} ({error.hint})")
    changes: list[ChangeFigure] = []
    without = []
    more = False
    for variant, svg in change_elements(folder, [line.facts for line in report.lines]):
        if len(changes) == _MOST:
            more = True
            break
        if svg:
            changes.append(ChangeFigure(variant.name, svg))
        else:
            without.append(variant.name)
    if without:
        notes.append(f"without a figure, because its YAML cannot be drawn: {', '.join(without)}")
    if more:
        notes.append(f"the first {_MOST} changes are shown; all figures are in variants/")
    return StudyPage(as_page(report, drawn, changes, notes), tuple(notes))
