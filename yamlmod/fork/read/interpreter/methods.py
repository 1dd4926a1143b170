"""Methods of strings, lists, dicts, sets and numbers."""

from __future__ import annotations

from collections.abc import Callable

from yamlmod.fork.read.interpreter.comparisons import same
from yamlmod.fork.read.interpreter.machine import MAX_ITEMS, MAX_TEXT, Machine, fail
from yamlmod.fork.read.interpreter.operators import guarded, is_wide_format, kind_of, text_known
from yamlmod.fork.read.interpreter.values import (
    Builtin,
    DictView,
    Instance,
    LimitError,
    Raised,
    UnknownItemsError,
    UnknownValue,
    Value,
    ValuesAndIndices,
    deep_unknown,
    is_plain,
)

_TEXT = frozenset(
    [
        "capitalize",
        "casefold",
        "count",
        "encode",
        "endswith",
        "find",
        "index",
        "isalnum",
        "isalpha",
        "isascii",
        "isdecimal",
        "isdigit",
        "isidentifier",
        "islower",
        "isnumeric",
        "isspace",
        "istitle",
        "isupper",
        "join",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
        "replace",
        "rfind",
        "rindex",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "swapcase",
        "title",
        "upper",
        "zfill",
    ]
)
_NUMBER = frozenset(
    ["bit_length", "is_integer", "real", "imag", "numerator", "denominator", "conjugate"]
)
_SET = frozenset(
    [
        "union",
        "intersection",
        "difference",
        "symmetric_difference",
        "issubset",
        "issuperset",
        "isdisjoint",
        "copy",
    ]
)
_SET_CHANGES = frozenset(["add", "discard", "remove", "update", "clear", "pop"])


def plain_attribute(machine: Machine, value: Value, name: str) -> Value:
    """Return a method of a plain value; raises the AttributeError that Python would."""
    if not hasattr(value, name):
        if isinstance(value, range) or name.startswith("__"):
            return UnknownValue(f"the attribute {name} of {kind_of(value)}")
        fail(AttributeError, f"'{kind_of(value)}' object has no attribute '{name}'")
    if isinstance(value, ValuesAndIndices) and name in ("values", "indices"):
        return getattr(value, name)
    method = _METHODS.get(type(value), {}).get(name)
    if method is not None:
        return Builtin(name, lambda m, *args, **kw: method(m, value, *args, **kw))
    if isinstance(value, str) and name in _TEXT:
        return Builtin(name, lambda m, *args, **kw: _text(m, value, name, *args, **kw))
    if isinstance(value, (int, float)) and name in _NUMBER:
        found = getattr(value, name)
        return Builtin(name, lambda m: found()) if callable(found) else found
    if isinstance(value, (set, frozenset)):
        if name in _SET:
            return Builtin(name, lambda m, *args: _set(m, value, name, *args))
        if name in _SET_CHANGES:
            return Builtin(name, lambda m, *args: _set_change(m, value, name, *args))
    if isinstance(value, tuple) and name in ("index", "count"):
        return Builtin(name, lambda m, item: _find(m, value, name, item))
    if isinstance(value, slice) and name in ("start", "stop", "step"):
        return getattr(value, name)
    return UnknownValue(f"the method {name} of {kind_of(value)}")


def _text(machine: Machine, value: str, name: str, *args: Value, **keywords: Value) -> Value:
    words = list(args)
    if name == "join":
        found = machine.items(args[0])
        if isinstance(found, UnknownValue):
            return found
        words = [found]
    unknown = deep_unknown([words, list(keywords.values())])
    if unknown is not None:
        return unknown
    if not all(is_plain(word) for word in words):
        return UnknownValue(f"the method {name} of a text")
    if name in ("replace", "zfill") and not _bounded(value, words):
        raise LimitError("a text that is too long")
    return guarded(lambda: getattr(value, name)(*words, **keywords))


def _bounded(value: str, words: list[Value]) -> bool:
    if len(words) == 1:
        return not isinstance(words[0], int) or words[0] < MAX_TEXT
    if len(words) >= 2 and isinstance(words[1], str):
        return (len(value) + 1) * (len(words[1]) + 1) < MAX_TEXT * 10
    return True


def _format(machine: Machine, value: str, *args: Value, **keywords: Value) -> Value:
    unknown = deep_unknown([list(args), list(keywords.values())])
    if unknown is not None or not text_known(list(args)) or not text_known(keywords):
        return unknown or UnknownValue("the text of an object")
    if is_wide_format(value) or (any(c.isdigit() for c in value) and len(value) > 200):
        return UnknownValue("a long text")
    return guarded(lambda: value.format(*args, **keywords))


def _append(machine: Machine, value: list[Value], item: Value) -> None:
    if len(value) >= MAX_ITEMS:
        raise LimitError(f"a list of more than {MAX_ITEMS:,} elements")
    value.append(item)


def _extend(machine: Machine, value: list[Value], items: Value) -> None:
    """Element by element: `y.extend(m(y[-1]) for m in self.m)` reads what it writes."""
    found = machine.iterate(items)
    if isinstance(found, UnknownValue):
        machine.spoil(value, found.reason)
        return
    if items is value:
        found = iter(list(value))
    try:
        for item in found:
            _append(machine, value, item)
    except UnknownItemsError as error:
        machine.spoil(value, error.unknown.reason)


