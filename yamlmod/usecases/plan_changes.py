"""A fork's plan as file changes."""

from __future__ import annotations

from yamlmod.errors import Refusal
from yamlmod.fork.patch.plan import Plan
from yamlmod.workspace.files import FileChange, real_path
from yamlmod.workspace.tree import Tree


def changes_of(tree: Tree, plan: Plan, written: bool) -> list[FileChange]:
    """Return the file changes of a plan; a file that a link leads out of the tree is refused.

    What will be written is read by libcst first; a preview does without its import.
    """
    for path in plan.texts:
        _refuse_outside(tree, path)
    if written:
        _read_again(tree, plan)
    return [
        tree.removal(path) if text is None else tree.change(path, text)
        for path, text in plan.texts.items()
    ]


def _read_again(tree: Tree, plan: Plan) -> None:
    from yamlmod.fork.patch.second_reading import check_second_reading

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
