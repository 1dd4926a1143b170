"""Read and edit a module's ``__all__``."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from yamlmod.fork.parser.parse_model import Literal
from yamlmod.fork.patch.plan import PatchChange, Step
from yamlmod.fork.patch.proof import exported
from yamlmod.fork.python.bindings import statements
from yamlmod.fork.python.comma_list import literal_listing
from yamlmod.fork.python.source import Source


def read_exports(source: Source) -> tuple[Literal | None, bool]:
    """Return the literal ``__all__`` and whether there is any ``__all__``.

    The literal is that of the one statement that binds it; methods that are called on it add to it.
    """
    bound = [node for node, _ in statements(source.tree) if _binds(node)]
    if len(bound) != 1 or not isinstance(bound[0], ast.Assign):
        return None, bool(bound)
    value = bound[0].value
    named = any(
        isinstance(target, ast.Name) and target.id == "__all__" for target in bound[0].targets
    )
    usable = named and isinstance(value, (ast.List, ast.Tuple)) and value.elts
    return (value if isinstance(value, (ast.List, ast.Tuple)) and usable else None), True


def _binds(node: ast.stmt) -> bool:
    """Check whether a statement gives ``__all__`` its value, in any of the ways there are."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return any((name.asname or name.name) == "__all__" for name in node.names)
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return node.name == "__all__"
    return any(
        isinstance(one, ast.Name) and one.id == "__all__" and not isinstance(one.ctx, ast.Load)
        for part in _own(node)
        for one in ast.walk(part)
    )


def _own(node: ast.stmt) -> list[ast.AST]:
    """Return the parts of a statement but for the statements inside, which come by themselves."""
    return [
        part
        for part in ast.iter_child_nodes(node)
        if not isinstance(part, (ast.stmt, ast.ExceptHandler))
    ]


def add_exports(source: Source, names: Sequence[str], always: bool) -> PatchChange:
    """Return the change that exports the names: ``always``, or only where Conv is exported."""
    literal, _ = read_exports(source)
    if literal is None:
        return PatchChange()
    listing = literal_listing(source, literal)
    new = [name for name in names if name not in listing.names()]
    if not new or not (always or "Conv" in listing.names()):
        return PatchChange()
    quote = _quote(source, literal)
    edits = listing.insert([(name, f"{quote}{name}{quote}") for name in new], keep_sorted=True)
    steps = tuple(
        Step("export", source.path, listing.line(), f"{name} added to __all__ of {source.shown}")
        for name in new
    )
    return PatchChange(tuple(edits), steps, tuple(exported(name) for name in new))


def _quote(source: Source, literal: Literal) -> str:
    """Return the quote of the list's last string."""
    for elt in reversed(literal.elts):
        if isinstance(elt, ast.Constant) and isinstance(elt.value, str):
            return source.segment(elt)[-1]
    return '"'


def drop_exports(source: Source, names: set[str]) -> PatchChange:
    """Return the change that takes the names out of ``__all__``."""
    literal, _ = read_exports(source)
    if literal is None:
        return PatchChange()
    listing = literal_listing(source, literal)
    ours = [name for name in listing.names() if name in names]
    if not ours:
        return PatchChange()
    what = "removed from __all__ of"
    steps = tuple(
        Step("export", source.path, listing.line(), f"{name} {what} {source.shown}")
        for name in ours
    )
    return PatchChange(
        tuple(listing.remove(ours)), steps, (), tuple(exported(name) for name in ours)
    )
