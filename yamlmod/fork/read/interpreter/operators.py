"""Operators on plain values, within bounds; Unknown if an operand is Unknown."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping

from yamlmod.fork.read.interpreter.machine import MAX_BITS, MAX_ITEMS, MAX_TEXT, Machine, fail
from yamlmod.fork.read.interpreter.values import (
    MISSING,
    Bound,
    Builtin,
    ClassValue,
    DictView,
    ErrorValue,
    FunctionValue,
    Instance,
    Lazy,
    ModuleValue,
    Raised,
    TensorValue,
    UnknownValue,
    Value,
    deep_unknown,
    is_plain,
)

SIGNS: Mapping[type, str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.MatMult: "@",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}
_DO: Mapping[str, Callable[[Value, Value], Value]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
}
_METHODS = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "truediv",
    "//": "floordiv",
    "%": "mod",
    "**": "pow",
    "@": "matmul",
    "&": "and",
    "|": "or",
    "^": "xor",
    "<<": "lshift",
    ">>": "rshift",
}
_NUMBERS: frozenset[type] = frozenset([int, float])
_SIMPLE = frozenset(["+", "-", "*", "/", "//", "%"])
_SMALL = 1 << 60
_TensorRule = Callable[[Machine, str, Value, Value], Value]


def binary(machine: Machine, sign: str, left: Value, right: Value, tensors: _TensorRule) -> Value:
    """Return what an operator makes of two values."""
    numbers = left.__class__ in _NUMBERS and right.__class__ in _NUMBERS and sign in _SIMPLE
    if numbers and -_SMALL < left < _SMALL and -_SMALL < right < _SMALL:
        return guarded(_DO[sign], left, right)
    for value in (left, right):
        if (
            isinstance(value, UnknownValue)
            and not isinstance(left, TensorValue)
            and not isinstance(right, TensorValue)
        ):
            return value
    if isinstance(left, TensorValue) or isinstance(right, TensorValue):
        return tensors(machine, sign, left, right)
    if isinstance(left, Instance) or isinstance(right, Instance):
        return _by_method(machine, sign, left, right)
    if sign != "|" and (_no_operand(left, right) or _no_operand(right, left)):
        first, second = kind_of(left), kind_of(right)
        fail(TypeError, f"unsupported operand type(s) for {sign}: '{first}' and '{second}'")
    if (
        not (is_plain(left) and is_plain(right))
        or isinstance(left, DictView)
        or isinstance(right, DictView)
    ):
        return UnknownValue(f"`{sign}` of {kind_of(left)} and {kind_of(right)}")
    if sign == "@":
        fail(TypeError, f"unsupported operand type(s) for @: {kind_of(left)} and {kind_of(right)}")
    if sign == "%" and isinstance(left, (str, bytes)):
        return _formatted(left, right)
    if _too_large(sign, left, right):
        return UnknownValue("a value too large for the interpreter")
    return guarded(_DO[sign], left, right)


def _no_operand(value: Value, other: Value) -> bool:
    """Check whether a value is a class or a function, which no number can be added to."""
    closed = isinstance(value, ClassValue) and not value.is_open
    callables = closed or isinstance(value, (FunctionValue, Builtin, type))
    return callables and (other is None or other.__class__ in (int, float, bool))


def guarded(function: Callable[..., Value], *args: Value) -> Value:
    """Do it in Python; an exception is the fork's own, since every operand is known."""
    try:
        found = function(*args)
    except (TypeError, ValueError, ZeroDivisionError, IndexError, KeyError, OverflowError) as error:
        message = str(error)
        raise Raised(type(error), message, ErrorValue(type(error), error.args)) from None
    except (RecursionError, MemoryError, AttributeError) as error:
        return UnknownValue(f"{type(error).__name__}: {error}")
    return UnknownValue("a complex number") if isinstance(found, complex) else found


def _formatted(left: Value, right: Value) -> Value:
    if deep_unknown(right) is not None or not _texts(right):
        return UnknownValue("the text of an object")
    if is_wide_format(left if isinstance(left, str) else left.decode("latin-1")):
        return UnknownValue("a long text")
    return guarded(operator.mod, left, right)


_WIDTH = re.compile(r"\d{5}|\*|\{[^{}]*\{")


def is_wide_format(template: str) -> bool:
    """Check a template for widths that are large, or that an argument gives."""
    return _WIDTH.search(template) is not None


def _texts(value: Value) -> bool:
    """Check whether a value's text is known: it is plain through and through, and small."""
    if isinstance(value, (list, tuple)) and not isinstance(value, DictView):
        return len(value) < 100 and all(map(_texts, value))
    if isinstance(value, dict):
        return len(value) < 100 and all(map(_texts, [*value, *value.values()]))
    if isinstance(value, str):
        return len(value) < MAX_TEXT
    return isinstance(value, (int, float, bool, type(None), bytes, range))


text_known = _texts


def _too_large(sign: str, left: Value, right: Value) -> bool:
    if sign == "*":
        for value, times in ((left, right), (right, left)):
            if isinstance(value, (str, bytes, list, tuple)) and isinstance(times, int):
                limit = MAX_TEXT if isinstance(value, (str, bytes)) else MAX_ITEMS
                return len(value) * max(times, 0) > limit
    if sign == "**" and isinstance(right, (int, float)):
        return abs(right) > 64 or _wide(left, 64)
    if sign == "<<":
        return isinstance(right, int) and right > 128
    if sign == "+" and isinstance(left, (str, list, tuple)) and isinstance(right, type(left)):
        return len(left) + len(right) > (MAX_TEXT if isinstance(left, str) else MAX_ITEMS)
    return _wide(left, MAX_BITS) or _wide(right, MAX_BITS)


def _wide(value: Value, bits: int) -> bool:
    return isinstance(value, int) and value.bit_length() > bits


def _by_method(machine: Machine, sign: str, left: Value, right: Value) -> Value:
    name = _METHODS[sign]
    for value, other, method in ((left, right, f"__{name}__"), (right, left, f"__r{name}__")):
        if isinstance(value, Instance) and value.cls.find(method) is not MISSING:
            return machine.call(machine.attribute(value, method), [other])
    known = all(is_plain(v) or (isinstance(v, Instance) and _closed(v)) for v in (left, right))
    if not known:
        return UnknownValue(f"`{sign}` of {kind_of(left)} and {kind_of(right)}")
    raise Raised(
        TypeError,
        f"unsupported operand type(s) for {sign}: '{kind_of(left)}' and '{kind_of(right)}'",
    )


def _closed(value: Instance) -> bool:
    return not value.cls.is_open and value.cls.builtin is None and not value.hidden


def kind_of(value: Value) -> str:
    """Return the name of a value's type as Python's messages spell it."""
    if isinstance(value, Instance):
        return value.cls.name
    if isinstance(value, (ClassValue, type)):
        return "type"
    if isinstance(value, TensorValue):
        return "Parameter" if value.is_parameter else "Tensor"
    if isinstance(value, (FunctionValue, Builtin)):
        return "function"
    if isinstance(value, ErrorValue):
        return "Exception"
    names = {Bound: "method", Lazy: "generator", ModuleValue: "module", UnknownValue: "unknown"}
    return names.get(type(value), type(value).__name__)
