"""Find model YAMLs and Python files of a repository, within limits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.folders import BUILT, INSTALLED, RUNS
from yamlmod.workspace.overlay_tree import OverlayTree
from yamlmod.workspace.tree import Tree
from yamlmod.workspace.walk import Walk

# Environments, caches and the outcome of training runs are no part of the fork.
_NOT = INSTALLED | BUILT | RUNS
_LIMIT = 500_000
_MOST = 3_000


def model_yamls(tree: Tree) -> Iterator[tuple[str, str]]:
    """Yield path and text of every file that has the tables of a model YAML, by path."""
    for path in _files(tree, (".yaml", ".yml")):
        text = _text(tree, path)
        if "backbone:" in text and "head:" in text:
            yield path, text
    if isinstance(tree, OverlayTree):
        yield from tree.models()


def python_files(tree: Tree) -> Iterator[tuple[str, str]]:
    """Yield path and text of every Python file, by path."""
    for path in _files(tree, (".py",)):
        yield path, _text(tree, path)


def leftovers(tree: Tree) -> list[str]:
    """Return temporary files of yamlmod that no journal speaks of any more."""
    return [path for path in _files(tree, (".tmp",)) if Path(path).name.startswith(".yamlmod-")]


def _files(tree: Tree, endings: tuple[str, ...]) -> list[str]:
    walk = Walk()
    found = walk.files(tree.root, _enters, endings)
    # No fork has more: a folder of forks, or the whole disk.
    paths = [path.relative_to(tree.root).as_posix() for path, _ in islice(found, _MOST)]
    for error in walk.unreadable:
        tree.note_unreadable(error)
    own = tree.manifest.files if isinstance(tree, OverlayTree) else ()
    return sorted({*paths, *(path for path in own if path.endswith(endings))})


def _enters(folder: Path, name: str) -> bool:
    hidden = name.startswith(".") and name != ".github"
    return not hidden and name not in _NOT and not os.path.lexists(folder / name / "pyvenv.cfg")


def _text(tree: Tree, path: str) -> str:
    try:
        return tree.read(path, _LIMIT) or ""
    except Refusal as error:
        if error.code == "unreadable":
            tree.note_unreadable(error)
        return ""  # not UTF-8, too large, of no use: none that yamlmod has to do with
