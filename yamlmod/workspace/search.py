"""The files of a repository that are worth a look: model YAMLs and Python files, within limits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.workspace.files import Tree

# Environments, caches and the outcome of training runs are no part of the fork.
_NOT = {"__pycache__", "node_modules", "site-packages", "runs", "wandb", "build", "dist"}
_LIMIT = 500_000
_MOST = 3_000


def model_yamls(tree: Tree) -> Iterator[tuple[str, str]]:
    """Yield path and text of every file that has the tables of a model YAML, by path."""
    for path in _files(tree.root, (".yaml", ".yml")):
        text = _text(tree, path)
        if "backbone:" in text and "head:" in text:
            yield path, text


def python_files(tree: Tree) -> Iterator[tuple[str, str]]:
    """Yield path and text of every Python file, by path."""
    for path in _files(tree.root, (".py",)):
        yield path, _text(tree, path)


def leftovers(root: Path) -> list[str]:
    """Return temporary files of yamlmod that no journal speaks of any more."""
    return [path for path in _files(root, (".tmp",)) if Path(path).name.startswith(".yamlmod-")]


def _files(root: Path, endings: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    for folder, inner, names in os.walk(root):
        here = Path(folder)
        inner[:] = [name for name in inner if _enters(here, name)]
        for name in names:
            if name.endswith(endings) and (here / name).is_file():
                found.append((here / name).relative_to(root).as_posix())
        if len(found) > _MOST:
            break  # no fork is that large: a folder of forks, or the whole disk
    return sorted(found)


def _enters(folder: Path, name: str) -> bool:
    hidden = name.startswith(".") and name != ".github"
    return not hidden and name not in _NOT and not (folder / name / "pyvenv.cfg").exists()


def _text(tree: Tree, path: str) -> str:
    try:
        if (tree.root / path).stat().st_size > _LIMIT:
            return ""
        return tree.read(path) or ""
    except (OSError, Refusal):
        return ""  # not UTF-8, not readable: none that yamlmod has to do with
