"""Python's builtin functions, as far as model code uses them."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator, Mapping

from yamlmod.fork.read.interpreter.builtin_objects import OBJECT_FUNCTIONS
from yamlmod.fork.read.interpreter.builtin_types import TYPES, number, plain_call, slice_of
from yamlmod.fork.read.interpreter.comparisons import compare
from yamlmod.fork.read.interpreter.machine import Machine, fail
from yamlmod.fork.read.interpreter.methods import sort_values
from yamlmod.fork.read.interpreter.operators import guarded, kind_of, text_known
from yamlmod.fork.read.interpreter.values import (
    MISSING,
    Builtin,
    FunctionValue,
    Instance,
    Lazy,
    Raised,
    TensorValue,
    UnknownItemsError,
    UnknownValue,
    Value,
    is_plain,
)


def _abs(machine: Machine, value: Value) -> Value:
    return value if isinstance(value, TensorValue) else plain_call("abs", value)


def _len(machine: Machine, value: Value) -> Value:
    if isinstance(value, UnknownValue):
        return value
    if isinstance(value, TensorValue):
        if value.shape is None:
            return UnknownValue("the size of a tensor")
        if not value.shape:
            fail(TypeError, "len() of a 0-d tensor")
        return UnknownValue("the size of a tensor") if value.shape[0] is None else value.shape[0]
    if isinstance(value, Instance):
        return _len_of(machine, value)
    if is_plain(value):
        return guarded(len, value)
    if isinstance(value, Lazy):
        fail(TypeError, "object of type 'generator' has no len()")
    return UnknownValue(f"the length of {kind_of(value)}")


def _len_of(machine: Machine, value: Instance) -> Value:
    if isinstance(value.cls.find("__len__"), FunctionValue):
        return machine.call(machine.attribute(value, "__len__"))
    if value.hidden:
        return UnknownValue(value.hidden)
    if value.cls.torch_base in ("Sequential", "ModuleList", "ModuleDict"):
        return len(value.layers())
    if value.cls.torch_base == "ParameterList":
        return len([item for item in value.fields.values() if isinstance(item, TensorValue)])
    if value.cls.is_open or value.cls.builtin is not None:
        return UnknownValue(f"the length of an object of {value.cls.name}")
    raise Raised(TypeError, f"object of type '{value.cls.name}' has no len()")


def _sum(machine: Machine, values: Value, start: Value = 0) -> Value:
    items = machine.items(values)
    if isinstance(items, UnknownValue):
        return items
    total = start
    if isinstance(start, str):
        return UnknownValue("a sum of texts")
    for item in items:
        total = machine.parts.binary(machine, "+", total, item)
    return total


def _extreme(name: str) -> Callable[..., Value]:
    node = ast.Lt() if name == "min" else ast.Gt()

    def find(machine: Machine, *values: Value, **keywords: Value) -> Value:
        items = list(values)
        if len(values) == 1:
            found = machine.items(values[0])
            if isinstance(found, UnknownValue):
                return found
            items = found
        key = keywords.get("key")
        if not items:
            if "default" in keywords:
                return keywords["default"]
            fail(ValueError, f"{name}() arg is an empty sequence")
        best, best_key = items[0], _key(machine, key, items[0])
        if isinstance(best_key, UnknownValue):
            return best_key
        for item in items[1:]:
            item_key = _key(machine, key, item)
            better = machine.truth(compare(machine, node, item_key, best_key))
            if isinstance(better, UnknownValue):
                return better
            if better:
                best, best_key = item, item_key
        return best

    return find


def _key(machine: Machine, key: Value, item: Value) -> Value:
    return item if key is None else machine.call(key, [item])


def _sorted(machine: Machine, values: Value, key: Value = None, reverse: Value = False) -> Value:
    if isinstance(values, (set, frozenset)):
        if not all(isinstance(item, (int, float, str, tuple)) for item in values):
            return UnknownValue("an order of objects")
        return sort_values(machine, list(values), key, reverse)
    items = machine.items(values)
    return items if isinstance(items, UnknownValue) else sort_values(machine, items, key, reverse)


def _lazy(build: Callable[..., Iterator[Value]]) -> Callable[..., Value]:
    """Make a function that reads its sources when it is read itself."""

    def call(machine: Machine, *sources: Value, **keywords: Value) -> Value:
        found = []
        for source in sources:
            items = machine.iterate(source)
            if isinstance(items, UnknownValue):
                return items
            found.append(items)
        return Lazy(build(machine, *found, **keywords))

    return call


def _enumerate(machine: Machine, items: Value, start: Value = 0) -> Value:
    found = machine.iterate(items)
    if isinstance(found, UnknownValue) or not isinstance(start, int):
        return (
            found if isinstance(found, UnknownValue) else UnknownValue("a start that is not known")
        )
    return Lazy(enumerate(found, start))


def _zip(machine: Machine, *sources: Iterator[Value], strict: Value = False) -> Iterator[Value]:
    return zip(*sources, strict=strict is True)


def _map(machine: Machine, function: Value, *sources: Value) -> Value:
    return _lazy(
        lambda m, *found: (m.call(function, [*args]) for args in zip(*found, strict=False))
    )(machine, *sources)


def _filter(machine: Machine, function: Value, source: Value) -> Value:
    found = machine.iterate(source)
    if isinstance(found, UnknownValue):
        return found

    def items() -> Iterator[Value]:
        for item in found:
            truth = machine.truth(item if function is None else machine.call(function, [item]))
            if isinstance(truth, UnknownValue):
                raise UnknownItemsError(truth)
            if truth:
                yield item

    return Lazy(items())


def _reversed(machine: Machine, values: Value) -> Value:
    items = machine.items(values)
    return items if isinstance(items, UnknownValue) else Lazy(iter(items[::-1]))


def _next(machine: Machine, source: Value, default: Value = MISSING) -> Value:
    if not isinstance(source, Lazy):
        return UnknownValue("next of what is not known")
    try:
        for item in source.items:
            return item
    except UnknownItemsError as error:
        return error.unknown
    if default is MISSING:
        fail(StopIteration, "")
    return default


def _iter(machine: Machine, source: Value) -> Value:
    found = machine.iterate(source)
    return found if isinstance(found, UnknownValue) else Lazy(found)


def _any_all(stops: bool) -> Callable[..., Value]:
    def find(machine: Machine, values: Value) -> Value:
        source = machine.iterate(values)
        if isinstance(source, UnknownValue):
            return source
        unknown: UnknownValue | None = None
        try:
            for item in source:
                truth = machine.truth(item)
                if isinstance(truth, UnknownValue):
                    unknown = unknown or truth
                elif truth is stops:
                    return stops if unknown is None else unknown
        except UnknownItemsError as error:
            return error.unknown
        return unknown or (not stops)

    return find


def _repr(machine: Machine, value: Value) -> Value:
    return repr(value) if text_known(value) else UnknownValue("the text of an object")


_FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "abs": _abs,
    "all": _any_all(False),
    "any": _any_all(True),
    "enumerate": _enumerate,
    "filter": _filter,
    "iter": _iter,
    "len": _len,
    "map": _map,
    "max": _extreme("max"),
    "min": _extreme("min"),
    "next": _next,
    "print": lambda machine, *args, **keywords: None,
    "repr": _repr,
    "reversed": _reversed,
    "slice": slice_of,
    "sorted": _sorted,
    "sum": _sum,
    "zip": _lazy(_zip),
    **{
        name: number(name)
        for name in ("round", "divmod", "pow", "chr", "ord", "hash", "bin", "hex")
    },
    **OBJECT_FUNCTIONS,
}


def _all_builtins() -> dict[str, Value]:
    out: dict[str, Value] = {}
    for name, value in vars(builtins).items():
        if isinstance(value, type):
            out[name] = value
        elif callable(value):
            function = _FUNCTIONS.get(name)
            out[name] = (
                UnknownValue(f"the builtin {name}") if function is None else Builtin(name, function)
            )
        else:
            out[name] = value
    for name in ("enumerate", "filter", "map", "reversed", "zip", "super", "property", "type"):
        out[name] = Builtin(name, _FUNCTIONS[name])
    for name, maker in TYPES.items():
        out[f"type:{name}"] = Builtin(name, maker)
    out["__file__"] = UnknownValue("the path of a file")
    out["NotImplemented"] = UnknownValue("NotImplemented")
    return out


BUILTINS = _all_builtins()
