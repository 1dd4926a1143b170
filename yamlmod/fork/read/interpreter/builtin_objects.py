"""Builtin functions on objects and names: isinstance, getattr, super, eval, locals, type."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from yamlmod.fork.read.interpreter.imports import import_module
from yamlmod.fork.read.interpreter.machine import Machine, fail
from yamlmod.fork.read.interpreter.operators import kind_of
from yamlmod.fork.read.interpreter.scopes import Frame
from yamlmod.fork.read.interpreter.values import (
    MISSING,
    Bound,
    Builtin,
    ClassValue,
    ErrorValue,
    FunctionValue,
    GlobalNames,
    Instance,
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

_MAX_SOURCE = 2_000


def _isinstance(machine: Machine, value: Value, kinds: Value) -> Value:
    return _any_kind(kinds, lambda kind: _is_a(value, kind))


def _any_kind(kinds: Value, test: Callable[[Value], bool | UnknownValue]) -> Value:
    unknown: UnknownValue | None = None
    for kind in kinds if isinstance(kinds, (tuple, list)) else (kinds,):
        found = _any_kind(kind, test) if isinstance(kind, tuple) else test(kind)
        if found is True:
            return True
        unknown = found if isinstance(found, UnknownValue) else unknown
    return False if unknown is None else unknown


def _is_a(value: Value, kind: Value) -> bool | UnknownValue:
    if isinstance(value, UnknownValue):
        return value
    if kind is object:
        return True
    if isinstance(kind, ClassValue):
        if isinstance(value, Instance):
            if kind in value.cls.mro:
                return True
            return UnknownValue("a base class that is not known") if value.cls.is_open else False
        return UnknownValue(value.path) if isinstance(value, Outside) else False
    if isinstance(kind, Builtin) and kind.name == "type":
        kind = type
    if isinstance(kind, Outside):
        return _is_outside(value, kind.path)
    if isinstance(kind, UnknownValue):
        return False if is_plain(value) and kind.name[:1].isupper() else kind
    if isinstance(kind, type):
        if is_plain(value):
            return isinstance(value, kind)
        if kind is type:
            return isinstance(value, (ClassValue, type)) or (
                UnknownValue(value.path) if isinstance(value, Outside) else False
            )
        if isinstance(value, Instance) and (value.cls.builtin or value.cls.is_open):
            return UnknownValue("a base class that is not known")
        if isinstance(value, Outside):
            return UnknownValue(value.path)
        if isinstance(value, ErrorValue) and isinstance(value.kind, type):
            return issubclass(value.kind, kind)
    return False


def _is_outside(value: Value, path: str) -> bool | UnknownValue:
    name = path.rpartition(".")[2]
    if isinstance(value, TensorValue):
        if name == "Parameter":
            return value.is_parameter
        return True if name == "Tensor" else UnknownValue(path)
    if is_plain(value):
        if name in ("Number", "Real", "Integral", "Iterable", "Sequence", "Mapping", "Sized"):
            return UnknownValue(path)
        return False if name not in ("Size", "Callable") else UnknownValue(path)
    return UnknownValue(path)


def _issubclass(machine: Machine, value: Value, kinds: Value) -> Value:
    def test(kind: Value) -> bool | UnknownValue:
        if isinstance(value, UnknownValue):
            return value
        if isinstance(value, ClassValue) and isinstance(kind, ClassValue):
            found = kind in value.mro
            return (
                UnknownValue("a base class that is not known")
                if not found and value.is_open
                else found
            )
        if isinstance(value, type) and isinstance(kind, type):
            return issubclass(value, kind)
        if kind is object:
            return True
        if isinstance(value, (FunctionValue, Builtin)) or is_plain(value):
            fail(TypeError, "issubclass() arg 1 must be a class")
        return UnknownValue("classes of another package")

    return _any_kind(kinds, test)


def _getattr(machine: Machine, value: Value, name: Value, default: Value = MISSING) -> Value:
    if not isinstance(name, str):
        return name if isinstance(name, UnknownValue) else UnknownValue("getattr")
    try:
        return machine.attribute(value, name)
    except Raised as error:
        if default is MISSING or error.kind is not AttributeError:
            raise
        return default


_LISTED = ("torch.nn", "torch.nn.functional")


def _hasattr(machine: Machine, value: Value, name: Value) -> Value:
    if not isinstance(name, str):
        return name if isinstance(name, UnknownValue) else UnknownValue("hasattr")
    try:
        found = machine.attribute(value, name)
    except Raised as error:
        if error.kind is AttributeError:
            return False
        raise
    if isinstance(found, UnknownValue) and not (
        isinstance(value, Instance) and name in value.fields
    ):
        return found
    if isinstance(value, Outside) and (
        not isinstance(found, Outside) or (value.path in _LISTED and not name.startswith("_"))
    ):
        return True  # a name of torch that the reader knows, or that is in the table
    if isinstance(value, (Outside, FunctionValue, Bound)):
        return UnknownValue("the attributes of an object outside")
    return True


def _setattr(machine: Machine, value: Value, name: Value, item: Value) -> None:
    if isinstance(name, str):
        machine.set_attribute(value, name, item)
    elif isinstance(value, Instance):
        value.hidden = value.hidden or "an attribute with a name that is not known was set"


def _callable(machine: Machine, value: Value) -> Value:
    if isinstance(value, UnknownValue):
        return value
    kinds = (FunctionValue, Builtin, ClassValue, Bound, Partial, type)
    if isinstance(value, Instance):
        return (
            value.is_module or value.cls.find("__call__") is not MISSING or UnknownValue("callable")
        )
    return isinstance(value, kinds) or (
        UnknownValue(value.path) if isinstance(value, Outside) else False
    )


def _type(machine: Machine, *values: Value) -> Value:
    if len(values) != 1:
        return UnknownValue("a class made by type()")
    value = values[0]
    if isinstance(value, Instance):
        return value.cls
    if is_plain(value):
        return type(value)
    if isinstance(value, ErrorValue):
        return value.kind
    if isinstance(value, type) or (isinstance(value, ClassValue) and not value.is_open):
        return machine.parts.builtins["type"]
    return UnknownValue(f"the type of {kind_of(value)}")


def _super(machine: Machine, owner: Value = None, receiver: Value = None) -> Value:
    frame = machine.frame
    if owner is None and frame is not None:
        owner, receiver = frame.owner, _receiver(frame)
    if not isinstance(owner, ClassValue):
        return UnknownValue("super of what is not known")
    return SuperValue(owner, receiver)


def _receiver(frame: Frame) -> Value:
    inner: Frame | None = frame
    while inner is not None:
        if inner.receiver is not None:
            return inner.receiver
        inner = inner.parent
    return None


def _eval(machine: Machine, source: Value, *scopes: Value) -> Value:
    if not isinstance(source, str):
        if is_plain(source):
            fail(TypeError, "eval() arg 1 must be a string, bytes or code object")
        return source if isinstance(source, UnknownValue) else UnknownValue("eval")
    if len(source) > _MAX_SOURCE or machine.frame is None:
        return UnknownValue("a long text to evaluate")
    try:
        tree = ast.parse(source.lstrip(" \t"), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        fail(SyntaxError, str(getattr(error, "msg", error)))
    frame = machine.frame
    if scopes:
        if not all(isinstance(scope, dict) for scope in scopes):
            return UnknownValue("eval with names of its own")
        names = {k: v for scope in scopes for k, v in scope.items()}
        frame = Frame(frame.module, names, None, title="<eval>", line=frame.line)
    if frame.title == "<comprehension>" and _names_outside(tree, frame):
        return UnknownValue("a name that a comprehension sees from Python 3.12 on")
    for node in ast.walk(tree):
        if hasattr(node, "lineno"):
            node.lineno = frame.line
    return machine.evaluate(tree.body, frame)


def _names_outside(tree: ast.Expression, frame: Frame) -> bool:
    """Check whether a text names what the function around a comprehension binds."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return any(name not in frame.names and frame.holder(name) is not None for name in names)


