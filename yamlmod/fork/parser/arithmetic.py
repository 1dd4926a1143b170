"""Evaluate small integer expressions such as ``f if f < 0 else f + 1``, without eval."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable

_BINARY: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
_COMPARE: dict[type[ast.cmpop], Callable[[int, int], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def value_of(node: ast.expr, name: str, value: int) -> int | None:
    """Return the expression's value where ``name`` is ``value``; None: it is not that simple."""
    if isinstance(node, ast.Name):
        return value if node.id == name else None
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, int) else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = value_of(node.operand, name, value)
        return None if inner is None else -inner
    if isinstance(node, ast.IfExp):
        test = value_of(node.test, name, value)
        if test is None:
            return None
        return value_of(node.body if test else node.orelse, name, value)
    if isinstance(node, ast.BinOp):
        return _pair(_BINARY.get(type(node.op)), node.left, node.right, name, value)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        compare = _COMPARE.get(type(node.ops[0]))
        return _pair(compare, node.left, node.comparators[0], name, value)
    return None


def _pair(
    apply: Callable[[int, int], int] | None, left: ast.expr, right: ast.expr, name: str, value: int
) -> int | None:
    first, second = value_of(left, name, value), value_of(right, name, value)
    if apply is None or first is None or second is None:
        return None
    return int(apply(first, second))
