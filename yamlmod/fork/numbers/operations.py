"""Arithmetic on constants, and on collections of them."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from yamlmod.fork.numbers.meanings import (
    NOTHING,
    Meaning,
    Meanings,
    collection,
    elements,
    has,
    numbers_in,
    of_kind,
)
from yamlmod.fork.numbers.scope import LARGEST, Scope, empty, evaluate, number_at
from yamlmod.fork.numbers.uses import formatted, save_numbers


def unary(scope: Scope, node: ast.UnaryOp) -> Meanings:
    """Return what `-9` means."""
    found = evaluate(scope, node.operand)
    if isinstance(node.op, ast.USub):
        return frozenset(number_at(scope, node, -one.number) for one in of_kind(found, "number"))
    return NOTHING


def binary(scope: Scope, node: ast.BinOp) -> Meanings:
    """Return what an operation on constants, collections or texts means."""
    left = evaluate(scope, node.left)
    text = node.left.value if isinstance(node.left, ast.Constant) else None
    if isinstance(node.op, ast.Mod) and isinstance(text, str):
        formatted(scope, text.partition("%")[0], evaluate(scope, node.right))
        return NOTHING
    right = evaluate(scope, node.right)
    if isinstance(node.op, ast.Add) and isinstance(text, str):
        formatted(scope, text, right)
    if has(left, "save") or has(right, "save"):
        if isinstance(node.op, (ast.Add, ast.BitOr)):
            save_numbers(scope, right if has(left, "save") else left)
            return frozenset({Meaning("save")})
        return NOTHING
    if isinstance(node.op, ast.Mult) and isinstance(node.left, (ast.List, ast.Tuple)):
        return empty(scope, node) if not numbers_in(left) else NOTHING
    tuples = [*of_kind(left, "tuple"), *of_kind(right, "tuple")]
    if tuples and isinstance(node.op, (ast.Add, ast.BitOr)):
        return collection([elements(left), elements(right)])
    return _arithmetic(scope, node, of_kind(left, "number"), of_kind(right, "number"))


def _arithmetic(
    scope: Scope, node: ast.BinOp, left: Sequence[Meaning], right: Sequence[Meaning]
) -> Meanings:
    if len(left) != 1 or len(right) != 1:
        return NOTHING
    a, b = left[0].number, right[0].number
    value = {ast.Add: a + b, ast.Sub: a - b, ast.Mult: a * b}.get(type(node.op))
    if value is None or abs(value) > LARGEST:
        return NOTHING
    return frozenset({number_at(scope, node, value)})
