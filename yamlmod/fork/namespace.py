"""Which names a file of the fork can use at run time, as far as the text tells."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from yamlmod.errors import Refusal
from yamlmod.fork.files import Files
from yamlmod.fork.python.bindings import bindings, statements
from yamlmod.fork.python.source import Source, read_source

_BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True)
class Namespace:
    """The names of a module. ``open`` are star imports from places that were not looked into."""

    names: frozenset[str]
    open: tuple[str, ...]

    def lacks(self, name: str) -> bool:
        """Tell whether using ``name`` there surely fails; False also where that is unknown."""
        first = name.split(".")[0]
        return not self.open and first not in self.names and first not in _BUILTINS


def namespace(files: Files, path: str, depth: int = 5) -> Namespace:
    """Return the names of a module: its own, and those that star imports bring."""
    source = _readable(files, path)
    if source is None or not depth:
        return Namespace(frozenset(), (path,))
    names = {one.name for one in bindings(source.tree)}
    unknown: list[str] = []
    for node, _ in statements(source.tree):
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            inner = module_file(files, path, node)
            other = namespace(files, inner, depth - 1) if inner and inner != path else None
            names |= other.names if other else set()
            unknown += other.open if other else ["." * node.level + (node.module or "")]
    return Namespace(frozenset(names), tuple(unknown))


def module_file(files: Files, importer: str, node: ast.ImportFrom) -> str:
    """Return the file of the tree that a `from` import means, empty where it means none."""
    folder = PurePosixPath(importer).parent
    parts = (node.module or "").split(".") if node.module else []
    if node.level:
        for _ in range(node.level - 1):
            folder = folder.parent
        return _file(files, folder, parts)
    # As if every folder above the file were on the path; and REPO may be the package itself.
    for above in (folder, *folder.parents):
        if found := _file(files, above, parts):
            return found
    return _file(files, PurePosixPath(), parts[1:]) if len(parts) > 1 else ""


def missing_imports(files: Files, path: str) -> Iterator[tuple[ast.ImportFrom, str]]:
    """Yield each `from` import of a name that the fork's own file of that module does not have."""
    source = _readable(files, path)
    for node, sure in statements(source.tree) if source else ():
        if not isinstance(node, ast.ImportFrom) or not sure or node.names[0].name == "*":
            continue
        inner = module_file(files, path, node)
        if not inner or inner == path or inner.endswith("__init__.py"):
            continue
        known = namespace(files, inner)
        for alias in node.names:
            if known.lacks(alias.name):
                yield node, alias.name


def _file(files: Files, folder: PurePosixPath, parts: list[str]) -> str:
    if not parts or parts[0] in ("torch", "torchvision"):
        return ""
    path = folder.joinpath(*parts)
    for one in (f"{path}.py", str(path / "__init__.py")):
        if files.read(one) is not None:
            return one
    return ""


def _readable(files: Files, path: str) -> Source | None:
    try:
        return read_source(files, path)
    except Refusal:
        return None
