"""Assign to targets: names, attributes, elements, unpacking."""

from __future__ import annotations

import ast

from yamlmod.fork.read.interpreter.machine import MAX_ITEMS, Machine, fail
from yamlmod.fork.read.interpreter.operators import guarded, kind_of
from yamlmod.fork.read.interpreter.scopes import Frame
from yamlmod.fork.read.interpreter.values import (
    MISSING,
    Instance,
    UnknownValue,
    Value,
    deep_unknown,
    is_plain,
)


def assign(machine: Machine, target: ast.expr, value: Value, frame: Frame) -> None:
    if isinstance(target, ast.Name):
        frame.bind(target.id, value)
    elif isinstance(target, (ast.Tuple, ast.List)):
        _unpack(machine, target.elts, value, frame)
    elif isinstance(target, ast.Attribute):
        machine.set_attribute(machine.evaluate(target.value, frame), target.attr, value)
    elif isinstance(target, ast.Subscript):
        holder = machine.evaluate(target.value, frame)
        set_item(machine, holder, machine.evaluate(target.slice, frame), value)
    elif isinstance(target, ast.Starred):
        assign(machine, target.value, value, frame)


def _unpack(machine: Machine, targets: list[ast.expr], value: Value, frame: Frame) -> None:
    items = machine.items(value)
    if isinstance(items, UnknownValue):
        for target in targets:
            assign(machine, target, UnknownValue(items.reason), frame)
        return
    star = next((i for i, one in enumerate(targets) if isinstance(one, ast.Starred)), None)
    if star is None:
        _check_count(len(targets), len(items))
        parts = items
    else:
        after = len(targets) - star - 1
        if len(items) < star + after:
            need = star + after
            fail(
                ValueError,
                f"not enough values to unpack (expected at least {need}, got {len(items)})",
            )
        parts = [*items[:star], items[star : len(items) - after], *items[len(items) - after :]]
    for target, part in zip(targets, parts, strict=True):
        assign(machine, target, part, frame)


def _check_count(expected: int, given: int) -> None:
    if given > expected:
        fail(ValueError, f"too many values to unpack (expected {expected})")
    if given < expected:
        fail(ValueError, f"not enough values to unpack (expected {expected}, got {given})")


def set_item(machine: Machine, holder: Value, key: Value, value: Value) -> None:
    """Do `holder[key] = value`."""
    machine.change()
    if isinstance(holder, Instance):
        if holder.cls.find("__setitem__") is not MISSING:
            machine.call(machine.attribute(holder, "__setitem__"), [key, value])
        elif holder.is_module:
            set_layer(holder, key, value)
        return
    if not isinstance(holder, (list, dict)):
        if is_plain(holder):
            fail(TypeError, f"'{kind_of(holder)}' object does not support item assignment")
        return
    if deep_unknown(key) is not None:
        machine.spoil(holder, "an element at a place that is not known was set")
        return
    if isinstance(key, slice):
        found = machine.items(value)
        if isinstance(found, UnknownValue) or len(holder) + len(found) > MAX_ITEMS:
            machine.spoil(holder, "a part that is not known was set")
            return
        value = found
    if isinstance(guarded(holder.__setitem__, key, value), UnknownValue):
        machine.spoil(holder, "an element that is not known was set")


def set_layer(holder: Instance, key: Value, value: Value) -> None:
    """Set an element of Sequential, ModuleList or ModuleDict."""
    names = list(holder.layers())
    if isinstance(key, str):
        holder.fields[key] = value
    elif isinstance(key, int) and not holder.hidden and -len(names) <= key < len(names):
        holder.fields[names[key]] = value
    elif isinstance(key, int) and not holder.hidden:
        fail(IndexError, f"index {key} is out of range")
    else:
        holder.hidden = "an element was set at a place that is not known"
