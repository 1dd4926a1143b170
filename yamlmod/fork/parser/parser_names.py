"""Find the names that a parse function resolves, and how it looks modules up."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from yamlmod.fork.parser.parse_model import Function
from yamlmod.fork.python.answers import Missing
from yamlmod.fork.python.import_graph import ImportGraph
from yamlmod.model.parser_facts import ParserNames


def parser_names(graph: ImportGraph, function: Function) -> ParserNames:
    """Return the names of the parse file, and what the function itself adds to them."""
    path = function.source.path
    names = graph.names(path)
    # By its key in globals() no dotted name, no local one and no builtin is found, by eval all are.
    evaluated = not any(_is_key(part, function.names.module) for part in ast.walk(function.node))
    local = set(_local_names(function)) if evaluated else set()
    prefixes = tuple(dict.fromkeys(_prefixes(graph, function)))
    return ParserNames(names.names | local, names.open, names.beyond, prefixes, evaluated)


def _is_key(node: ast.AST, module: str) -> bool:
    """Check whether a node is `globals()[m]`."""
    return (
        isinstance(node, ast.Subscript)
        and _calls(node.value, "globals")
        and isinstance(node.slice, ast.Name)
        and node.slice.id == module
    )


def _local_names(function: Function) -> Iterator[str]:
    """Yield the names that the function itself binds, which eval sees as well."""
    arguments = function.node.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        yield argument.arg
    for part in ast.walk(function.node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            yield part.id
        elif isinstance(part, (ast.Import, ast.ImportFrom)):
            yield from ((name.asname or name.name).partition(".")[0] for name in part.names)


def _prefixes(graph: ImportGraph, function: Function) -> Iterator[str]:
    """Yield the texts that a name is tested for before getattr looks it up somewhere else.

    As in `getattr(torch.nn, m[3:]) if "nn." in m else globals()[m]`.
    """
    for part in ast.walk(function.node):
        if isinstance(part, ast.IfExp):
            chosen: list[ast.AST] = [part.body]
        elif isinstance(part, ast.If):
            chosen = [*part.body]
        else:
            continue
        text = _tested_text(part.test, function.names.module)
        for call in (inner for one in chosen for inner in _first_branch(one)):
            if text and _calls(call, "getattr") and isinstance(call, ast.Call) and call.args:
                owner = graph.denotes_node(function.source.path, call.args[0])
                if not isinstance(owner, Missing):
                    yield text


def _first_branch(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what is in a branch, the branches of a choice in it left out."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.IfExp, ast.If)):
            yield from _first_branch(child)


def _tested_text(test: ast.expr, module: str) -> str:
    """Return the text of `"nn." in m` or `m.startswith("nn.")`, empty for another test."""
    left: ast.expr | None = None
    name: ast.expr | None = None
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.In):
        left, name = test.left, test.comparators[0]
    elif isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute) and test.args:
        left, name = test.args[0], test.func.value
        left = left if test.func.attr == "startswith" else None
    is_module = isinstance(name, ast.Name) and name.id == module
    text = left.value if isinstance(left, ast.Constant) else None
    return text if is_module and isinstance(text, str) else ""


def _calls(node: ast.AST, name: str) -> bool:
    called = node.func if isinstance(node, ast.Call) else None
    return isinstance(called, ast.Name) and called.id == name
