"""Evaluate both sides of an unknown test that change nothing, and compare them."""

from __future__ import annotations

import ast

from yamlmod.fork.read.interpreter.machine import ImpureError, Machine
from yamlmod.fork.read.interpreter.scopes import Frame
from yamlmod.fork.read.interpreter.values import (
    LimitError,
    Raised,
    TensorValue,
    UnknownValue,
    Value,
)


def either(machine: Machine, sides: tuple[ast.expr, ast.expr], frame: Frame, reason: str) -> Value:
    """Return what two expressions agree on; Unknown where one fails or changes anything."""
    depth = machine.depth
    machine.pure += 1
    try:
        one, other = (machine.evaluate(side, frame) for side in sides)
    except (ImpureError, Raised, LimitError):
        return UnknownValue(reason)
    finally:
        machine.pure -= 1
        machine.depth = depth
    return agreed(one, other, reason)


def agreed(one: Value, other: Value, reason: str) -> Value:
    """Return a value that holds for both."""
    if one is other:
        return one
    if isinstance(one, TensorValue) and isinstance(other, TensorValue):
        return _tensor(one, other)
    if type(one) is type(other) and isinstance(one, (list, tuple)) and len(one) == len(other):
        return type(one)([agreed(a, b, reason) for a, b in zip(one, other, strict=True)])
    if type(one) is type(other) and isinstance(one, (bool, int, float, str)) and one == other:
        return one
    return UnknownValue(reason)


def _tensor(one: TensorValue, other: TensorValue) -> TensorValue:
    kind = one.kind if one.kind == other.kind else ""
    if one.shape is None or other.shape is None or len(one.shape) != len(other.shape):
        return TensorValue(None, kind)
    pairs = zip(one.shape, other.shape, strict=True)
    return TensorValue(tuple(a if a == b else None for a, b in pairs), kind)


def returned(machine: Machine, node: ast.If, frame: Frame, reason: str) -> Value:
    """Return what `if test: return a` and the `return b` behind it agree on."""
    other = node.orelse or _next(node, frame)
    sides = [_expression(node.body), _expression(other)]
    if sides[0] is None or sides[1] is None:
        return UnknownValue(reason)
    return either(machine, (sides[0], sides[1]), frame, reason)


def _next(node: ast.If, frame: Frame) -> list[ast.stmt]:
    place = next((i for i, one in enumerate(frame.body) if one is node), None)
    return [] if place is None else frame.body[place + 1 : place + 2]


def _expression(body: list[ast.stmt]) -> ast.expr | None:
    return body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None
