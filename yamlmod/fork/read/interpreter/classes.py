"""Classes and their objects: definition, method resolution, attributes, super."""

from __future__ import annotations

import ast
from collections.abc import Callable

from yamlmod.fork.read.interpreter.machine import Machine, fail
from yamlmod.fork.read.interpreter.methods import plain_attribute
from yamlmod.fork.read.interpreter.operators import kind_of
from yamlmod.fork.read.interpreter.scopes import Frame
from yamlmod.fork.read.interpreter.subscripts import global_name
from yamlmod.fork.read.interpreter.values import (
    MISSING,
    Bound,
    Builtin,
    ClassValue,
    ErrorValue,
    FunctionValue,
    GlobalNames,
    Instance,
    ModuleValue,
    Outside,
    Partial,
    Raised,
    SuperValue,
    TensorValue,
    UnknownValue,
    Value,
    Wrapped,
    is_plain,
)
from yamlmod.fork.read.torch_rules.tensor_methods import tensor_attribute
from yamlmod.fork.read.torch_rules.torch_objects import container_attribute, module_attribute
from yamlmod.fork.read.torch_rules.torch_state import apply_of

# Layers of torch whose constructors set nothing that is not seen; others have fields of their own.
_WITHOUT_FIELDS = frozenset({"", "Module", "Sequential", "ModuleList", "ModuleDict"})


def define_class(machine: Machine, node: ast.ClassDef, frame: Frame) -> ClassValue:
    """Run a class statement."""
    bases = []
    for part in node.bases:
        base = machine.evaluate(part, frame)
        if isinstance(base, ast.Starred):
            base = UnknownValue("bases from a list")
        bases.append(base)
    module = frame.module
    inner = Frame(module, {}, _function_frame(frame), title="<class>")
    cls = ClassValue(node.name, tuple(bases), inner.names, module, node.lineno)
    if any(keyword.arg == "metaclass" for keyword in node.keywords):
        cls.is_open = cls.is_open or not _is_abstract(node)
    inner.names["__qualname__"] = node.name
    inner.owner = cls
    machine.run(node.body, inner)
    for value in inner.names.values():
        for function in (value, getattr(value, "function", None), getattr(value, "setter", None)):
            if isinstance(function, FunctionValue) and function.owner is None:
                function.owner = cls
    return cls


def _function_frame(frame: Frame) -> Frame | None:
    # Names of an enclosing class are not seen inside; those of functions are.
    return frame.parent if frame.title == "<class>" else frame


def _is_abstract(node: ast.ClassDef) -> bool:
    return any("ABCMeta" in ast.dump(keyword.value) for keyword in node.keywords)


def attribute(machine: Machine, value: Value, name: str) -> Value:
    """Return an attribute of any value; raises the AttributeError that Python would."""
    if isinstance(value, Instance):
        return _of_instance(machine, value, name)
    if isinstance(value, UnknownValue):
        return UnknownValue(value.reason, name)
    if isinstance(value, Outside):
        return _of_outside(machine, value, name)
    if isinstance(value, ClassValue):
        return _of_class(machine, value, name)
    if isinstance(value, ModuleValue):
        return machine.parts.global_name(machine, value.module, name)
    if isinstance(value, SuperValue):
        return _of_super(machine, value, name)
    if isinstance(value, TensorValue):
        return tensor_attribute(machine, value, name)
    if is_plain(value):
        return plain_attribute(machine, value, name)
    if isinstance(value, (FunctionValue, Builtin, Bound, Partial)):
        return _of_function(value, name)
    if isinstance(value, ErrorValue):
        return value.args if name == "args" else UnknownValue("what an exception holds")
    if isinstance(value, type):
        return _of_type(machine, value, name)
    if isinstance(value, GlobalNames) and name == "get":
        return Builtin("get", lambda m, key, item=None: global_name(m, value, key, item))
    return UnknownValue(f"the attribute {name} of {kind_of(value)}")


def _of_outside(machine: Machine, value: Outside, name: str) -> Value:
    path = f"{value.path}.{name}"
    found = machine.outsides.get(path, MISSING)
    if found is MISSING:
        found = machine.outsides[path] = machine.parts.outside(machine, path)
    return found


def _of_function(value: Value, name: str) -> Value:
    if name == "__name__" and isinstance(value, (FunctionValue, Builtin)):
        return value.name
    if isinstance(value, Partial):
        return {"func": value.function, "args": tuple(value.args), "keywords": value.keywords}.get(
            name, UnknownValue(f"the attribute {name} of a partial")
        )
    fields = value.fields if isinstance(value, FunctionValue) else {}
    return fields.get(name, UnknownValue(f"the attribute {name} of a function"))


def _of_type(machine: Machine, value: type, name: str) -> Value:
    if name == "__name__":
        return value.__name__
    if value is dict and name == "fromkeys":
        return Builtin("fromkeys", lambda m, keys, item=None: _from_keys(m, keys, item))
    if hasattr(value, name):
        return Builtin(
            name,
            lambda m, this, *args, **keywords: m.call(m.attribute(this, name), [*args], keywords),
        )
    if issubclass(value, BaseException):
        return UnknownValue(f"the attribute {name} of an exception")
    raise Raised(AttributeError, f"type object '{value.__name__}' has no attribute '{name}'")


def _from_keys(machine: Machine, keys: Value, item: Value) -> Value:
    items = machine.items(keys)
    return items if isinstance(items, UnknownValue) else dict.fromkeys(items, item)


