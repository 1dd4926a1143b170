"""Statements: assignments, branches, loops, try, with, definitions, imports."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from yamlmod.fork.read.interpreter.assignment import assign
from yamlmod.fork.read.interpreter.classes import define_class
from yamlmod.fork.read.interpreter.decorators import decorated
from yamlmod.fork.read.interpreter.exceptions import run_try, run_with
from yamlmod.fork.read.interpreter.expressions import function_value
from yamlmod.fork.read.interpreter.havoc import spoil_block, take_neither
from yamlmod.fork.read.interpreter.imports import run_import, run_import_from
from yamlmod.fork.read.interpreter.machine import Machine, Signal, Statement, fail
from yamlmod.fork.read.interpreter.operators import SIGNS, guarded
from yamlmod.fork.read.interpreter.scopes import Frame, walk_scope
from yamlmod.fork.read.interpreter.values import (
    ClassValue,
    ErrorValue,
    Instance,
    Raised,
    TensorValue,
    UnknownItemsError,
    UnknownValue,
    Value,
    deep_unknown,
)

_MAX_TURNS = 5_000


def _expression(machine: Machine, node: ast.Expr, frame: Frame) -> None:
    machine.evaluate(node.value, frame)


def _assign(machine: Machine, node: ast.Assign, frame: Frame) -> None:
    value = machine.evaluate(node.value, frame)
    for target in node.targets:
        assign(machine, target, value, frame)


def _annotated(machine: Machine, node: ast.AnnAssign, frame: Frame) -> None:
    if node.value is not None:
        assign(machine, node.target, machine.evaluate(node.value, frame), frame)


def _augmented(machine: Machine, node: ast.AugAssign, frame: Frame) -> None:
    left = machine.evaluate(_as_load(node.target), frame)
    right = machine.evaluate(node.value, frame)
    sign = SIGNS[type(node.op)]
    if isinstance(left, list) and sign == "+":
        _extend(machine, left, right)
        value: Value = left
    elif isinstance(left, list) and sign == "*":
        value = machine.parts.binary(machine, sign, left, right)
        if isinstance(value, list):
            left[:] = value
            value = left
        else:
            machine.spoil(left, "repeated in a way that is not known")
    elif isinstance(left, (set, dict)) and sign in "|&-^":
        value = machine.parts.binary(machine, sign, left, right)
        if isinstance(value, (set, dict)):
            left.clear()
            left.update(value)
            value = left
        else:
            machine.spoil(left, "changed in a way that is not known")
    else:
        value = machine.parts.binary(machine, sign, left, right)
        if isinstance(left, TensorValue) and isinstance(value, TensorValue):
            value = left if left.shape == value.shape else value
    assign(machine, node.target, value, frame)


def _extend(machine: Machine, left: list[Value], right: Value) -> None:
    items = machine.items(right)
    if isinstance(items, UnknownValue):
        machine.spoil(left, items.reason)
    else:
        left += items


def _as_load(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Name):
        return ast.copy_location(ast.Name(node.id, ast.Load()), node)
    if isinstance(node, ast.Attribute):
        return ast.copy_location(ast.Attribute(node.value, node.attr, ast.Load()), node)
    assert isinstance(node, ast.Subscript)
    return ast.copy_location(ast.Subscript(node.value, node.slice, ast.Load()), node)


def _if(machine: Machine, node: ast.If, frame: Frame) -> Signal | None:
    truth = machine.truth(machine.evaluate(node.test, frame))
    if isinstance(truth, UnknownValue):
        return take_neither(machine, node, frame, truth)
    if node in machine.branches:
        _note_branch(machine, node, truth)
    return machine.run(node.body if truth else node.orelse, frame)


def _note_branch(machine: Machine, node: ast.If, taken: bool) -> None:
    """Note which branch of the parse function's chain runs."""
    if taken:
        machine.branch = node.lineno
    elif node.orelse and node.orelse[0] not in machine.branches:
        machine.branch = node.orelse[0].lineno


def _for(machine: Machine, node: ast.For, frame: Frame) -> Signal | None:
    source = machine.iterate(machine.evaluate(node.iter, frame))
    if isinstance(source, UnknownValue):
        machine.unknown(f"a loop over what is not known ({source.reason})", frame, node)
        spoil_block(machine, [node], frame, source.reason)
        return _unknown_return([*node.body, *node.orelse], source)
    hook = machine.hooks.get(node)
    try:
        for turn, item in enumerate(source):
            assign(machine, node.target, item, frame)
            signal = machine.run(node.body, frame) if hook is None else hook(turn, node, frame)
            if signal is not None and signal.kind != "continue":
                return _left(machine, node, signal, frame)
    except UnknownItemsError as error:
        spoil_block(machine, [node], frame, error.unknown.reason)
        return _unknown_return(node.body, error.unknown)
    return machine.run(node.orelse, frame)


def _left(
    machine: Machine, node: ast.For | ast.While, signal: Signal, frame: Frame
) -> Signal | None:
    """Return how a loop goes on after a turn that did not end at its end."""
    if signal.kind == "return":
        return signal
    if signal.kind == "lost":  # by a break or a continue under a test that is not known
        spoil_block(machine, [node], frame, signal.value.reason)
        return _unknown_return([*node.body, *node.orelse], signal.value)
    return None