def _exec(machine: Machine, *args: Value) -> Value:
    return UnknownValue("exec is not interpreted")


def _locals(machine: Machine) -> Value:
    if machine.frame is None:
        return UnknownValue("locals")
    return {k: v for k, v in machine.frame.names.items() if not k.startswith("<")}


def _globals(machine: Machine) -> Value:
    if machine.frame is None:
        return UnknownValue("globals")
    return GlobalNames(machine.frame.module)


def _import(machine: Machine, name: Value, *args: Value, **keywords: Value) -> Value:
    if not isinstance(name, str) or machine.frame is None:
        return UnknownValue("an import")
    return import_module(machine, machine.frame.module, name.partition(".")[0], 0)


def _id(machine: Machine, value: Value) -> Value:
    return UnknownValue("the identity of an object")


def _property(machine: Machine, function: Value = None, setter: Value = None) -> Value:
    return Wrapped("property", function, setter)


OBJECT_FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "__import__": _import,
    "callable": _callable,
    "delattr": lambda machine, value, name: None,
    "eval": _eval,
    "exec": _exec,
    "getattr": _getattr,
    "globals": _globals,
    "hasattr": _hasattr,
    "id": _id,
    "isinstance": _isinstance,
    "issubclass": _issubclass,
    "locals": _locals,
    "property": _property,
    "setattr": _setattr,
    "super": _super,
    "type": _type,
}