def _insert(machine: Machine, value: list[Value], place: Value, item: Value) -> None:
    if isinstance(place, UnknownValue):
        machine.spoil(value, place.reason)
    else:
        guarded(value.insert, place, item)


def _pop(machine: Machine, value: list[Value], place: Value = -1) -> Value:
    if isinstance(place, UnknownValue):
        machine.spoil(value, place.reason)
        return place
    return guarded(value.pop, place)


def _remove(machine: Machine, value: list[Value], item: Value) -> None:
    place = _find(machine, value, "index", item)
    if isinstance(place, UnknownValue):
        machine.spoil(value, place.reason)
    else:
        del value[place]


def _find(
    machine: Machine, value: list[Value] | tuple[Value, ...], name: str, item: Value
) -> Value:
    count = 0
    for place, other in enumerate(value):
        equal = same(machine, other, item)
        if isinstance(equal, UnknownValue):
            return equal
        if equal and name == "index":
            return place
        count += bool(equal)
    if name == "index":
        text = repr(item) if text_known(item) else "the value"
        raise Raised(ValueError, f"{text} is not in list")
    return count


def _sort(machine: Machine, value: list[Value], key: Value = None, reverse: Value = False) -> None:
    try:
        found = sort_values(machine, list(value), key, reverse)
    except Raised:
        machine.spoil(value, "a list whose sorting failed")  # it is left half sorted
        raise
    if isinstance(found, UnknownValue):
        machine.spoil(value, found.reason)
    else:
        value[:] = found


def sort_values(machine: Machine, items: list[Value], key: Value, reverse: Value) -> Value:
    """Return values sorted as Python would, or Unknown."""
    keys = items if key is None else [machine.call(key, [item]) for item in items]
    unknown = deep_unknown([keys, reverse])
    if unknown is not None:
        return unknown
    if not all(is_plain(word) for word in keys):
        return UnknownValue("an order of objects")
    pairs = list(zip(keys, items, strict=True))
    found = guarded(lambda: sorted(pairs, key=lambda pair: pair[0], reverse=bool(reverse)))
    return found if isinstance(found, UnknownValue) else [item for _, item in found]


def _get(machine: Machine, value: dict[Value, Value], key: Value, default: Value = None) -> Value:
    unknown = deep_unknown(key)
    if unknown is not None:
        return unknown
    if isinstance(key, (list, dict, set)):
        fail(TypeError, f"unhashable type: '{kind_of(key)}'")
    if isinstance(key, Instance):
        return UnknownValue("an element by an object")
    return machine.fresh(value.get(key, default))


def _dict_pop(machine: Machine, value: dict[Value, Value], key: Value, *default: Value) -> Value:
    unknown = deep_unknown(key)
    if unknown is not None:
        machine.spoil(value, unknown.reason)
        return unknown
    return guarded(lambda: value.pop(key, *default))


def _update(machine: Machine, value: dict[Value, Value], *others: Value, **keywords: Value) -> None:
    for other in others:
        if isinstance(other, dict):
            value.update(other)
            continue
        items = machine.items(other)
        if isinstance(items, UnknownValue) or not all(
            isinstance(i, (tuple, list)) and len(i) == 2 for i in items
        ):
            machine.spoil(value, "an update that is not known")
            return
        value.update(dict(items))
    value.update(keywords)


def _set_default(
    machine: Machine, value: dict[Value, Value], key: Value, item: Value = None
) -> Value:
    unknown = deep_unknown(key)
    if unknown is not None:
        machine.spoil(value, unknown.reason)
        return unknown
    return guarded(value.setdefault, key, item)


def _set(machine: Machine, value: Value, name: str, *others: Value) -> Value:
    sets = []
    for other in others:
        items = machine.items(other)
        if isinstance(items, UnknownValue):
            return items
        sets.append(items)
    unknown = deep_unknown([list(value), *sets])
    return unknown or guarded(lambda: getattr(value, name)(*sets))


def _set_change(machine: Machine, value: Value, name: str, *args: Value) -> Value:
    unknown = deep_unknown(list(args))
    if unknown is not None:
        machine.spoil(value, unknown.reason)
        return unknown
    if name == "update":
        found = [machine.items(arg) for arg in args]
        if any(isinstance(items, UnknownValue) for items in found):
            machine.spoil(value, "an update that is not known")
            return None
        return guarded(lambda: value.update(*found))
    if name == "pop" and len(value) > 1:
        machine.spoil(value, "the order of a set")
        return UnknownValue("the order of a set")
    return guarded(lambda: getattr(value, name)(*args))


_METHODS: dict[type, dict[str, Callable[..., Value]]] = {
    list: {
        "append": _append,
        "extend": _extend,
        "insert": _insert,
        "pop": _pop,
        "remove": _remove,
        "sort": _sort,
        "reverse": lambda m, value: value.reverse(),
        "clear": lambda m, value: value.clear(),
        "copy": lambda m, value: list(value),
        "index": lambda m, value, item: _find(m, value, "index", item),
        "count": lambda m, value, item: _find(m, value, "count", item),
    },
    dict: {
        "get": _get,
        "pop": _dict_pop,
        "update": _update,
        "setdefault": _set_default,
        "keys": lambda m, value: DictView(value),
        "values": lambda m, value: DictView(value.values()),
        "items": lambda m, value: DictView(value.items()),
        "copy": lambda m, value: dict(value),
        "clear": lambda m, value: value.clear(),
    },
    str: {"format": _format},
}