def _unknown_return(body: list[ast.stmt], unknown: UnknownValue) -> Signal | None:
    if any(isinstance(part, ast.Return) for part in walk_scope(body)):
        return Signal("return", UnknownValue(unknown.reason))
    return None


def _while(machine: Machine, node: ast.While, frame: Frame) -> Signal | None:
    for _ in range(_MAX_TURNS):
        truth = machine.truth(machine.evaluate(node.test, frame))
        if isinstance(truth, UnknownValue):
            spoil_block(machine, [node], frame, truth.reason)
            return _unknown_return([*node.body, *node.orelse], truth)
        if not truth:
            return machine.run(node.orelse, frame)
        signal = machine.run(node.body, frame)
        if signal is not None and signal.kind != "continue":
            return _left(machine, node, signal, frame)
    spoil_block(machine, [node], frame, "a loop of very many turns")
    return None


def _return(machine: Machine, node: ast.Return, frame: Frame) -> Signal:
    return Signal("return", None if node.value is None else machine.evaluate(node.value, frame))


def _raise(machine: Machine, node: ast.Raise, frame: Frame) -> None:
    if node.exc is None:
        current = frame.holder("<exception>")
        if current is not None:
            raise current.names["<exception>"]
        fail(RuntimeError, "No active exception to reraise")
    value = machine.evaluate(node.exc, frame)
    if isinstance(value, type) and issubclass(value, BaseException):
        raise Raised(value, "", ErrorValue(value, ()))
    if isinstance(value, ClassValue):
        value = machine.call(value)
    if isinstance(value, ErrorValue):
        text = ", ".join(map(str, value.args)) if deep_unknown(value.args) is None else ""
        raise Raised(value.kind, text, value)
    if isinstance(value, Instance):
        raise Raised(value.cls, "", ErrorValue(value.cls, ()))
    raise Raised(Exception, "an exception that is not known")


def _assert(machine: Machine, node: ast.Assert, frame: Frame) -> None:
    truth = machine.truth(machine.evaluate(node.test, frame))
    if truth is False:
        message = "" if node.msg is None else machine.evaluate(node.msg, frame)
        fail(AssertionError, message if isinstance(message, str) else "")


def _delete(machine: Machine, node: ast.Delete, frame: Frame) -> None:
    for target in node.targets:
        if isinstance(target, ast.Name):
            frame.drop(target.id)
        elif isinstance(target, ast.Subscript):
            holder = machine.evaluate(target.value, frame)
            key = machine.evaluate(target.slice, frame)
            if isinstance(holder, (list, dict)):
                if deep_unknown(key) is not None:
                    machine.spoil(holder, "an element that is not known was deleted")
                else:
                    guarded(holder.__delitem__, key)
            elif isinstance(holder, Instance):
                holder.hidden = "an element was deleted"
        elif isinstance(target, ast.Attribute):
            value = machine.evaluate(target.value, frame)
            if isinstance(value, Instance):
                value.fields.pop(target.attr, None)


def _function(machine: Machine, node: ast.FunctionDef, frame: Frame) -> None:
    value: Value = function_value(machine, node, node.name, frame)
    frame.bind(node.name, decorated(machine, node, value, frame))


def _asynchronous(machine: Machine, node: ast.AsyncFunctionDef, frame: Frame) -> None:
    frame.bind(node.name, machine.unknown("an async function", frame, node))


def _class(machine: Machine, node: ast.ClassDef, frame: Frame) -> None:
    value: Value = define_class(machine, node, frame)
    frame.bind(node.name, decorated(machine, node, value, frame))


def _global(machine: Machine, node: ast.Global, frame: Frame) -> None:
    frame.globals.update(node.names)


def _nonlocal(machine: Machine, node: ast.Nonlocal, frame: Frame) -> None:
    frame.nonlocals.update(node.names)


def _match(machine: Machine, node: ast.Match, frame: Frame) -> Signal | None:
    machine.unknown("match is not interpreted", frame, node)
    spoil_block(machine, [node], frame, "match is not interpreted")
    body = [part for case in node.cases for part in case.body]
    return _unknown_return(body, UnknownValue("match is not interpreted"))


def _pass(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    return None


STATEMENTS: Mapping[type, Statement] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.If: _if,
    ast.For: _for,
    ast.While: _while,
    ast.Return: _return,
    ast.Break: lambda machine, node, frame: Signal("break"),
    ast.Continue: lambda machine, node, frame: Signal("continue"),
    ast.Raise: _raise,
    ast.Assert: _assert,
    ast.Delete: _delete,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _asynchronous,
    ast.ClassDef: _class,
    ast.Global: _global,
    ast.Nonlocal: _nonlocal,
    ast.Pass: _pass,
    ast.Try: run_try,
    ast.With: run_with,
    ast.Import: run_import,
    ast.ImportFrom: run_import_from,
    ast.Match: _match,
}
