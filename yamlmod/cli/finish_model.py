"""The last step of every command that edits a model YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from yamlmod.cli.bundles import ModelWriteOptions
from yamlmod.cli.finish import Report, finish
from yamlmod.ops.outcome import Outcome
from yamlmod.ops.summary import outcome_lines, outcome_warnings
from yamlmod.usecases.model_file import Target
from yamlmod.workspace.files import FileChange


def finish_yaml(command: str, target: Target, outcome: Outcome, to: ModelWriteOptions) -> None:
    change = target.change(outcome.text, to.output, to.force)
    report = outcome_report(command, outcome)
    if target.scale:
        report = report._replace(lines=[target.edit_note, *report.lines])
    figure = figure_of(outcome, to.draw, to.force, target.scale)
    finish([change], report, to, target.file.path.parent, figure=figure)


def figure_of(outcome: Outcome, path: Path | None, force: bool, scale: str) -> FileChange | None:
    """Return the write of the figure that --draw asks for."""
    if path is None:
        return None
    # Here and not at the top: most edits draw nothing.
    from yamlmod.usecases.draw import draw_difference

    return draw_difference(outcome.model, outcome.text, path, force, scale)


def outcome_report(command: str, outcome: Outcome) -> Report:
    """Return the summary of an outcome, for a person and as data."""
    lines = [f"{command} in {outcome.model.document.shown}:", *outcome_lines(outcome)]
    return Report(command, lines, outcome_warnings(outcome), _data(outcome))


def _data(outcome: Outcome) -> dict[str, Any]:
    return {
        "cfg": outcome.model.document.shown,
        "inserted": [layer._asdict() for layer in outcome.inserted],
        "removed": list(outcome.removed),
        "replaced": list(outcome.replaced),
        "told": list(outcome.told),
        "consumers": [consumer._asdict() for consumer in outcome.consumers],
        "references": outcome.renumbered,
        "comments": outcome.comments,
        "wrong_comments": [comment._asdict() for comment in outcome.wrong_comments],
    }