def _of_instance(machine: Machine, value: Instance, name: str) -> Value:
    found = value.cls.find(name)
    if isinstance(found, Wrapped) and found.kind == "property":
        return machine.call(found.function, [value])
    if name in value.fields:
        return value.fields[name]
    if found is not MISSING:
        return _bind(found, value, value.cls)
    if name == "__class__":
        return value.cls
    if name == "__dict__":
        return UnknownValue("the fields of an object")
    if value.is_module:
        special = container_attribute(machine, value, name)
        if special is MISSING:
            special = module_attribute(machine, value, name)
        if special is not MISSING:
            return special
    fallback = value.cls.find("__getattr__")
    if isinstance(fallback, FunctionValue):
        return machine.call(fallback, [value, name])
    if value.hidden or value.cls.is_open or value.cls.builtin is not None:
        return UnknownValue(value.hidden or f"a base class of {value.cls.name} is not known")
    if value.cls.torch_base not in _WITHOUT_FIELDS:
        return UnknownValue(f"the attribute {name} of torch.nn.{value.cls.torch_base}")
    if name.startswith("__"):
        return UnknownValue(f"the attribute {name}")
    raise Raised(AttributeError, f"'{value.cls.name}' object has no attribute '{name}'")


def _bind(found: Value, receiver: Value, cls: ClassValue) -> Value:
    if isinstance(found, Wrapped):
        if found.kind == "staticmethod":
            return found.function
        return Bound(found.function, cls)
    if isinstance(found, FunctionValue):
        return Bound(found, receiver)
    return found


def _of_class(machine: Machine, value: ClassValue, name: str) -> Value:
    found = value.find(name)
    if isinstance(found, Wrapped):
        if found.kind == "classmethod":
            return Bound(found.function, value)
        return (
            found.function
            if found.kind == "staticmethod"
            else UnknownValue("a property of a class")
        )
    if found is not MISSING:
        return found
    if name in ("__name__", "__qualname__"):
        return value.name
    if name == "__bases__":
        return value.bases
    if value.is_module:
        return Builtin(name, _unbound(value, name))
    if name == "apply" and machine.torch_function(value):
        return apply_of(machine, value)
    if value.is_open or value.builtin is not None or name.startswith("__"):
        return UnknownValue(f"the attribute {name} of {value.name}")
    raise Raised(AttributeError, f"type object '{value.name}' has no attribute '{name}'")


def _unbound(cls: ClassValue, name: str) -> Callable[..., Value]:
    """`nn.Module.__init__(self)`: the method of torch's own, called with its object."""

    def call(machine: Machine, this: Value, *args: Value, **keywords: Value) -> Value:
        method = machine.attribute(SuperValue(cls, this, True), name)
        return machine.call(method, list(args), keywords)

    return call


def _of_super(machine: Machine, value: SuperValue, name: str) -> Value:
    receiver = value.receiver
    cls = receiver.cls if isinstance(receiver, Instance) else receiver
    if not isinstance(cls, ClassValue):
        return UnknownValue("super of what is not known")
    order = cls.mro
    after = order[order.index(value.owner) + 1 :] if value.owner in order else ()
    if value.including and value.owner in order:
        after = order[order.index(value.owner) :]
    for owner in after:
        if name in owner.names:
            found = owner.names[name]
            if isinstance(found, Wrapped) and found.kind == "property":
                return machine.call(found.function, [receiver])
            return _bind(found, receiver, cls)
        if owner.torch and isinstance(receiver, Instance):
            special = container_attribute(machine, receiver, name)
            if special is MISSING:
                special = module_attribute(machine, receiver, name, owner.torch)
            if special is not MISSING:
                return special
    if cls.is_open or cls.builtin is not None:
        return Builtin(
            name, lambda m, *args, **keywords: UnknownValue("a base class that is not known")
        )
    if name in ("__init__", "__init_subclass__", "__setattr__", "__post_init__"):
        return Builtin(name, lambda m, *args, **keywords: None)
    raise Raised(AttributeError, f"'super' object has no attribute '{name}'")


def set_attribute(machine: Machine, value: Value, name: str, item: Value) -> None:
    """Set an attribute, with torch's rules for layers and parameters."""
    if isinstance(value, ClassValue):
        value.names[name] = item
    elif isinstance(value, FunctionValue):
        value.fields[name] = item
    elif isinstance(value, Instance):
        found = value.cls.find(name)
        if isinstance(found, Wrapped) and found.kind == "property" and found.setter is not None:
            machine.call(found.setter, [value, item])
            return
        if isinstance(found, Wrapped) and found.kind == "property" and not value.is_module:
            fail(AttributeError, f"property '{name}' of '{value.cls.name}' object has no setter")
        if value.is_module:
            _check_layer(value, name, item)
        value.fields[name] = item
    elif isinstance(value, ModuleValue):
        value.module.names[name] = item
    elif is_plain(value):
        fail(AttributeError, f"'{kind_of(value)}' object has no attribute '{name}'")


def _check_layer(value: Instance, name: str, item: Value) -> None:
    before = value.fields.get(name)
    layer = isinstance(item, Instance) and item.is_module
    parameter = isinstance(item, TensorValue) and item.is_parameter
    if (layer or parameter) and not value.ready and not value.cls.is_open and not value.hidden:
        kind = "module" if layer else "parameters"
        raise Raised(AttributeError, f"cannot assign {kind} before Module.__init__() call")
    if item is None or isinstance(item, UnknownValue) or layer or parameter:
        return
    if isinstance(before, Instance) and before.is_module:
        fail(
            TypeError,
            f"cannot assign '{kind_of(item)}' as child module '{name}' "
            "(torch.nn.Module or None expected)",
        )
    if (
        isinstance(before, TensorValue)
        and before.is_parameter
        and (is_plain(item) or isinstance(item, TensorValue))
    ):
        fail(
            TypeError,
            f"cannot assign '{kind_of(item)}' as parameter '{name}' "
            "(torch.nn.Parameter or None expected)",
        )
