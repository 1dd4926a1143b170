"""Methods of nn.Module and of the layer containers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from yamlmod.fork.read.interpreter.machine import Machine, fail
from yamlmod.fork.read.interpreter.operators import kind_of
from yamlmod.fork.read.interpreter.values import (
    MISSING,
    Builtin,
    Instance,
    TensorValue,
    UnknownValue,
    Value,
)
from yamlmod.fork.read.torch_rules.torch_construct import construct
from yamlmod.fork.read.torch_rules.torch_forward import forward
from yamlmod.fork.read.torch_rules.torch_names import module_names

_CONTAINERS = ("Sequential", "ModuleList", "ModuleDict", "ParameterList")
_ITSELF = [
    "to",
    "cuda",
    "cpu",
    "half",
    "float",
    "double",
    "bfloat16",
    "type",
    "requires_grad_",
    "share_memory",
    "zero_grad",
    "compile",
    "to_empty",
    "load_state_dict",
    "ipu",
    "xpu",
    "mtia",
]


def module_attribute(machine: Machine, value: Instance, name: str, owner: str = "") -> Value:
    """Return a method that nn.Module gives, MISSING where it has none."""
    if name == "__init__":
        base = owner or value.cls.torch_base
        return Builtin(
            name, lambda m, *args, **keywords: construct(m, value, base, list(args), keywords)
        )
    if name in ("forward", "__call__"):
        base = owner or value.cls.torch_base
        return Builtin(
            name, lambda m, *args, **keywords: forward(m, value, base, list(args), keywords)
        )
    method = _METHODS.get(name)
    if method is not None:
        return Builtin(name, lambda m, *args, **keywords: method(m, value, *args, **keywords))
    if name in _ITSELF:
        return Builtin(name, lambda m, *args, **keywords: value)
    if "register" in name and name.endswith("_hook"):
        return Builtin(name, lambda m, *args, **keywords: UnknownValue("the handle of a hook"))
    if name in module_names():
        return UnknownValue(f"the method {name} of a layer")
    return MISSING


def _modules(value: Instance) -> Iterator[Instance]:
    seen: set[int] = set()
    stack = [value]
    while stack:
        layer = stack.pop()
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        yield layer
        stack.extend(reversed(list(layer.layers().values())))


def is_closed(value: Instance) -> bool:
    """Check whether everything below a layer is seen."""
    return not any(
        layer.hidden or layer.cls.is_open or _unknown_in(layer) for layer in _modules(value)
    )


def _unknown_in(layer: Instance) -> bool:
    return any(isinstance(item, UnknownValue) for item in layer.fields.values())


def _listed(find: Callable[[Instance], list[Value]]) -> Callable[..., Value]:
    def call(machine: Machine, value: Instance, *args: Value, **keywords: Value) -> Value:
        if not is_closed(value):
            return UnknownValue("the layers of an object that is not known")
        return find(value)

    return call


def _parameters(value: Instance) -> list[Value]:
    found: dict[int, Value] = {}
    for layer in _modules(value):
        for item in layer.fields.values():
            if isinstance(item, TensorValue) and item.is_parameter:
                found[id(item)] = item
    return list(found.values())


def _set_training(machine: Machine, value: Instance, mode: Value = True) -> Value:
    for layer in _modules(value):
        layer.fields["training"] = mode
    return value


def _apply(machine: Machine, value: Instance, function: Value) -> Value:
    for layer in [*_modules(value)][::-1]:
        machine.call(function, [layer])
    return value


def _register(
    machine: Machine, value: Instance, name: Value, item: Value = None, **rest: Value
) -> None:
    if not isinstance(name, str):
        value.hidden = value.hidden or "a name that is not known was registered"
        return
    if "." in name or name == "":
        fail(KeyError, f'module name can\'t contain ".", got: {name}')
    if not value.ready and not value.hidden and not value.cls.is_open:
        fail(AttributeError, "cannot assign module before Module.__init__() call")
    value.fields[name] = item


def _add_module(machine: Machine, value: Instance, name: Value, module: Value) -> None:
    check_layer(module)
    _register(machine, value, name, module)


def check_layer(module: Value) -> None:
    """Raise torch's error where something that is not a layer goes into a container."""
    if (
        module is None
        or isinstance(module, UnknownValue)
        or (isinstance(module, Instance) and module.is_module)
    ):
        return
    if isinstance(module, Instance) and module.cls.is_open:
        return
    fail(TypeError, f"{kind_of(module)} is not a Module subclass")


