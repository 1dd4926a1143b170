"""copy.deepcopy and copy.copy of interpreted values."""

from __future__ import annotations

from yamlmod.fork.read.interpreter.machine import Machine
from yamlmod.fork.read.interpreter.values import Instance, TensorValue, Value


def deep_copy(machine: Machine, value: Value, memo: Value = None) -> Value:
    """Return a copy, with one copy of each object that comes several times."""
    return _deep(value, {})


def _deep(value: Value, seen: dict[int, Value]) -> Value:
    if id(value) in seen:
        return seen[id(value)]
    if isinstance(value, list):
        out: Value = []
        seen[id(value)] = out
        out += [_deep(item, seen) for item in value]
        return out
    if isinstance(value, dict):
        out = {}
        seen[id(value)] = out
        out.update({key: _deep(item, seen) for key, item in value.items()})
        return out
    if isinstance(value, tuple):
        return tuple(_deep(item, seen) for item in value)
    if isinstance(value, set):
        return set(value)
    if isinstance(value, Instance):
        instance = Instance(value.cls, {}, value.ready, value.hidden)
        seen[id(value)] = instance
        instance.fields.update({key: _deep(item, seen) for key, item in value.fields.items()})
        return instance
    if isinstance(value, TensorValue):
        out = TensorValue(value.shape, value.kind, value.is_parameter)
        seen[id(value)] = out
        return out
    return value


def shallow_copy(machine: Machine, value: Value) -> Value:
    """Return a copy of a container or an object; its parts are shared."""
    if isinstance(value, Instance):
        return Instance(value.cls, dict(value.fields), value.ready, value.hidden)
    if isinstance(value, (list, dict, set)):
        return value.copy()
    return value
