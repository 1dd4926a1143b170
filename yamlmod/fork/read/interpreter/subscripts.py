"""Subscripts of lists, strings, dicts, tensors and containers of layers."""

from __future__ import annotations

from yamlmod.fork.read.interpreter.machine import Machine, fail
from yamlmod.fork.read.interpreter.operators import guarded, kind_of
from yamlmod.fork.read.interpreter.values import (
    MISSING,
    ClassValue,
    DictView,
    ErrorValue,
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
from yamlmod.fork.read.torch_rules.tensor_index import index_tensor


def subscript(machine: Machine, value: Value, key: Value) -> Value:
    """Return `value[key]`; raises what Python would."""
    if isinstance(value, UnknownValue):
        return value
    if isinstance(value, TensorValue):
        return index_tensor(machine, value, key)
    if isinstance(value, Instance):
        return _of_instance(machine, value, key)
    if isinstance(value, GlobalNames):
        return global_name(machine, value, key)
    if isinstance(value, DictView):
        fail(TypeError, "'dict_keys' object is not subscriptable")
    if isinstance(value, (ClassValue, Outside, type)):
        return value  # `list[int]`, `nn.Module[T]`: an annotation
    if deep_unknown(key) is not None:
        return deep_unknown(key)
    if isinstance(value, (list, tuple, str, dict, range, bytes)):
        if isinstance(key, Instance) or not (is_plain(key) or isinstance(value, dict)):
            return UnknownValue("an element by an object")
        return _plain(value, key)
    if is_plain(value):
        fail(TypeError, f"'{kind_of(value)}' object is not subscriptable")
    return UnknownValue(f"an element of {kind_of(value)}")


def _plain(value: Value, key: Value) -> Value:
    if isinstance(value, dict):
        if isinstance(key, (list, dict, set)):
            fail(TypeError, f"unhashable type: '{kind_of(key)}'")
        if (
            not isinstance(key, slice)
            and key not in value
            and deep_unknown(list(value)) is not None
        ):
            return UnknownValue("a dict with an unknown key")
    return guarded(lambda: value[key])


def _of_instance(machine: Machine, value: Instance, key: Value) -> Value:
    own = value.cls.find("__getitem__")
    if isinstance(own, FunctionValue):
        return machine.call(own, [value, key])
    base = value.cls.torch_base
    if value.hidden or deep_unknown(key) is not None:
        return UnknownValue(value.hidden or "an element at a place that is not known")
    layers = value.layers()
    if base == "ModuleDict" and isinstance(key, str):
        return layers[key] if key in layers else guarded(lambda: layers[key])
    if base in ("Sequential", "ModuleList") and isinstance(key, int):
        if not -len(layers) <= key < len(layers):
            fail(IndexError, f"index {key} is out of range")
        return list(layers.values())[key]
    if base in ("Sequential", "ModuleList") and isinstance(key, slice):
        part = list(layers.values())[key]
        fields = {str(i): layer for i, layer in enumerate(part)}
        return Instance(value.cls, dict(fields), ready=True)
    if base == "ParameterList" and isinstance(key, int):
        items = [item for item in value.fields.values() if isinstance(item, TensorValue)]
        return guarded(lambda: items[key])
    if (
        value.cls.is_open
        or value.cls.builtin is not None
        or (value.is_module and own is not MISSING)
    ):
        return UnknownValue(f"an element of an object of {value.cls.name}")
    raise Raised(TypeError, f"'{value.cls.name}' object is not subscriptable")


def global_name(machine: Machine, names: GlobalNames, key: Value, *default: Value) -> Value:
    """Return `globals()[key]`, or `globals().get(key, default)`."""
    if not isinstance(key, str):
        return key if isinstance(key, UnknownValue) else UnknownValue("a global name")
    try:
        return machine.parts.global_name(machine, names.module, key, False)
    except Raised as error:
        if error.kind is not NameError:
            raise
    if default:
        return default[0]
    raise Raised(KeyError, repr(key), ErrorValue(KeyError, (key,)))
