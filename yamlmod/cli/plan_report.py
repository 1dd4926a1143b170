"""Print the plan of a patch, as text and as data."""

from __future__ import annotations

from collections.abc import Sequence

from yamlmod.cli.finish import Report
from yamlmod.fork.parser.locate import shown_dialect
from yamlmod.usecases.located_fork import PlannedPatch
from yamlmod.workspace.overlay_tree import OverlayTree


def plan_report(command: str, planned: PlannedPatch, notes: Sequence[str] = ()) -> Report:
    """Return the summary of a plan, for a person and as data; ``notes`` are on the arguments."""
    lines = [f"{command} {planned.located.shown}:", *plan_lines(planned)]
    lines += [f"  note: {note}" for note in notes]
    return Report(command, lines, (), plan_data(planned))


def plan_lines(planned: PlannedPatch) -> list[str]:
    """Return the fork's family, and one line for each step and note."""
    (tree, fork), plan = planned.located, planned.plan
    notes = [*_fitting_notes(planned), *(error.message for error in tree.unreadable)]
    if fork.others:
        others = ", ".join(tree.shown(path) for path in fork.others)
        notes.append(f"{others} stays as it is; --target chooses another parse function")
    lines = [shown_dialect(tree, fork), *(step.text for step in plan.steps)]
    return [f"  {line}" for line in lines] + [f"  note: {note}" for note in notes]


def _fitting_notes(planned: PlannedPatch) -> list[str]:
    """Return the notes of a plan; an overlay changes what Python imports, wherever it is."""
    tree, fork = planned.located
    if not isinstance(tree, OverlayTree):
        return list(planned.plan.notes)
    faults = fork.dialect.told_faults(tree, fork.base) if fork.dialect.parse == fork.yolo else ()
    return [note for note in planned.plan.notes if note not in faults]


def plan_data(planned: PlannedPatch) -> dict[str, object]:
    """Return the fork and a plan's steps and notes as plain data."""
    fork, plan = planned.located.fork, planned.plan
    steps = [{"kind": s.kind, "path": s.path, "line": s.line, "text": s.text} for s in plan.steps]
    about = {
        "dialect": fork.dialect.name,
        "parse": fork.yolo,
        "function": fork.function.name,
        "modules": fork.common,
        "others": list(fork.others),
    }
    return {"fork": about, "steps": steps, "notes": list(plan.notes)}
