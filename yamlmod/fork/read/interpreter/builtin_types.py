"""Python's builtin types as functions: list(...), dict(...), str(...)."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping

from yamlmod.fork.read.interpreter.machine import MAX_BITS, MAX_ITEMS, MAX_TEXT, Machine
from yamlmod.fork.read.interpreter.operators import guarded, text_known
from yamlmod.fork.read.interpreter.values import (
    LimitError,
    TensorValue,
    UnknownValue,
    Value,
    deep_unknown,
    is_plain,
)


def plain_call(name: str, *values: Value, **keywords: Value) -> Value:
    """Do a function of Python on known plain values."""
    unknown = deep_unknown([list(values), list(keywords.values())])
    if unknown is not None:
        return unknown
    if not all(is_plain(value) for value in values):
        return UnknownValue(f"{name} of an object")
    return guarded(lambda: getattr(builtins, name)(*values, **keywords))


def number(name: str) -> Callable[..., Value]:
    """Make int, float, round and their like of plain values."""

    def convert(machine: Machine, *values: Value, **keywords: Value) -> Value:
        if values and isinstance(values[0], TensorValue):
            return UnknownValue("the value of a tensor")
        if values and isinstance(values[0], str) and len(values[0]) > 200:
            return UnknownValue("a long text")
        if name in ("pow", "round") and _is_large(name, [*values, *keywords.values()]):
            return UnknownValue("a value too large for the interpreter")
        return plain_call(name, *values, **keywords)

    return convert


def _is_large(name: str, values: list[Value]) -> bool:
    """Check for what would take long: a great power, and rounding to a great power of ten."""
    whole = [value for value in values if isinstance(value, int)]
    if any(value.bit_length() > MAX_BITS for value in whole):
        return True
    second = values[1] if len(values) > 1 else None
    if name == "pow" and len(values) == 2:
        return isinstance(second, (int, float)) and abs(second) > 64
    return name == "round" and isinstance(second, int) and abs(second) > 400


def _range(machine: Machine, *values: Value) -> Value:
    found = plain_call("range", *values)
    if isinstance(found, range) and len(found) > MAX_ITEMS:
        raise LimitError("a long range")
    return found


def _collect(kind: type) -> Callable[..., Value]:
    def build(machine: Machine, values: Value = ()) -> Value:
        unordered = kind in (set, frozenset) and isinstance(values, (set, frozenset))
        items = list(values) if unordered else machine.items(values)
        if isinstance(items, UnknownValue):
            return items
        return items if kind is list else guarded(kind, items)

    return build


def _dict(machine: Machine, values: Value = None, **keywords: Value) -> Value:
    out: dict[Value, Value] = {}
    if isinstance(values, dict):
        out.update(values)
    elif values is not None:
        items = machine.items(values)
        if (
            isinstance(items, UnknownValue)
            or deep_unknown([list(i)[:1] for i in items]) is not None
        ):
            return UnknownValue("a dict of what is not known")
        out.update(guarded(dict, items))
    return {**out, **keywords}


def _str(machine: Machine, value: Value = "") -> Value:
    if isinstance(value, UnknownValue):
        return value
    if not text_known(value):
        return UnknownValue("the text of an object")
    text = str(value)
    return text if len(text) <= MAX_TEXT else UnknownValue("a long text")


def _bool(machine: Machine, value: Value = False) -> Value:
    return machine.truth(value)


def slice_of(machine: Machine, *values: Value) -> Value:
    """Return what slice() gives."""
    return deep_unknown(list(values)) or slice(*values)


TYPES: Mapping[str, Callable[..., Value]] = {
    "int": number("int"),
    "float": number("float"),
    "str": _str,
    "bool": _bool,
    "list": _collect(list),
    "tuple": _collect(tuple),
    "set": _collect(set),
    "frozenset": _collect(frozenset),
    "dict": _dict,
    "range": _range,
    "slice": slice_of,
    "object": lambda machine: UnknownValue("an object"),
    "bytes": lambda machine, *args: UnknownValue("bytes"),
}
