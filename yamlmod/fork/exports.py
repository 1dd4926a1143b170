"""A module's ``__all__``: read, and names put into and taken out of it."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from yamlmod.fork.listing import literal_listing
from yamlmod.fork.parse_model import Literal
from yamlmod.fork.plan import Change, Step
from yamlmod.fork.proof import exported
from yamlmod.fork.python.bindings import statements
from yamlmod.fork.python.source import Source


def read_exports(source: Source) -> tuple[Literal | None, bool]:
    """Return the literal ``__all__`` and whether there is any ``__all__``."""
    literal, closed = None, False
    for node, _ in statements(source.tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign)):
            targets = [node.target]
        if any(isinstance(one, ast.Name) and one.id == "__all__" for one in targets):
            value = node.value if isinstance(node, ast.Assign) else None
            usable = isinstance(value, (ast.List, ast.Tuple)) and value.elts and not closed
            literal = value if isinstance(value, (ast.List, ast.Tuple)) and usable else None
            closed = True
    return literal, closed


def add_exports(source: Source, names: Sequence[str], always: bool) -> Change:
    """Return the change that exports the names: ``always``, or only where Conv is exported."""
    literal, _ = read_exports(source)
    if literal is None:
        return Change()
    listing = literal_listing(source, literal)
    new = [name for name in names if name not in listing.names()]
    if not new or not (always or "Conv" in listing.names()):
        return Change()
    quote = source.segment(literal.elts[-1])[-1]
    edits = listing.insert([(name, f"{quote}{name}{quote}") for name in new], keep_sorted=True)
    steps = tuple(
        Step("export", source.path, listing.line(), f"{name} added to __all__ of {source.shown}")
        for name in new
    )
    return Change(tuple(edits), steps, tuple(exported(name) for name in new))


def drop_exports(source: Source, names: set[str]) -> Change:
    """Return the change that takes the names out of ``__all__``."""
    literal, _ = read_exports(source)
    if literal is None:
        return Change()
    listing = literal_listing(source, literal)
    ours = [name for name in listing.names() if name in names]
    if not ours:
        return Change()
    what = "removed from __all__ of"
    steps = tuple(
        Step("export", source.path, listing.line(), f"{name} {what} {source.shown}")
        for name in ours
    )
    return Change(tuple(listing.remove(ours)), steps, (), tuple(exported(name) for name in ours))
