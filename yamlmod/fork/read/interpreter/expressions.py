"""Expressions: names, constants, displays, operators, subscripts, f-strings, calls."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from yamlmod.fork.read.interpreter.choices import either
from yamlmod.fork.read.interpreter.comparisons import compare
from yamlmod.fork.read.interpreter.comprehensions import COMPREHENSIONS
from yamlmod.fork.read.interpreter.formatting import formatted, joined
from yamlmod.fork.read.interpreter.machine import Expression, Machine, fail
from yamlmod.fork.read.interpreter.operators import SIGNS, guarded, kind_of
from yamlmod.fork.read.interpreter.scopes import Frame
from yamlmod.fork.read.interpreter.shortcuts import container
from yamlmod.fork.read.interpreter.values import (
    MISSING,
    FunctionValue,
    Raised,
    TensorValue,
    UnknownValue,
    Value,
    deep_unknown,
    is_plain,
)


def _constant(machine: Machine, node: ast.Constant, frame: Frame) -> Value:
    if isinstance(node.value, complex):
        return machine.unknown("a complex number", frame, node)
    return node.value


def _name(machine: Machine, node: ast.Name, frame: Frame) -> Value:
    found = frame.names.get(node.id, MISSING)
    if found is MISSING:
        found = lookup(machine, node.id, frame)
    return machine.fresh(found) if machine.spoiled else found


def quick(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    """Evaluate an operand: most are names of the function, which need no table."""
    if node.__class__ is ast.Name and not machine.spoiled:
        found = frame.names.get(node.id, MISSING)
        if found is not MISSING:
            machine.steps += 1
            return found
    return machine.evaluate(node, frame)


def lookup(machine: Machine, name: str, frame: Frame) -> Value:
    """Return what a name means in a frame; raises the NameError that Python would."""
    if name in frame.names:
        return frame.names[name]
    if name in frame.locals and name not in frame.globals:
        message = f"cannot access local variable '{name}' where it is not associated with a value"
        fail(UnboundLocalError, message)
    if frame.parent is not None and name not in frame.globals:
        holder = frame.parent.holder(name)
        if holder is not None:
            return holder.names[name]
    return machine.parts.global_name(machine, frame.module, name)


def _attribute(machine: Machine, node: ast.Attribute, frame: Frame) -> Value:
    found = machine.attribute(quick(machine, node.value, frame), node.attr)
    if isinstance(found, UnknownValue):
        machine.unknown(found.reason, frame, node)
    return found


def _sequence(machine: Machine, nodes: list[ast.expr], frame: Frame) -> list[Value] | UnknownValue:
    out: list[Value] = []
    evaluate, names = machine.evaluate, frame.names
    for node in nodes:
        kind = node.__class__
        if kind is ast.Name and not machine.spoiled:
            found = names.get(node.id, MISSING)  # type: ignore[attr-defined]
            out.append(evaluate(node, frame) if found is MISSING else found)
            continue
        if kind is not ast.Starred:
            out.append(evaluate(node, frame))
            continue
        assert isinstance(node, ast.Starred)
        found = machine.items(machine.evaluate(node.value, frame))
        if isinstance(found, UnknownValue):
            return found
        out += found
    return out


def _list(machine: Machine, node: ast.List, frame: Frame) -> Value:
    return _sequence(machine, node.elts, frame)


def _tuple(machine: Machine, node: ast.Tuple, frame: Frame) -> Value:
    found = _sequence(machine, node.elts, frame)
    return found if isinstance(found, UnknownValue) else tuple(found)


def _set(machine: Machine, node: ast.Set, frame: Frame) -> Value:
    found = _sequence(machine, node.elts, frame)
    return found if isinstance(found, UnknownValue) else guarded(set, found)


def _dict(machine: Machine, node: ast.Dict, frame: Frame) -> Value:
    out: dict[Value, Value] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        item = machine.evaluate(value, frame)
        if key is None:
            if not isinstance(item, dict):
                return machine.unknown("`**` of what is not a dict", frame, node)
            out.update(item)
            continue
        word = machine.evaluate(key, frame)
        if deep_unknown(word) is not None:
            return machine.unknown("a dict with an unknown key", frame, node)
        if isinstance(word, (list, dict, set)):
            fail(TypeError, f"unhashable type: '{kind_of(word)}'")
        out[word] = item
    return out


def _binary(machine: Machine, node: ast.BinOp, frame: Frame) -> Value:
    left = quick(machine, node.left, frame)
    right = quick(machine, node.right, frame)
    return machine.parts.binary(machine, SIGNS[type(node.op)], left, right)


def _unary(machine: Machine, node: ast.UnaryOp, frame: Frame) -> Value:
    value = machine.evaluate(node.operand, frame)
    if isinstance(node.op, ast.Not):
        truth = machine.truth(value)
        return truth if isinstance(truth, UnknownValue) else not truth
    if isinstance(value, (UnknownValue, TensorValue)):
        return value if isinstance(value, UnknownValue) else TensorValue(value.shape, value.kind)
    if not is_plain(value):
        return machine.unknown("a sign before an object", frame, node)
    if isinstance(node.op, ast.USub):
        return guarded(lambda x: -x, value)
    if isinstance(node.op, ast.UAdd):
        return guarded(lambda x: +x, value)
    return guarded(lambda x: ~x, value)


def _boolean(machine: Machine, node: ast.BoolOp, frame: Frame) -> Value:
    stops = isinstance(node.op, ast.Or)
    unknown: UnknownValue | None = None
    value: Value = None
    for part in node.values:
        try:
            value = machine.evaluate(part, frame)
        except Raised:
            if unknown is None:
                raise
            return unknown  # whether Python comes here is not known
        truth = machine.truth(value)
        if isinstance(truth, UnknownValue):
            # A later operand may still decide.
            unknown = unknown or truth
        elif truth is stops:
            return value if unknown is None else _decided(unknown, stops, value)
    return value if unknown is None else unknown


def _decided(unknown: UnknownValue, stops: bool, value: Value) -> Value:
    """`unknown and False` is false either way; as a test alone, and only bools are that simple."""
    return value if value is stops else unknown


_MEMBERSHIP = (ast.In, ast.NotIn)


def _comparison(machine: Machine, node: ast.Compare, frame: Frame) -> Value:
    left = quick(machine, node.left, frame)
    result: Value = True
    for operation, part in zip(node.ops, node.comparators, strict=True):
        member = operation.__class__ in _MEMBERSHIP
        right = (container if member else quick)(machine, part, frame)
        result = compare(machine, operation, left, right)
        if part is node.comparators[-1]:
            return result  # its truth is asked by whom it concerns: a tensor has none
        truth = machine.truth(result)
        if truth is False or isinstance(truth, UnknownValue):
            return result
        left = right
    return result


def _conditional(machine: Machine, node: ast.IfExp, frame: Frame) -> Value:
    truth = machine.truth(machine.evaluate(node.test, frame))
    if isinstance(truth, UnknownValue):
        reason = f"a choice by a test that is not known ({truth.reason})"
        found = either(machine, (node.body, node.orelse), frame, reason)
        return machine.unknown(reason, frame, node) if isinstance(found, UnknownValue) else found
    return machine.evaluate(node.body if truth else node.orelse, frame)


def _subscript(machine: Machine, node: ast.Subscript, frame: Frame) -> Value:
    value = machine.evaluate(node.value, frame)
    key = machine.evaluate(node.slice, frame)
    return machine.fresh(machine.parts.subscript(machine, value, key))


def _slice(machine: Machine, node: ast.Slice, frame: Frame) -> Value:
    ends = [
        None if part is None else machine.evaluate(part, frame)
        for part in (node.lower, node.upper, node.step)
    ]
    unknown = deep_unknown(ends)
    return slice(*ends) if unknown is None else unknown


def _lambda(machine: Machine, node: ast.Lambda, frame: Frame) -> Value:
    return function_value(machine, node, "<lambda>", frame)


def function_value(
    machine: Machine, node: ast.FunctionDef | ast.Lambda, name: str, frame: Frame
) -> FunctionValue:
    """Return a function as its definition makes it: the defaults are evaluated now."""
    defaults = [machine.evaluate(part, frame) for part in node.args.defaults]
    keywords = {
        argument.arg: machine.evaluate(part, frame)
        for argument, part in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        if part is not None
    }
    return FunctionValue(name, node, frame, defaults, keywords)


def _named(machine: Machine, node: ast.NamedExpr, frame: Frame) -> Value:
    value = machine.evaluate(node.value, frame)
    target = frame
    while target.title == "<comprehension>" and target.parent is not None:
        target = target.parent
    target.bind(node.target.id, value)
    return value


def _call(machine: Machine, node: ast.Call, frame: Frame) -> Value:
    function = machine.evaluate(node.func, frame)
    args = _sequence(machine, node.args, frame)
    keywords: dict[str, Value] = {}
    for keyword in node.keywords:
        value = machine.evaluate(keyword.value, frame)
        if keyword.arg is not None:
            keywords[keyword.arg] = value
        elif isinstance(value, dict) and all(isinstance(key, str) for key in value):
            keywords.update(value)
        else:
            args = (
                args
                if isinstance(args, UnknownValue)
                else UnknownValue("`**` of what is not known")
            )
    hook = machine.hooks.get(node)
    frame.line = node.lineno
    previous, machine.frame = machine.frame, frame
    try:
        if hook is not None:
            return hook(function, args, keywords)
        return call_with(machine, function, args, keywords, frame, node)
    finally:
        machine.frame = previous


def call_with(
    machine: Machine,
    function: Value,
    args: list[Value] | UnknownValue,
    keywords: dict[str, Value],
    frame: Frame,
    node: ast.AST,
) -> Value:
    """Call a value; with arguments that are not known the result is not known either."""
    if isinstance(args, UnknownValue):
        return machine.unknown(args.reason, frame, node)
    found = machine.call(function, args, keywords)
    if isinstance(found, UnknownValue):
        machine.unknown(found.reason, frame, node)
    return found


def _starred(machine: Machine, node: ast.Starred, frame: Frame) -> Value:
    return machine.unknown("a star where no star can be", frame, node)


def _not_run(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    return machine.unknown(f"{type(node).__name__} is not interpreted", frame, node)


EXPRESSIONS: Mapping[type, Expression] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.List: _list,
    ast.Tuple: _tuple,
    ast.Set: _set,
    ast.Dict: _dict,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Compare: _comparison,
    ast.IfExp: _conditional,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.Lambda: _lambda,
    ast.NamedExpr: _named,
    ast.JoinedStr: joined,
    ast.FormattedValue: formatted,
    ast.Call: _call,
    ast.Starred: _starred,
    ast.Await: _not_run,
    ast.Yield: _not_run,
    ast.YieldFrom: _not_run,
    **COMPREHENSIONS,
}
