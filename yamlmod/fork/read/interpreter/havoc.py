"""Handle an unknown test: skip both sides, and set what they could change to Unknown."""

from __future__ import annotations

import ast

from yamlmod.fork.read.interpreter.choices import returned
from yamlmod.fork.read.interpreter.machine import Machine, Signal
from yamlmod.fork.read.interpreter.scopes import Frame, bound_names, walk_scope
from yamlmod.fork.read.interpreter.values import (
    MISSING,
    ClassValue,
    FunctionValue,
    Instance,
    Raised,
    UnknownValue,
    Value,
)

# Methods that leave their object as it is; any other may change a list, dict or set.
_READS = frozenset(
    [
        "index",
        "count",
        "copy",
        "get",
        "keys",
        "values",
        "items",
        "format",
        "join",
        "split",
        "strip",
        "startswith",
        "endswith",
        "replace",
        "lower",
        "upper",
        "info",
        "warning",
        "debug",
        "error",
        "warn",
        "size",
        "dim",
        "view",
        "reshape",
        "permute",
    ]
)
_DEPTH = 3


def take_neither(machine: Machine, node: ast.If, frame: Frame, test: UnknownValue) -> Signal | None:
    """Go on behind an `if` whose test is not known."""
    reason = f"a test that is not known ({test.reason})"
    found = returned(machine, node, frame, reason)
    if not isinstance(found, UnknownValue):
        return Signal("return", found)
    machine.unknown(reason, frame, node)
    sides = [side for side in (node.body, node.orelse) if not _only_raises(side)]
    if len(sides) == 1 and sides[0]:
        raises = node.body if sides[0] is node.orelse else node.orelse
        if raises:
            # One side ends the build: a file that builds goes the other way.
            return machine.run(sides[0], frame)
    for side in sides:
        spoil_block(machine, side, frame, reason)
    return _left(sides, reason)


def _left(sides: list[list[ast.stmt]], reason: str) -> Signal | None:
    parts = [part for side in sides for part in walk_scope(side)]
    if any(isinstance(part, ast.Return) for part in parts):
        return Signal("return", UnknownValue(reason))
    if any(isinstance(part, (ast.Break, ast.Continue)) for part in parts):
        return Signal("lost", UnknownValue(reason))
    return None


def _only_raises(body: list[ast.stmt]) -> bool:
    """Check whether a block does nothing but raise, after it has spoken."""
    if not body or not isinstance(body[-1], ast.Raise):
        return False
    return all(isinstance(node, (ast.Expr, ast.Raise, ast.Assign)) for node in body)


def spoil_block(
    machine: Machine, body: list[ast.stmt], frame: Frame, reason: str, depth: int = _DEPTH
) -> None:
    """Make everything Unknown that a block could change."""
    for node in walk_scope(body):
        for name in bound_names(node):
            frame.bind(name, UnknownValue(reason))
        if isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load):
            _spoil_target(machine, node, frame, reason)
        if isinstance(node, ast.Call):
            _spoil_call(machine, node, frame, reason, depth)


def _spoil_target(
    machine: Machine, node: ast.Attribute | ast.Subscript, frame: Frame, reason: str
) -> None:
    holder = _seen(machine, node.value, frame)
    if isinstance(node, ast.Subscript):
        spoil(machine, holder, reason)
    elif isinstance(holder, Instance):
        holder.fields[node.attr] = UnknownValue(reason)
    elif isinstance(holder, ClassValue):
        holder.names[node.attr] = UnknownValue(reason)


def spoil(machine: Machine, value: Value, reason: str) -> None:
    """Make a container or an object Unknown."""
    if isinstance(value, Instance):
        value.hidden = value.hidden or reason
    else:
        machine.spoil(value, reason)


def _spoil_call(machine: Machine, node: ast.Call, frame: Frame, reason: str, depth: int) -> None:
    function = node.func
    if isinstance(function, ast.Attribute) and function.attr not in _READS:
        holder = _seen(machine, function.value, frame)
        if isinstance(holder, (list, dict, set)):
            machine.spoil(holder, reason)
        if isinstance(holder, Instance):
            _spoil_method(machine, holder, function.attr, reason, depth)
    called = _seen(machine, function, frame)
    if isinstance(called, FunctionValue):
        for argument in node.args:
            value = _seen(machine, argument, frame)
            if isinstance(value, (list, dict, set)):
                machine.spoil(value, reason)


def _spoil_method(machine: Machine, holder: Instance, name: str, reason: str, depth: int) -> None:
    """A method may change its object: what it sets becomes Unknown."""
    method = holder.cls.find(name)
    if not isinstance(method, FunctionValue) or isinstance(method.node, ast.Lambda):
        if holder.is_module and method is MISSING and name in ("append", "extend", "insert"):
            holder.hidden = holder.hidden or reason
        return
    arguments = method.node.args.args
    if depth and arguments:
        inner = Frame(method.frame.module, {arguments[0].arg: holder}, method.frame)
        spoil_block(machine, method.node.body, inner, reason, depth - 1)


def _seen(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    """Return the value of a plain name or of a chain of attributes and fixed subscripts."""
    part = node
    while isinstance(part, (ast.Attribute, ast.Subscript)):
        if isinstance(part, ast.Subscript) and not isinstance(
            part.slice, (ast.Constant, ast.UnaryOp)
        ):
            return None
        part = part.value
    if not isinstance(part, ast.Name):
        return None
    try:
        return machine.evaluate(node, frame)
    except Raised:
        return None
