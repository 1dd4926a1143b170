"""Follows a fork's imports from file to file, by name, without running any."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from yamlmod.errors import YamlmodError
from yamlmod.fork.files import Files
from yamlmod.fork.python.bindings import ImportNode, statements
from yamlmod.fork.python.source import Source, read_source

_DEPTH = 6


@dataclass(frozen=True, eq=False)
class Found:
    """A class definition, and the file it stands in."""

    source: Source
    node: ast.ClassDef


def find_class(files: Files, source: Source, name: str, depth: int = _DEPTH) -> Found | None:
    """Return the class that ``name`` means in a file: its own, or one it imports."""
    for node, _ in reversed(list(statements(source.tree))):
        if isinstance(node, ast.ClassDef) and node.name == name:
            return Found(source, node)
        if not isinstance(node, ast.ImportFrom) or depth == 0:
            continue
        for alias in node.names:
            if alias.name != "*" and (alias.asname or alias.name) != name:
                continue
            wanted = name if alias.name == "*" else alias.name
            other = _read_first(files, source.path, node)
            found = other and find_class(files, other, wanted, depth - 1)
            if found:
                return found
    return None


def is_inside(files: Files, root: str) -> bool:
    """Return whether the fork brings a top-level module or package of this name."""
    patterns = (f"{root}.py", f"{root}/__init__.py", f"{root}/*.py")
    return any(files.glob(pattern) for pattern in patterns)


def _read_first(files: Files, path: str, node: ImportNode) -> Source | None:
    for candidate in _paths(path, node):
        try:
            found = read_source(files, candidate)
        except YamlmodError:
            return None  # it is nobody's business here that another file cannot be read
        if found is not None:
            return found
    return None


def _paths(path: str, node: ImportNode) -> Iterator[str]:
    """Yield where the module of a ``from`` import may lie, seen from the repository's root."""
    if not isinstance(node, ast.ImportFrom):
        return
    parts = (node.module or "").split(".") if node.module else []
    if node.level:
        folder = PurePosixPath(path)
        for _ in range(node.level):
            folder = folder.parent
        yield from _module(folder, parts)
        return
    # The root may be the folder that is itself the package.
    for start in range(len(parts)):
        yield from _module(PurePosixPath(), parts[start:])


def _module(folder: PurePosixPath, parts: list[str]) -> Iterator[str]:
    base = folder.joinpath(*parts)
    if parts:
        yield f"{base}.py"
    yield str(base / "__init__.py")
