"""The last step of every command that edits a model YAML."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yamlmod.cli.bundles import ModelWriteOptions
from yamlmod.cli.finish import Report, finish
from yamlmod.ops.outcome import Outcome
from yamlmod.ops.summary import outcome_lines, outcome_warnings
from yamlmod.usecases.model_file import Target
from yamlmod.workspace.files import FileChange

if TYPE_CHECKING:
    from yamlmod.usecases.next_steps import WrittenModel


def finish_yaml(
    command: str,
    target: Target,
    outcome: Outcome,
    to: ModelWriteOptions,
    notes: tuple[str, ...] = (),
) -> None:
    """Show or write an edit; ``notes`` are on the command's arguments and on the fork."""
    change = target.change(outcome.text, to.output, to.force)
    report = outcome_report(command, outcome, (*to.notes, *notes))
    if target.scale:
        report = report._replace(lines=[target.edit_note, *report.lines])
    report = report.before(lambda: _next_steps(target, outcome, change.path))
    figure = figure_of(outcome, to.draw, to.force, target.scale)
    finish([change], report, to, target.file.path.parent, figure=figure)


def _next_steps(target: Target, outcome: Outcome, path: Path) -> list[str]:
    # Here and not at the top: a preview has none.
    from yamlmod.usecases.next_steps import after_model

    return after_model(written_model(target, outcome, path))


def figure_of(outcome: Outcome, path: Path | None, force: bool, scale: str) -> FileChange | None:
    """Return the write of the figure that --draw asks for."""
    if path is None:
        return None
    # Here and not at the top: most edits draw nothing.
    from yamlmod.usecases.draw import draw_difference

    return draw_difference(outcome.model, outcome.text, path, force, scale)


def written_model(target: Target, outcome: Outcome, path: Path) -> WrittenModel:
    from yamlmod.usecases.next_steps import WrittenModel

    moved = any(old != new for old, new in enumerate(outcome.mapping))
    scaled = "scales" in target.model.document.settings
    scale = target.scale or ("n" if scaled else "")
    return WrittenModel(target.file.path, path, [*new_modules(outcome)], moved, scale)


def new_modules(outcome: Outcome) -> Iterator[str]:
    """Yield the classes that rows name now, and did not before; the new text is parsed first."""
    from yamlmod.model.document import parse_document

    document = outcome.model.document
    old = {row.module for row in document.rows}
    names = (row.module for row in parse_document(outcome.text, document.shown).rows)
    yield from (name for name in dict.fromkeys(names) if name not in old)


def outcome_report(command: str, outcome: Outcome, notes: tuple[str, ...] = ()) -> Report:
    """Return the summary of an outcome, for a person and as data."""
    lines = [f"{command} in {outcome.model.document.shown}:", *outcome_lines(outcome)]
    lines += [f"  note: {note}" for note in notes]
    data = {**_data(outcome), "notes": list(notes)}
    return Report(command, lines, outcome_warnings(outcome), data)


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