def _named(machine: Machine, value: Instance, *args: Value, **keywords: Value) -> Value:
    return (
        list(value.layers().items())
        if is_closed(value)
        else UnknownValue("the layers of an object")
    )


def _children(machine: Machine, value: Instance) -> Value:
    if value.hidden or value.cls.is_open or _unknown_in(value):
        return UnknownValue(value.hidden or "the layers of an object that is not known")
    return list(value.layers().values())


def _get_submodule(machine: Machine, value: Instance, target: Value) -> Value:
    return UnknownValue("get_submodule")


_METHODS: Mapping[str, Callable[..., Value]] = {
    "parameters": _listed(_parameters),
    "modules": _listed(lambda value: list(_modules(value))),
    "children": _children,
    "named_children": _named,
    "named_modules": lambda machine, value, *args, **keywords: UnknownValue("named_modules"),
    "named_parameters": lambda machine, value, *args, **keywords: UnknownValue("named_parameters"),
    "eval": lambda machine, value: _set_training(machine, value, False),
    "train": _set_training,
    "apply": _apply,
    "register_buffer": _register,
    "register_parameter": _register,
    "register_module": _add_module,
    "add_module": _add_module,
    "get_submodule": _get_submodule,
    "extra_repr": lambda machine, value: "",
    "reset_parameters": lambda machine, value: None,
}


def container_attribute(machine: Machine, value: Instance, name: str) -> Value:
    """Return a method of Sequential, ModuleList and their like, MISSING where it is none."""
    base = value.cls.torch_base
    method = _CONTAINER_METHODS.get(name) if base in _CONTAINERS else None
    if method is None:
        return MISSING
    return Builtin(name, lambda m, *args, **keywords: method(m, value, *args, **keywords))


def _append(machine: Machine, value: Instance, module: Value) -> Value:
    if value.cls.torch_base != "ParameterList":
        check_layer(module)
    elif isinstance(module, TensorValue):
        module.is_parameter = True
    value.fields[str(_count(value))] = module
    if isinstance(module, UnknownValue):
        value.hidden = value.hidden or module.reason
    return value


def _count(value: Instance) -> int:
    return sum(1 for name in value.fields if name.isdigit())


def _extend(machine: Machine, value: Instance, modules: Value) -> Value:
    items = machine.items(modules)
    if isinstance(items, UnknownValue):
        value.hidden = value.hidden or items.reason
        return value
    for item in items:
        _append(machine, value, item)
    return value


def _insert(machine: Machine, value: Instance, place: Value, module: Value) -> Value:
    check_layer(module)
    if not isinstance(place, int):
        value.hidden = "an element was put at a place that is not known"
        return value
    items = list(value.layers().values())
    items.insert(place, module)
    for name in [name for name in value.fields if name.isdigit()]:
        del value.fields[name]
    value.fields.update({str(i): item for i, item in enumerate(items)})
    return value


def _pop(machine: Machine, value: Instance, place: Value = -1) -> Value:
    value.hidden = value.hidden or "an element was taken out"
    return UnknownValue("an element that was taken out")


def _update(machine: Machine, value: Instance, modules: Value) -> Value:
    if not isinstance(modules, dict):
        value.hidden = "an update that is not known"
        return None
    for name, module in modules.items():
        _add_module(machine, value, name, module)
    return None


_CONTAINER_METHODS: Mapping[str, Callable[..., Value]] = {
    "append": _append,
    "extend": _extend,
    "insert": _insert,
    "pop": _pop,
    "update": _update,
    "keys": lambda machine, value: (
        UnknownValue(value.hidden) if value.hidden else list(value.layers())
    ),
    "values": lambda machine, value: (
        UnknownValue(value.hidden) if value.hidden else list(value.layers().values())
    ),
    "items": lambda machine, value: (
        UnknownValue(value.hidden) if value.hidden else list(value.layers().items())
    ),
}
