"""Find the names that a module binds at top level, and the binding statements."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from yamlmod.fork.python.source import Source

ImportNode = ast.Import | ast.ImportFrom


@dataclass(frozen=True, eq=False)
class Binding:
    """A name bound at the top level; ``target`` is the dotted name that an import brings.

    ``sure`` is False inside ``if`` and ``try``, where the statement may not run.
    """

    name: str
    node: ast.stmt
    target: str = ""
    sure: bool = True


def bindings(tree: ast.Module) -> list[Binding]:
    """Return the module's bindings but those of star imports, in order."""
    return [one for node, sure in statements(tree) for one in _of(node, sure)]


def statements(tree: ast.Module) -> Iterator[tuple[ast.stmt, bool]]:
    """Yield the statements that run on import, and whether they surely do."""
    stack: list[tuple[ast.stmt, bool]] = [(node, True) for node in reversed(tree.body)]
    while stack:
        node, sure = stack.pop()
        yield node, sure
        if isinstance(node, (ast.If, ast.Try, ast.With, ast.For, ast.While)):
            parts = [
                one
                for part in ast.iter_child_nodes(node)
                for one in (part.body if isinstance(part, ast.ExceptHandler) else [part])
                if isinstance(one, ast.stmt)
            ]
            stack += [(part, False) for part in reversed(parts)]


def import_bindings(node: ImportNode) -> list[tuple[str, str]]:
    """Return the (name, dotted target) pairs of an import statement, star imports left out."""
    if isinstance(node, ast.Import):
        return [
            (a.asname, a.name) if a.asname else (a.name.split(".")[0], a.name.split(".")[0])
            for a in node.names
        ]
    base = "." * node.level + (node.module or "")
    dot = "" if base.endswith(".") else "."
    return [(a.asname or a.name, f"{base}{dot}{a.name}") for a in node.names if a.name != "*"]


def from_imports(source: Source) -> Iterator[ast.ImportFrom]:
    """Yield the `from` imports that run when the file is imported."""
    for node, _ in statements(source.tree):
        if isinstance(node, ast.ImportFrom):
            yield node


def written(node: ast.ImportFrom) -> str:
    """Return the module of an import as it is written, leading dots included."""
    return "." * node.level + (node.module or "")


def is_star(node: ast.ImportFrom) -> bool:
    """Check whether everything is imported."""
    return node.names[0].name == "*"


def used_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Return every name that the code reads, strings of annotations left out."""
    return {part.id for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)}


def last_of_header(source: Source) -> int:
    """Return the offset behind the last top-level import that precedes any class or function."""
    body = source.tree.body
    stop = next(
        (
            i
            for i, node in enumerate(body)
            if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        ),
        len(body),
    )
    imports = [i for i, node in enumerate(body[:stop]) if isinstance(node, ImportNode)]
    if imports:
        return behind(source, imports[-1])
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        return behind(source, 0)
    return 0


def behind(source: Source, index: int) -> int:
    """Return the offset of the line after a top-level statement and what shares its line."""
    body = source.tree.body
    while index + 1 < len(body) and body[index + 1].lineno == body[index].end_lineno:
        index += 1
    return source.line_end(source.end(body[index]))


def _of(node: ast.stmt, sure: bool) -> Iterator[Binding]:
    if isinstance(node, ImportNode):
        for name, target in import_bindings(node):
            yield Binding(name, node, target, sure)
    elif isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        yield Binding(node.name, node, "", sure)
    elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for one in targets:
            for part in ast.walk(one):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    yield Binding(part.id, node, "", sure)
