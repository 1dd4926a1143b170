"""The Python half of a command: a fork's plan as changes, and what to tell about it."""

from __future__ import annotations

from yamlmod.cli.finish import Report
from yamlmod.errors import Refusal
from yamlmod.fork.locate import Fork
from yamlmod.fork.plan import Plan
from yamlmod.model.refs import SpellingRule
from yamlmod.workspace.files import Change, Tree


def changes_of(tree: Tree, plan: Plan) -> list[Change]:
    """Return the file changes of a plan."""
    return [tree.change(path, text) for path, text in plan.texts.items()]


def plan_report(command: str, tree: Tree, plan: Plan) -> Report:
    """Return the summary of a plan, for a person and as data."""
    lines = [f"{command} {tree.shown('.')}:", *plan_lines(plan)]
    return Report(command, lines, (), plan_data(plan))


def plan_lines(plan: Plan) -> list[str]:
    """Return one line for each step and note."""
    return [f"  {step.text}" for step in plan.steps] + [f"  note: {note}" for note in plan.notes]


def plan_data(plan: Plan) -> dict[str, object]:
    """Return a plan's steps and notes as plain data."""
    steps = [{"kind": s.kind, "path": s.path, "line": s.line, "text": s.text} for s in plan.steps]
    return {"steps": steps, "notes": list(plan.notes)}


def spelling_of(fork: Fork) -> SpellingRule:
    """Return which `from` spellings the fork's parse_model reads right."""
    return SpellingRule(fork.single_positive_ok, fork.negative_in_list_ok, fork.negative_in_head_ok)


def refuse_index_offset(fork: Fork, tree: Tree) -> None:
    """Refuse a parser whose layer numbers are not the rows': no reference could be proven."""
    if fork.index_offset:
        raise Refusal(
            "offset-indices",
            f"{fork.function.name} in {tree.shown(fork.yolo)} gives layers other "
            "numbers than their rows have (one row becomes several layers), so no reference can "
            "be proven",
            hint="patch the Python half alone with `yamlmod patch` and write the row by hand",
        )
