"""The Python half of a command: a fork's plan as changes, and what to tell about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from yamlmod.cli.finish import Report
from yamlmod.cli.options import Sinks
from yamlmod.errors import Refusal
from yamlmod.fork.locate import Fork, shown_dialect
from yamlmod.fork.plan import Plan
from yamlmod.model.refs import SpellingRule
from yamlmod.workspace.files import Change, real_path
from yamlmod.workspace.tree import Tree

if TYPE_CHECKING:
    from yamlmod.model.network import Network
    from yamlmod.ops.insert import Request


def changes_of(tree: Tree, plan: Plan, sinks: Sinks) -> list[Change]:
    """Return the file changes of a plan; a file that a link leads out of the tree is refused.

    What will be written is read by libcst first; a preview does without its import.
    """
    for path in plan.texts:
        _refuse_outside(tree, path)
    if sinks.writes or sinks.diff is not None:
        _read_again(tree, plan)
    return [
        tree.removal(path) if text is None else tree.change(path, text)
        for path, text in plan.texts.items()
    ]


def _read_again(tree: Tree, plan: Plan) -> None:
    from yamlmod.fork.second_reading import check_second_reading

    for path, text in plan.texts.items():
        if text is not None and path.endswith(".py"):
            check_second_reading(tree.shown(path), tree.read(path) or "", text)


def _refuse_outside(tree: Tree, path: str) -> None:
    real = real_path(tree.root / path)
    if not real.is_relative_to(real_path(tree.root)):
        raise Refusal(
            "outside",
            f"{tree.shown(path)} is a link that leads out of the repository, to {real.as_posix()}",
            hint="put a copy of the file in the link's place, or give the repository it belongs to",
        )


def plan_report(command: str, tree: Tree, fork: Fork, plan: Plan) -> Report:
    """Return the summary of a plan, for a person and as data."""
    lines = [f"{command} {tree.shown('.')}:", *plan_lines(tree, fork, plan)]
    return Report(command, lines, (), plan_data(fork, plan))


def plan_lines(tree: Tree, fork: Fork, plan: Plan) -> list[str]:
    """Return the fork's family, and one line for each step and note."""
    notes = [*plan.notes, *(error.message for error in tree.unreadable)]
    if fork.others:
        others = ", ".join(tree.shown(path) for path in fork.others)
        notes.append(f"{others} stays as it is; --target chooses another parse function")
    lines = [shown_dialect(tree, fork), *(step.text for step in plan.steps)]
    return [f"  {line}" for line in lines] + [f"  note: {note}" for note in notes]


def plan_data(fork: Fork, plan: Plan) -> dict[str, object]:
    """Return the fork and a plan's steps and notes as plain data."""
    steps = [{"kind": s.kind, "path": s.path, "line": s.line, "text": s.text} for s in plan.steps]
    found = {
        "dialect": fork.dialect.name,
        "parse": fork.yolo,
        "function": fork.function.name,
        "modules": fork.common,
        "others": list(fork.others),
    }
    return {"fork": found, "steps": steps, "notes": list(plan.notes)}


def spelling_of(fork: Fork) -> SpellingRule:
    """Return which `from` spellings the fork's parse_model reads right."""
    return SpellingRule(fork.single_positive_ok, fork.negative_in_list_ok, fork.negative_in_head_ok)


def refuse_index_offset(
    fork: Fork,
    tree: Tree,
    text: str,
    shown: str,
    texts: Mapping[str, str | None] | None = None,
    certain: bool = False,
) -> None:
    """Refuse a YAML whose layers get other numbers than its rows: no reference could be proven.

    ``texts`` are the files of the fork as a plan will leave them; ``certain`` lets pass what is
    not known.
    """
    if not fork.index_offset:
        return
    from yamlmod.fork.read.numbering import offset_reason
    from yamlmod.fork.read.opening import reader_of, reader_with
    from yamlmod.fork.read.problems import scales_of
    from yamlmod.model.parse import load_as_fork

    data = load_as_fork(text, shown)
    rows = sum(len(data.get(name) or ()) for name in ("backbone", "head"))
    reader = reader_with(tree, fork, texts) if texts else reader_of(fork)
    for scale in scales_of(data):
        reason = offset_reason(reader.read(data, scale), rows, certain)
        if reason:
            raise _offset_refusal(fork, tree, shown, reason)


@contextmanager
def offset_as_cause(
    fork: Fork,
    tree: Tree,
    model: Network,
    request: Request,
    texts: Mapping[str, str | None] | None = None,
) -> Iterator[None]:
    """Name the numbering where it is why no row fits: behind it every reference leads elsewhere."""
    try:
        yield
    except Refusal:
        if fork.index_offset:
            from yamlmod.ops.insert import plan_insert

            probe = plan_insert(model, replace(request, placed=((),) * len(request.positions)))
            refuse_index_offset(fork, tree, probe.text, model.document.shown, texts, certain=True)
        raise


def _offset_refusal(fork: Fork, tree: Tree, shown: str, reason: str) -> Refusal:
    return Refusal(
        "offset-indices",
        f"{fork.function.name} in {tree.shown(fork.yolo)} can give layers other numbers than "
        f"their rows have; in {shown} {reason}. So no reference can be proven",
        hint="patch the Python half alone with `yamlmod patch` and write the row by hand",
    )
