"""A fork with the parse function that a command means."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from yamlmod.errors import Refusal
from yamlmod.fork.parser.locate import ForkFacts, cfg_folders, locate
from yamlmod.fork.patch.plan import Plan
from yamlmod.usecases.model_file import Target, open_target
from yamlmod.workspace.files import FileChange, real_path
from yamlmod.workspace.tree import Tree


class LocatedFork(NamedTuple):
    """A repository and one parse function of it."""

    tree: Tree
    fork: ForkFacts

    @property
    def shown(self) -> str:
        return self.tree.shown(".")

    def open_model(self, cfg: Path) -> Target:
        """Find and read a model YAML: in the current folder, in the fork, where its YAMLs are."""
        return open_target(cfg, self.cfg_folders())

    def cfg_folders(self) -> list[Path]:
        root = self.tree.root
        return [root, *(root / name for name in cfg_folders(*self))]


def open_fork(repo: Path, target: str = "", dialect: str = "") -> LocatedFork:
    """Locate a fork. Raises Refusal where REPO has no such parse function, or several."""
    tree = Tree(repo)
    return LocatedFork(tree, locate(tree, target, dialect))


class PlannedPatch(NamedTuple):
    """What a patch would do to a fork: nothing is written."""

    located: LocatedFork
    plan: Plan

    def changes(self, written: bool = True) -> list[FileChange]:
        """Return the file changes; a file that a link leads out of the repository is refused.

        What will be ``written`` is read by libcst first; a preview does without its import.
        """
        tree = self.located.tree
        for path in self.plan.texts:
            _refuse_outside(tree, path)
        if written:
            self._read_again()
        return [
            tree.removal(path) if text is None else tree.change(path, text)
            for path, text in self.plan.texts.items()
        ]

    def _read_again(self) -> None:
        from yamlmod.fork.patch.second_reading import check_second_reading

        tree = self.located.tree
        for path, text in self.plan.texts.items():
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
