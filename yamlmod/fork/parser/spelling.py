"""Spell imports as the parse file does."""

from __future__ import annotations

import ast
from pathlib import PurePosixPath

from yamlmod.fork.python.bindings import written
from yamlmod.fork.python.modules import Modules
from yamlmod.fork.python.source import Source


def package_prefix(modules: Modules, parse: Source) -> str:
    """Return what stands before the names of modules beside the parse file, say ``models.``.

    It is read from an import that means a file of the same folder; empty where there is none.
    """
    folder = PurePosixPath(parse.path).parent
    for node in ast.walk(parse.tree):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        path = PurePosixPath(modules.file_of(parse.path, node) or "/")
        if path.name == "__init__.py":
            path = path.parent
        if path.is_relative_to(folder) and path != folder:
            return _without_last(written(node), len(path.relative_to(folder).parts))
    return _prefix_by_name(parse, folder.name)


def _without_last(module: str, count: int) -> str:
    dotted = module.lstrip(".")
    dots = module[: len(module) - len(dotted)]
    return dots + "".join(f"{part}." for part in dotted.split(".")[:-count])


def _prefix_by_name(parse: Source, folder: str) -> str:
    """Return the prefix by an import that names the folder, though its file is not there."""
    for node in ast.walk(parse.tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            parts = written(node).split(".")
            if len(parts) > 1 and parts[-2] == folder:
                return _without_last(written(node), 1)
    return ""
