"""Decorators: those without effect, those that change the kind, the fork's own."""

from __future__ import annotations

import ast

from yamlmod.fork.read.interpreter.machine import Machine
from yamlmod.fork.read.interpreter.scopes import Frame
from yamlmod.fork.read.interpreter.values import (
    Builtin,
    ClassValue,
    Outside,
    UnknownValue,
    Value,
    Wrapped,
)

_KINDS = {"staticmethod", "classmethod", "property"}
# Packages whose decorators keep a function what it is, for shapes and arguments.
_HARMLESS = ("torch", "functools", "abc", "typing", "numba", "warnings", "dataclasses.field")
_KEEPING = ("wraps", "lru_cache", "cache", "no_grad", "inference_mode", "enable_grad")
_HARMLESS_NAMES = frozenset({"threaded", "smart_inference_mode", "autocast", "ThreadingLocked"})


def decorated(
    machine: Machine, node: ast.FunctionDef | ast.ClassDef, value: Value, frame: Frame
) -> Value:
    """Return what a definition's decorators make of it."""
    for decorator in reversed(node.decorator_list):
        value = _once(machine, decorator, value, frame, node.name)
    return value


def _once(
    machine: Machine, decorator: ast.expr, value: Value, frame: Frame, node_name: str
) -> Value:
    if isinstance(decorator, ast.Name) and decorator.id in _KINDS:
        return Wrapped(decorator.id, value)
    if isinstance(decorator, ast.Attribute) and decorator.attr == "setter":
        found = machine.evaluate(decorator.value, frame)
        if isinstance(found, Wrapped):
            return Wrapped("property", found.function, value)
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    if name in _HARMLESS_NAMES:
        return value
    function = machine.evaluate(called, frame)
    if isinstance(function, (Outside, UnknownValue)):
        path = function.path if isinstance(function, Outside) else function.name
        if path.startswith("functools.cached_property"):
            return Wrapped("property", value)
        if path.startswith(_HARMLESS):
            return value
        if isinstance(value, ClassValue):
            # What a registry of another package gives back is the class, by custom.
            return value
        if name.startswith("register"):
            return value  # the same custom
        return UnknownValue(f"a function decorated by {path or name}", node_name)
    if isinstance(function, Builtin) and name in _KEEPING:
        return value
    return machine.call(machine.evaluate(decorator, frame), [value])
