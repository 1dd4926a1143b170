"""Python's builtin functions and types, as far as model code uses them."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator, Mapping

from yamlmod.fork.read.builtin_objects import OBJECT_FUNCTIONS
from yamlmod.fork.read.machine import MAX_ITEMS, MAX_TEXT, Machine, fail
from yamlmod.fork.read.methods import sort_values
from yamlmod.fork.read.operators import compare, deep_unknown, guarded, kind_of, text_known
from yamlmod.fork.read.values import (
    MISSING,
    Builtin,
    FunctionValue,
    Instance,
    Lazy,
    LimitError,
    Tensor,
    Unknown,
    UnknownItemsError,
    Value,
    is_plain,
)



def _plain(name: str, *values: Value, **keywords: Value) -> Value:
    """Do a function of Python on known plain values."""
    unknown = deep_unknown([list(values), list(keywords.values())])
    if unknown is not None:
        return unknown
    if not all(is_plain(value) for value in values):
        return Unknown(f"{name} of an object")
    return guarded(lambda: getattr(builtins, name)(*values, **keywords))


def _number(name: str) -> Callable[..., Value]:
    def convert(machine: Machine, *values: Value, **keywords: Value) -> Value:
        if values and isinstance(values[0], Tensor):
            return Unknown("the value of a tensor")
        if values and isinstance(values[0], str) and len(values[0]) > 200:
            return Unknown("a long text")
        return _plain(name, *values, **keywords)

    return convert


def _abs(machine: Machine, value: Value) -> Value:
    return value if isinstance(value, Tensor) else _plain("abs", value)


def _len(machine: Machine, value: Value) -> Value:
    if isinstance(value, Unknown):
        return value
    if isinstance(value, Tensor):
        if value.shape is None:
            return Unknown("the size of a tensor")
        if not value.shape:
            fail(TypeError, "len() of a 0-d tensor")
        return Unknown("the size of a tensor") if value.shape[0] is None else value.shape[0]
    if isinstance(value, Instance):
        return _len_of(machine, value)
    if is_plain(value):
        return guarded(len, value)
    if isinstance(value, Lazy):
        fail(TypeError, "object of type 'generator' has no len()")
    return Unknown(f"the length of {kind_of(value)}")


def _len_of(machine: Machine, value: Instance) -> Value:
    if isinstance(value.cls.find("__len__"), FunctionValue):
        return machine.call(machine.attribute(value, "__len__"))
    if value.hidden:
        return Unknown(value.hidden)
    if value.cls.torch_base in ("Sequential", "ModuleList", "ModuleDict"):
        return len(value.layers())
    if value.cls.torch_base == "ParameterList":
        return len([item for item in value.fields.values() if isinstance(item, Tensor)])
    if value.cls.is_open or value.cls.builtin is not None:
        return Unknown(f"the length of an object of {value.cls.name}")
    fail(TypeError, f"object of type '{value.cls.name}' has no len()")


def _sum(machine: Machine, values: Value, start: Value = 0) -> Value:
    items = machine.items(values)
    if isinstance(items, Unknown):
        return items
    total = start
    if isinstance(start, str):
        return Unknown("a sum of texts")
    for item in items:
        total = machine.parts.binary(machine, "+", total, item)
    return total


def _extreme(name: str) -> Callable[..., Value]:
    node = ast.Lt() if name == "min" else ast.Gt()

    def find(machine: Machine, *values: Value, **keywords: Value) -> Value:
        items = list(values)
        if len(values) == 1:
            found = machine.items(values[0])
            if isinstance(found, Unknown):
                return found
            items = found
        key = keywords.get("key")
        if not items:
            if "default" in keywords:
                return keywords["default"]
            fail(ValueError, f"{name}() arg is an empty sequence")
        best, best_key = items[0], _key(machine, key, items[0])
        if isinstance(best_key, Unknown):
            return best_key
        for item in items[1:]:
            item_key = _key(machine, key, item)
            better = machine.truth(compare(machine, node, item_key, best_key))
            if isinstance(better, Unknown):
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
            return Unknown("an order of objects")
        return sort_values(machine, list(values), key, reverse)
    items = machine.items(values)
    return items if isinstance(items, Unknown) else sort_values(machine, items, key, reverse)


def _range(machine: Machine, *values: Value) -> Value:
    found = _plain("range", *values)
    if isinstance(found, range) and len(found) > MAX_ITEMS:
        raise LimitError("a long range")
    return found


def _lazy(build: Callable[..., Iterator[Value]]) -> Callable[..., Value]:
    """Make a function that reads its sources when it is read itself."""

    def call(machine: Machine, *sources: Value, **keywords: Value) -> Value:
        found = []
        for source in sources:
            items = machine.iterate(source)
            if isinstance(items, Unknown):
                return items
            found.append(items)
        return Lazy(build(machine, *found, **keywords))

    return call


def _enumerate(machine: Machine, items: Value, start: Value = 0) -> Value:
    found = machine.iterate(items)
    if isinstance(found, Unknown) or not isinstance(start, int):
        return found if isinstance(found, Unknown) else Unknown("a start that is not known")
    return Lazy(enumerate(found, start))


def _zip(machine: Machine, *sources: Iterator[Value], strict: Value = False) -> Iterator[Value]:
    return zip(*sources, strict=strict is True)


def _map(machine: Machine, function: Value, *sources: Value) -> Value:
    return _lazy(lambda m, *found: (m.call(function, [*args]) for args in zip(*found)))(  # noqa: B905
        machine, *sources
    )


def _filter(machine: Machine, function: Value, source: Value) -> Value:
    found = machine.iterate(source)
    if isinstance(found, Unknown):
        return found

    def items() -> Iterator[Value]:
        for item in found:
            truth = machine.truth(item if function is None else machine.call(function, [item]))
            if isinstance(truth, Unknown):
                raise UnknownItemsError(truth)
            if truth:
                yield item

    return Lazy(items())


def _reversed(machine: Machine, values: Value) -> Value:
    items = machine.items(values)
    return items if isinstance(items, Unknown) else Lazy(iter(items[::-1]))


def _next(machine: Machine, source: Value, default: Value = MISSING) -> Value:
    if not isinstance(source, Lazy):
        return Unknown("next of what is not known")
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
    return found if isinstance(found, Unknown) else Lazy(found)


def _any_all(stops: bool) -> Callable[..., Value]:
    def find(machine: Machine, values: Value) -> Value:
        source = machine.iterate(values)
        if isinstance(source, Unknown):
            return source
        unknown: Unknown | None = None
        try:
            for item in source:
                truth = machine.truth(item)
                if isinstance(truth, Unknown):
                    unknown = unknown or truth
                elif truth is stops:
                    return stops if unknown is None else unknown
        except UnknownItemsError as error:
            return error.unknown
        return unknown or (not stops)

    return find


def _collect(kind: type) -> Callable[..., Value]:
    def build(machine: Machine, values: Value = ()) -> Value:
        unordered = kind in (set, frozenset) and isinstance(values, (set, frozenset))
        items = list(values) if unordered else machine.items(values)
        if isinstance(items, Unknown):
            return items
        return items if kind is list else guarded(kind, items)

    return build


def _dict(machine: Machine, values: Value = None, **keywords: Value) -> Value:
    out: dict[Value, Value] = {}
    if isinstance(values, dict):
        out.update(values)
    elif values is not None:
        items = machine.items(values)
        if isinstance(items, Unknown) or deep_unknown([list(i)[:1] for i in items]) is not None:
            return Unknown("a dict of what is not known")
        out.update(guarded(dict, items))
    return {**out, **keywords}


def _str(machine: Machine, value: Value = "") -> Value:
    if isinstance(value, Unknown):
        return value
    if not text_known(value):
        return Unknown("the text of an object")
    text = str(value)
    return text if len(text) <= MAX_TEXT else Unknown("a long text")


def _repr(machine: Machine, value: Value) -> Value:
    return repr(value) if text_known(value) else Unknown("the text of an object")


def _bool(machine: Machine, value: Value = False) -> Value:
    return machine.truth(value)


def _slice(machine: Machine, *values: Value) -> Value:
    return deep_unknown(list(values)) or slice(*values)


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
    "slice": _slice,
    "sorted": _sorted,
    "sum": _sum,
    "zip": _lazy(_zip),
    **{name: _number(name) for name in ("round", "divmod", "pow", "chr", "ord", "hash", "bin", "hex")},
    **OBJECT_FUNCTIONS,
}
_TYPES: Mapping[str, Callable[..., Value]] = {
    "int": _number("int"),
    "float": _number("float"),
    "str": _str,
    "bool": _bool,
    "list": _collect(list),
    "tuple": _collect(tuple),
    "set": _collect(set),
    "frozenset": _collect(frozenset),
    "dict": _dict,
    "range": _range,
    "slice": _slice,
    "object": lambda machine: Unknown("an object"),
    "bytes": lambda machine, *args: Unknown("bytes"),
}


def _all_builtins() -> dict[str, Value]:
    out: dict[str, Value] = {}
    for name, value in vars(builtins).items():
        if isinstance(value, type):
            out[name] = value
        elif callable(value):
            function = _FUNCTIONS.get(name)
            out[name] = Unknown(f"the builtin {name}") if function is None else Builtin(name, function)
        else:
            out[name] = value
    for name in ("enumerate", "filter", "map", "reversed", "zip", "super", "property", "type"):
        out[name] = Builtin(name, _FUNCTIONS[name])
    for name, maker in _TYPES.items():
        out[f"type:{name}"] = Builtin(name, maker)
    out["__file__"] = Unknown("the path of a file")
    out["NotImplemented"] = Unknown("NotImplemented")
    return out


BUILTINS = _all_builtins()
