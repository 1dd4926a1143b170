"""try and with: catch exceptions of the interpreted code as Python does."""

from __future__ import annotations

import ast

from yamlmod.fork.read.interpreter.assignment import assign
from yamlmod.fork.read.interpreter.machine import Machine, Signal
from yamlmod.fork.read.interpreter.scopes import Frame
from yamlmod.fork.read.interpreter.values import (
    MISSING,
    ClassValue,
    GradMode,
    Instance,
    Outside,
    Raised,
    Suppress,
    UnknownValue,
    Value,
)


def run_try(machine: Machine, node: ast.Try, frame: Frame) -> Signal | None:
    signal: Signal | None = None
    try:
        try:
            signal = machine.run(node.body, frame)
            if signal is None:
                signal = machine.run(node.orelse, frame)
        except Raised as error:
            handler = _handler(machine, node.handlers, error, frame)
            if handler is None:
                raise
            signal = _handled(machine, handler, error, frame)
    finally:
        final = machine.run(node.finalbody, frame) if node.finalbody else None
    return final or signal


def _handler(
    machine: Machine, handlers: list[ast.ExceptHandler], error: Raised, frame: Frame
) -> ast.ExceptHandler | None:
    for handler in handlers:
        if handler.type is None:
            return handler
        kind = machine.evaluate(handler.type, frame)
        if catches(kind, error):
            return handler
    return None


def _handled(
    machine: Machine, handler: ast.ExceptHandler, error: Raised, frame: Frame
) -> Signal | None:
    if handler.name:
        frame.bind(handler.name, error.value)
    before = frame.names.get("<exception>", MISSING)
    frame.names["<exception>"] = error
    try:
        return machine.run(handler.body, frame)
    finally:
        if handler.name:
            frame.drop(handler.name)
        if before is MISSING:
            frame.drop("<exception>")
        else:
            frame.names["<exception>"] = before


def catches(kind: Value, error: Raised) -> bool:
    """Check whether `except kind` catches an exception."""
    if isinstance(kind, tuple):
        return any(catches(part, error) for part in kind)
    if isinstance(kind, type) and isinstance(error.kind, type):
        return issubclass(error.kind, kind)
    if isinstance(error.kind, ClassValue):
        if isinstance(kind, ClassValue):
            return kind in error.kind.mro
        return isinstance(kind, type) and issubclass(error.kind.builtin or Exception, kind)
    # torch's own errors are RuntimeErrors, and so are those that a handler from outside waits for.
    return False


def run_with(machine: Machine, node: ast.With, frame: Frame) -> Signal | None:
    """Run a with statement: suppress is known, other managers change nothing here."""
    suppressed: list[Value] = []
    gradients = machine.gradients
    for item in node.items:
        value = machine.evaluate(item.context_expr, frame)
        if isinstance(value, Suppress):
            suppressed += value.kinds
        elif isinstance(value, GradMode):
            gradients = gradients if value.before is None else value.before
            machine.gradients = value.enabled
        if item.optional_vars is not None:
            assign(machine, item.optional_vars, _entered(machine, value), frame)
    try:
        return machine.run(node.body, frame)
    except Raised as error:
        if not any(catches(kind, error) for kind in suppressed):
            raise
        return None
    finally:
        machine.gradients = gradients


def _entered(machine: Machine, value: Value) -> Value:
    if isinstance(value, Instance) and value.cls.find("__enter__") is not MISSING:
        return machine.call(machine.attribute(value, "__enter__"))
    return UnknownValue("what a context manager gives") if not isinstance(value, Outside) else value
