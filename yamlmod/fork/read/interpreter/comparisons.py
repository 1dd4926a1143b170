"""Comparisons: equality, identity, membership, order; Unknown if an operand is Unknown."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

from yamlmod.fork.read.interpreter.machine import Machine, fail
from yamlmod.fork.read.interpreter.operators import guarded, kind_of
from yamlmod.fork.read.interpreter.values import (
    MISSING,
    SCALARS,
    ClassValue,
    FunctionValue,
    GlobalNames,
    Instance,
    Outside,
    Raised,
    TensorValue,
    UnknownValue,
    Value,
    deep_unknown,
    is_plain,
)
from yamlmod.fork.read.torch_rules.tensors import broadcast

COMPARE: Mapping[type, Callable[[Value, Value], Value]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}

_ELEMENTWISE = frozenset([*COMPARE, ast.Eq, ast.NotEq])


def elementwise(left: Value, right: Value) -> Value:
    """Return a tensor of truths, from a tensor and another or a number."""
    shapes = []
    for value in (left, right):
        if not isinstance(value, (TensorValue, int, float)):
            return UnknownValue(f"a comparison of {kind_of(left)} and {kind_of(right)}")
        shapes.append(value.shape if isinstance(value, TensorValue) else ())
    return TensorValue(broadcast(shapes[0], shapes[1]), "bool")


def same(machine: Machine, left: Value, right: Value) -> bool | UnknownValue:
    """Check whether two values are equal, or Unknown."""
    if left.__class__ in SCALARS and right.__class__ in SCALARS:
        return bool(left == right)
    if left is right and not isinstance(left, (UnknownValue, TensorValue, float)):
        return True
    for value, other in ((left, right), (right, left)):
        if isinstance(value, UnknownValue):
            return _same_name(value, other)
        if isinstance(value, Outside):
            return _same_outside(value, other)
    if isinstance(left, TensorValue) or isinstance(right, TensorValue):
        return UnknownValue("a comparison of tensors")
    for value, other in ((left, right), (right, left)):
        if isinstance(value, Instance):
            if value.cls.find("__eq__") is not MISSING:
                found = machine.call(machine.attribute(value, "__eq__"), [other])
                return machine.truth(found)
            if value.cls.is_open or value.cls.builtin is not None:
                return UnknownValue("a comparison of objects")
    if isinstance(left, (list, tuple)) and type(left) is type(right):
        return _same_items(machine, list(left), list(right))
    if is_plain(left) and is_plain(right):
        if deep_unknown([left, right]) is not None:
            return UnknownValue("a comparison of unknown elements")
        return bool(left == right)
    return False


def _same_items(machine: Machine, left: list[Value], right: list[Value]) -> bool | UnknownValue:
    if len(left) != len(right):
        return False
    unknown: UnknownValue | None = None
    for one, other in zip(left, right, strict=True):
        equal = same(machine, one, other)
        if equal is False:
            return False
        unknown = equal if isinstance(equal, UnknownValue) else unknown
    return unknown or True


def _same_name(value: UnknownValue, other: Value) -> bool | UnknownValue:
    """Compare names: an unresolvable `Foo` is not `Conv`."""
    if value.name and isinstance(other, (ClassValue, FunctionValue)) and value.name != other.name:
        return False
    if value.name and isinstance(other, (UnknownValue, Outside)):
        name = other.name if isinstance(other, UnknownValue) else other.path.rpartition(".")[2]
        if name and name != value.name:
            return False
    if value.name and (other is None or isinstance(other, (int, float, list, tuple))):
        return False if other is None or isinstance(other, (list, tuple)) else value
    return value


def _same_outside(value: Outside, other: Value) -> bool | UnknownValue:
    if isinstance(other, Outside):
        if value.path == other.path:
            return True
        ends = value.path.rpartition(".")[2] == other.path.rpartition(".")[2]
        return UnknownValue(f"whether {value.path} is {other.path}") if ends else False
    if isinstance(other, (ClassValue, FunctionValue)) or is_plain(other):
        constant = value.path.rpartition(".")[2].isupper() and is_plain(other) and other is not None
        return UnknownValue(value.path) if constant else False
    return UnknownValue(value.path)


def identical(left: Value, right: Value) -> bool | UnknownValue:
    """Check whether two values are one object, or Unknown."""
    for value, other in ((left, right), (right, left)):
        if isinstance(value, UnknownValue):
            return _same_name(value, other)
        if isinstance(value, Outside):
            return _same_outside(value, other)
    if left is None or right is None or isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if is_plain(left) and is_plain(right) and not isinstance(left, (list, dict, set)):
        if type(left) is not type(right) or left != right:
            return False
        # Whether equal numbers or texts are one object is up to the compiler.
        return True if left is right and isinstance(left, (int, str)) else UnknownValue("identity")
    return left is right


def compare(machine: Machine, node: ast.cmpop, left: Value, right: Value) -> Value:
    """Return what a comparison gives."""
    kind = node.__class__
    if left.__class__ in SCALARS and right.__class__ in SCALARS and kind in _ELEMENTWISE:
        if kind is ast.Eq or kind is ast.NotEq:
            return (left == right) is (kind is ast.Eq)
        return guarded(COMPARE[kind], left, right)
    tensors = isinstance(left, TensorValue) or isinstance(right, TensorValue)
    if tensors and type(node) in _ELEMENTWISE:
        return elementwise(left, right)
    if isinstance(node, (ast.Is, ast.IsNot)):
        return _negated(identical(left, right), isinstance(node, ast.IsNot))
    if isinstance(node, (ast.Eq, ast.NotEq)):
        return _negated(same(machine, left, right), isinstance(node, ast.NotEq))
    if isinstance(node, (ast.In, ast.NotIn)):
        return _negated(contains(machine, right, left), isinstance(node, ast.NotIn))
    unknown = deep_unknown([left, right])
    if unknown is not None:
        return unknown
    if not (is_plain(left) and is_plain(right)):
        return UnknownValue(f"a comparison of {kind_of(left)} and {kind_of(right)}")
    return guarded(COMPARE[type(node)], left, right)


def _negated(value: bool | UnknownValue, negate: bool) -> bool | UnknownValue:
    if isinstance(value, UnknownValue):
        return value
    return not value if negate else value


def contains(machine: Machine, holder: Value, item: Value) -> bool | UnknownValue:
    if isinstance(holder, UnknownValue):
        return holder
    if isinstance(holder, str):
        if isinstance(item, UnknownValue):
            return item
        if not isinstance(item, str):
            if not is_plain(item):
                return UnknownValue("`in` a text")
            name = kind_of(item)
            fail(TypeError, f"'in <string>' requires string as left operand, not {name}")
        return item in holder
    if isinstance(holder, GlobalNames):
        return holds_name(machine, holder, item)
    if isinstance(holder, (Instance, TensorValue)):
        return _held(machine, holder, item)
    if isinstance(holder, (set, frozenset)) and isinstance(item, set):
        item = frozenset(item)  # as Python does for this question alone
    if isinstance(holder, (set, frozenset, dict)) and isinstance(item, (list, dict, set)):
        fail(TypeError, f"unhashable type: '{kind_of(item)}'")
    plain = is_plain(item) and deep_unknown(item) is None
    if isinstance(holder, (set, frozenset, dict)) and plain and item in holder:
        return True
    if is_plain(holder) and not isinstance(holder, (list, tuple, set, frozenset, dict, range)):
        fail(TypeError, f"argument of type '{kind_of(holder)}' is not iterable")
    if isinstance(holder, range) and isinstance(item, int):
        return item in holder
    unordered = isinstance(holder, (dict, set, frozenset))
    found = list(holder) if unordered else machine.items(holder)
    if isinstance(found, UnknownValue):
        return found
    unknown: UnknownValue | None = None
    for other in found:
        equal = same(machine, other, item)
        if equal is True:
            return True
        unknown = equal if isinstance(equal, UnknownValue) else unknown
    return False if unknown is None else unknown


def _held(machine: Machine, holder: Value, item: Value) -> bool | UnknownValue:
    if isinstance(holder, Instance) and holder.cls.find("__contains__") is not MISSING:
        return machine.truth(machine.call(machine.attribute(holder, "__contains__"), [item]))
    if isinstance(holder, Instance) and holder.cls.torch_base == "ModuleDict":
        return (
            item in holder.layers()
            if isinstance(item, str) and not holder.hidden
            else UnknownValue("")
        )
    return UnknownValue("`in` an object")


def holds_name(machine: Machine, holder: GlobalNames, name: Value) -> bool | UnknownValue:
    """Check whether a module has a name."""
    if not isinstance(name, str):
        return name if isinstance(name, UnknownValue) else False
    try:
        found = machine.parts.global_name(machine, holder.module, name, False)
    except Raised as error:
        if error.kind is NameError:
            return False
        raise
    return found if isinstance(found, UnknownValue) and not found.name else True
