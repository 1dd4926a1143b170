"""Construct torch layers: checks and attributes, tested against the real ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from yamlmod.fork.read.interpreter.machine import Machine, fail
from yamlmod.fork.read.interpreter.operators import kind_of
from yamlmod.fork.read.interpreter.values import (
    Instance,
    Outside,
    Raised,
    TensorValue,
    UnknownValue,
    Value,
)
from yamlmod.fork.read.torch_rules.torch_checks import CHECKS, PLAIN_LAYERS, Fields
from yamlmod.fork.read.torch_rules.torch_names import parameters_of


def construct(
    machine: Machine, instance: Instance, name: str, args: list[Value], keywords: dict[str, Value]
) -> None:
    """Run the constructor of torch's layer ``name`` on an object."""
    instance.ready = True
    instance.fields.setdefault("training", True)
    if name in _CONTAINERS:
        _CONTAINERS[name](machine, instance, *args, **keywords)
        return
    if name == "Module":
        _module(instance, args, keywords)
        return
    fields = _bound(name, args, keywords)
    if fields is None:
        instance.hidden = f"the arguments of {name}"
        return
    made = {key: value for key, value in fields.items() if key not in ("bias", "device", "dtype")}
    instance.fields.update(made)
    check = CHECKS.get(name)
    if check is not None:
        instance.fields.update(check(fields))
    elif name not in PLAIN_LAYERS:
        instance.hidden = f"torch.nn.{name} is not interpreted"


def _module(instance: Instance, args: list[Value], keywords: dict[str, Value]) -> None:
    title = f"{instance.cls.name}.__init__()"
    if keywords:
        fail(TypeError, f"{title} got an unexpected keyword argument '{next(iter(keywords))}'")
    if args:
        fail(TypeError, f"{title} takes 1 positional argument but {len(args) + 1} were given")


def _bound(name: str, args: list[Value], keywords: dict[str, Value]) -> Fields | None:
    """Return the arguments by their names; raises the TypeError that Python would."""
    title = f"{name}.__init__()"
    places, needed, defaults = _signature(name)
    if places is None:
        return None
    if len(args) > len(places):
        fail(
            TypeError,
            f"{title} takes from {len(needed) + 1} to {len(places) + 1} positional arguments but "
            f"{len(args) + 1} were given",
        )
    fields: Fields = dict(zip(places, args, strict=False))
    for key, value in keywords.items():
        if key in fields:
            fail(TypeError, f"{title} got multiple values for argument '{key}'")
        if key not in needed and key not in defaults:
            fail(TypeError, f"{title} got an unexpected keyword argument '{key}'")
        fields[key] = value
    missing = [key for key in needed if key not in fields]
    if missing:
        words = " and ".join(f"'{word}'" for word in missing)
        plural = "s" if len(missing) > 1 else ""
        fail(
            TypeError,
            f"{title} missing {len(missing)} required positional argument{plural}: {words}",
        )
    for key, value in defaults.items():
        if key not in fields:
            fields[key] = value
    return fields


@cache
def _signature(name: str) -> tuple[list[str] | None, list[str], Fields]:
    """Return the positional parameters of a layer, those without a default, and the defaults."""
    parameters = parameters_of(name)
    if any(kind in ("*", "**") for _, kind, *_ in parameters):
        return None, [], {}
    places = [parameter[0] for parameter in parameters if parameter[1] == ""]
    needed = [parameter[0] for parameter in parameters if len(parameter) == 2]
    return places, needed, {p[0]: _default(p[2]) for p in parameters if len(p) == 3}


def _default(value: Value) -> Value:
    if isinstance(value, dict):
        return UnknownValue("a default")
    return tuple(value) if isinstance(value, list) else value


def _sequential(machine: Machine, instance: Instance, *args: Value) -> None:
    if len(args) == 1 and isinstance(args[0], dict):
        for name, layer in args[0].items():
            _put(instance, str(name), layer)
        return
    for place, layer in enumerate(args):
        _put(instance, str(place), layer)


def _put(instance: Instance, name: str, layer: Value) -> None:
    if isinstance(layer, UnknownValue):
        instance.hidden = instance.hidden or layer.reason
    known = layer is None or isinstance(layer, (UnknownValue, Outside))
    if not known and not (isinstance(layer, Instance) and (layer.is_module or layer.cls.is_open)):
        raise Raised(TypeError, f"{kind_of(layer)} is not a Module subclass")
    instance.fields[name] = layer


def _module_list(machine: Machine, instance: Instance, modules: Value = None) -> None:
    if modules is None:
        return
    items = machine.items(modules)
    if isinstance(items, UnknownValue):
        instance.hidden = items.reason
        return
    for place, layer in enumerate(items):
        _put(instance, str(place), layer)


def _module_dict(machine: Machine, instance: Instance, modules: Value = None) -> None:
    if isinstance(modules, dict):
        for name, layer in modules.items():
            _put(instance, str(name), layer)
    elif modules is not None:
        instance.hidden = "a ModuleDict of what is not known"


def _parameter_list(machine: Machine, instance: Instance, values: Value = None) -> None:
    items = [] if values is None else machine.items(values)
    if isinstance(items, UnknownValue):
        instance.hidden = items.reason
        return
    for place, item in enumerate(items):
        if isinstance(item, TensorValue):
            item.is_parameter = True
        instance.fields[str(place)] = item


_CONTAINERS: Mapping[str, Callable[..., None]] = {
    "Sequential": _sequential,
    "ModuleList": _module_list,
    "ModuleDict": _module_dict,
    "ParameterList": _parameter_list,
}
