"""Find the lists that statements append to, and those that become the network."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from yamlmod.fork.numbers.knowledge import FunctionCode, Knowledge
from yamlmod.fork.numbers.meanings import SAVE, Meaning, Meanings


def filled(body: Sequence[ast.stmt]) -> list[str]:
    """Return the lists, as they are spelled, that statements add to."""
    found = []
    for node in (part for statement in body for part in ast.walk(statement)):
        if isinstance(node, ast.stmt):
            holder = _holder(node)
            if isinstance(holder, (ast.Name, ast.Attribute)):
                found.append(ast.unparse(holder))
    return found


def _holder(node: ast.stmt) -> ast.expr | None:
    call = node.value if isinstance(node, ast.Expr) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
        return call.func.value if call.func.attr == "append" and len(call.args) == 1 else None
    if isinstance(node, ast.AugAssign):
        return node.target if isinstance(node.op, ast.Add) else None
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        return node.targets[0].value
    return None


def added(node: ast.stmt, text: str) -> Sequence[ast.expr]:
    """Return what a statement adds to a list."""
    holder = _holder(node)
    if holder is None or ast.unparse(holder) != text:
        return ()
    if isinstance(node, ast.AugAssign):
        return node.value.elts if isinstance(node.value, (ast.List, ast.Tuple)) else ()
    if isinstance(node, ast.Assign):
        return [node.value]
    assert isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    return node.value.args


def roles(knowledge: Knowledge, code: FunctionCode) -> dict[str, Meanings]:
    """Return what the parse function's own lists mean, whatever they are set to."""
    function = knowledge.function
    growing = frozenset({Meaning("layers", name="growing")})
    if code.node is not function.node:
        return {}
    found = {function.names.ch: frozenset({Meaning("channels")})}
    for node in ast.walk(code.node):
        if not isinstance(node, ast.Return) or not isinstance(node.value, ast.Tuple):
            continue
        layers, *rest = node.value.elts
        for part in ast.walk(layers):
            if isinstance(part, ast.Starred) and isinstance(part.value, ast.Name):
                found[part.value.id] = growing
        for part in ast.walk(rest[0]) if rest else ():
            if isinstance(part, ast.Name) and part.id not in ("sorted", "list", "set", "tuple"):
                found[part.id] = SAVE
    return found
