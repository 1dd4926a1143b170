"""A fork with the parse function that a command means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from yamlmod.errors import Refusal
from yamlmod.fork.parser.locate import ForkFacts, cfg_folders, locate
from yamlmod.fork.patch.plan import Plan
from yamlmod.usecases.installed import in_place_note, open_tree, refuse_in_place
from yamlmod.usecases.model_file import Target, open_target
from yamlmod.usecases.overlay_plan import overlay_changes, package_changes
from yamlmod.workspace.files import FileChange, real_path
from yamlmod.workspace.home import is_installed
from yamlmod.workspace.overlay_folder import MODELS, ModuleWord
from yamlmod.workspace.overlay_tree import OverlayTree
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
        own = [self.tree.folder / MODELS] if isinstance(self.tree, OverlayTree) else []
        return [*own, root, *(root / name for name in cfg_folders(*self))]


def open_fork(
    repo: Path, target: str = "", dialect: str = "", python: str | None = None
) -> LocatedFork:
    """Locate a fork: in a folder, in an installed package by its name, or with an overlay.

    Raises Refusal where REPO has no such parse function, or several.
    """
    return located_in(open_tree(repo, python), target, dialect)


def located_in(tree: Tree, target: str = "", dialect: str = "") -> LocatedFork:
    """Locate a parse function; an overlay remembers what it was made with, and keeps the new."""
    if isinstance(tree, OverlayTree):
        target, dialect = target or tree.manifest.target, dialect or tree.manifest.dialect
        tree.manifest = tree.manifest._replace(target=target, dialect=dialect)
    return LocatedFork(tree, locate(tree, target, dialect))


class PlannedPatch(NamedTuple):
    """What a patch would do to a fork: nothing is written."""

    located: LocatedFork
    plan: Plan
    # What an overlay remembers of the modules, and the files of the user's own ones.
    modules: tuple[ModuleWord, ...] = ()
    dropped: tuple[str, ...] = ()
    sources: Mapping[str, bytes] = MappingProxyType({})

    def changes(self, written: bool = True, in_place: bool = False) -> list[FileChange]:
        """Return the file changes; a file that a link leads out of the repository is refused.

        What will be ``written`` is read by libcst first; a preview does without its import.
        ``in_place`` permits to patch an installed package itself.
        """
        tree = self.located.tree
        if isinstance(tree, OverlayTree):
            if written:
                self._read_again()
            return overlay_changes(tree, self.plan.texts, self.modules, self.dropped, self.sources)
        if not in_place:
            refuse_in_place(tree)
        for path in self.plan.texts:
            _refuse_outside(tree, path)
        if written:
            self._read_again()
        return [
            tree.removal(path) if text is None else tree.change(path, text)
            for path, text in self.plan.texts.items()
        ]

    def in_place_notes(self) -> list[str]:
        """Return what becomes of a patch of an installed package."""
        tree = self.located.tree
        if isinstance(tree, OverlayTree) or not is_installed(real_path(tree.root)):
            return []
        return [in_place_note(real_path(tree.root).name)]

    def shown_changes(self, extra: Sequence[FileChange] = ()) -> list[FileChange] | None:
        """Return what a diff shows for an overlay: the patch as if it were made in the package."""
        tree = self.located.tree
        if not isinstance(tree, OverlayTree):
            return None
        return package_changes(tree, self.plan.texts, extra)

    def repo(self, given: Path) -> Path:
        """Return the REPO of the commands that follow: the overlay, where one is written."""
        tree = self.located.tree
        return tree.folder if isinstance(tree, OverlayTree) else given

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
