"""Find the global names of a piece of code, and the names a statement needs."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator, Sequence

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def needed_names(code: str) -> set[str]:
    """Return the global names that top-level statements read, now or when they are called."""
    found: set[str] = set()
    tables = [symtable.symtable(code, "<code>", "exec")]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        top = table.get_type() == "module"
        found |= {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_referenced() and (top or symbol.is_global())
        }
    return found


def global_places(tree: ast.Module, names: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Yield (line, byte column, name) of every expression that means one of these globals."""
    yield from _places(tree, frozenset(names))


def _places(node: ast.AST, names: frozenset[str]) -> Iterator[tuple[int, int, str]]:
    if isinstance(node, ast.Name) and node.id in names:
        yield node.lineno, node.col_offset, node.id
    inner = names
    if isinstance(node, (*_FUNCTIONS, *_COMPREHENSIONS)):
        inner = names - _locals(node)
    for child in ast.iter_child_nodes(node):
        # Decorators, defaults and annotations belong to the scope around the function; a name
        # that is a local inside it may still be the global there.
        outside = isinstance(node, _FUNCTIONS) and not _inside(node, child)
        yield from _places(child, names if outside else inner)


def _inside(node: ast.AST, child: ast.AST) -> bool:
    body = getattr(node, "body", [])
    return child in body if isinstance(body, list) else child is body


def _locals(node: ast.AST) -> frozenset[str]:
    """Return the names a function or comprehension binds itself."""
    found: set[str] = set()
    declared: set[str] = set()
    if isinstance(node, _FUNCTIONS):
        found |= {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}
        body = node.body if isinstance(node.body, list) else [node.body]
        stack: list[ast.AST] = list(body)
    else:
        stack = list(ast.iter_child_nodes(node))
    while stack:
        one = stack.pop()
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            found.add(one.id)
        elif isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(one.name)
            continue
        elif isinstance(one, (ast.Import, ast.ImportFrom)):
            found |= {(a.asname or a.name).split(".")[0] for a in one.names}
        elif isinstance(one, ast.ExceptHandler) and one.name:
            found.add(one.name)
        elif isinstance(one, ast.Global):
            declared |= set(one.names)
        if not isinstance(one, (ast.Lambda, *_COMPREHENSIONS)):
            stack += ast.iter_child_nodes(one)
    return frozenset(found - declared)
