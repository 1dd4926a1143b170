"""Calls: functions of the fork with Python's binding of arguments, classes, objects, builtins."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from yamlmod.fork.read.interpreter.machine import MAX_ITEMS, Machine, fail
from yamlmod.fork.read.interpreter.operators import kind_of
from yamlmod.fork.read.interpreter.scopes import Frame, local_names, walk_scope
from yamlmod.fork.read.interpreter.shortcuts import answer_key
from yamlmod.fork.read.interpreter.values import (
    MISSING,
    SCALARS,
    Bound,
    Builtin,
    ClassValue,
    ErrorValue,
    FunctionValue,
    Instance,
    Lazy,
    LimitError,
    ModuleValue,
    Outside,
    Partial,
    Raised,
    TensorValue,
    UnknownValue,
    Value,
    Wrapped,
    is_plain,
)
from yamlmod.fork.read.torch_rules.torch_construct import construct
from yamlmod.fork.read.torch_rules.torch_forward import forward

_GENERATORS: dict[ast.AST, bool] = {}
_SIGNATURES: dict[ast.AST, tuple[list[str], list[str], frozenset[str]]] = {}


def call(machine: Machine, function: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    kind = function.__class__  # the frequent ones first, and by identity: this is a hot path
    if kind is Bound:
        return call(machine, function.function, [function.receiver, *args], keywords)
    if kind is FunctionValue:
        return call_function(machine, function, args, keywords)
    if kind is Builtin:
        return _builtin(machine, function, args, keywords)
    if kind is ClassValue:
        return instantiate(machine, function, args, keywords)
    if kind is Instance:
        if machine.on_layer is not None:
            return machine.on_layer(
                function, lambda: call_object(machine, function, args, keywords)
            )
        return call_object(machine, function, args, keywords)
    if isinstance(function, UnknownValue):
        return UnknownValue(function.reason)
    if isinstance(function, Outside):
        return UnknownValue(f"{function.path} is not interpreted")
    if isinstance(function, Partial):
        return call(
            machine, function.function, [*function.args, *args], {**function.keywords, **keywords}
        )
    if isinstance(function, type):
        return _type(machine, function, args, keywords)
    if isinstance(function, Wrapped):
        return call(machine, function.function, args, keywords)
    if is_plain(function) or isinstance(function, (ModuleValue, TensorValue)):
        fail(TypeError, f"'{kind_of(function)}' object is not callable")
    return UnknownValue(f"a call of {kind_of(function)}")


def _builtin(
    machine: Machine, function: Builtin, args: list[Value], keywords: dict[str, Value]
) -> Value:
    try:
        return function.function(machine, *args, **keywords)
    except TypeError as error:
        # The interpreter's own signature did not fit: it knows less than Python does.
        return UnknownValue(f"a call of {function.name} that is not interpreted ({error})")


def _type(machine: Machine, kind: type, args: list[Value], keywords: dict[str, Value]) -> Value:
    if issubclass(kind, BaseException):
        return ErrorValue(kind, tuple(args))
    maker = machine.parts.builtins.get(f"type:{kind.__name__}")
    if maker is None:
        return UnknownValue(f"a call of {kind.__name__}")
    return _builtin(machine, maker, args, keywords)


def instantiate(
    machine: Machine, cls: ClassValue, args: list[Value], keywords: dict[str, Value]
) -> Value:
    """Make an object of a class and run its constructor."""
    if cls.builtin is not None and issubclass(cls.builtin, BaseException):
        return ErrorValue(cls, tuple(args))
    if cls.builtin is not None or cls.find("__new__") is not MISSING:
        return UnknownValue(f"an object of {cls.name}")
    if machine.torch_function(cls):
        return UnknownValue(f"{cls.name} is a function of autograd")
    instance = Instance(cls)
    initialise(machine, instance, args, keywords)
    return instance


def initialise(
    machine: Machine, instance: Instance, args: list[Value], keywords: dict[str, Value]
) -> None:
    """Run the constructor that the class has or inherits."""
    cls = instance.cls
    for owner in cls.mro:
        method = owner.names.get("__init__")
        if method is not None:
            with machine.nested(f"{cls.name}.__init__"):
                call(machine, method, [instance, *args], keywords)
            return
        if owner.torch:
            with machine.nested(f"{cls.name}.__init__"):
                construct(machine, instance, owner.torch, args, keywords)
            return
    if cls.is_open:
        instance.hidden = f"a base class of {cls.name} is not known"
        return
    if args or keywords:
        fail(TypeError, f"{cls.name}() takes no arguments")


def call_object(
    machine: Machine, instance: Instance, args: list[Value], keywords: dict[str, Value]
) -> Value:
    """Call an object: a layer's forward, or its own __call__."""
    own = instance.cls.find("__call__")
    if isinstance(own, FunctionValue):
        return call(machine, own, [instance, *args], keywords)
    if not instance.is_module:
        if instance.cls.is_open or instance.hidden:
            return UnknownValue(f"a call of an object of {instance.cls.name}")
        fail(TypeError, f"'{instance.cls.name}' object is not callable")
    if not instance.ready and not instance.hidden and not instance.cls.is_open:
        fail(AttributeError, f"'{instance.cls.name}' object has no attribute '_forward_hooks'")
    if "forward" in instance.fields:
        return call(machine, instance.fields["forward"], args, keywords)
    for owner in instance.cls.mro:
        method = owner.names.get("forward")
        if method is not None:
            with machine.nested(f"{instance.cls.name}.forward"):
                return call(machine, method, [instance, *args], keywords)
        if owner.torch:
            with machine.nested(f"{instance.cls.name}.forward"):
                return forward(machine, instance, owner.torch, args, keywords)
    return UnknownValue(f"the forward of {instance.cls.name}")


def call_function(
    machine: Machine, function: FunctionValue, args: list[Value], keywords: dict[str, Value]
) -> Value:
    node = function.node
    title = f"{function.owner.name}.{function.name}" if function.owner else function.name
    if machine.on_call is not None:
        special = machine.on_call(function, args, keywords)
        if special is not MISSING:
            return special
    key = answer_key(node, args, keywords)
    if key is not None and key in machine.answers:
        return machine.answers[key]
    names = bind_arguments(function, title, args, keywords)
    if isinstance(names, UnknownValue):
        return names
    frame = Frame(function.frame.module, names, _outer(function.frame), local_names(node))
    frame.title, frame.owner = title, function.owner or function.frame.owner
    frame.receiver = args[0] if args else None
    if isinstance(node, ast.Lambda):
        with machine.nested(title):
            return machine.evaluate(node.body, frame)
    if _is_generator(node):
        return UnknownValue(f"the generator {title}")
    previous, machine.frame = machine.frame, frame
    try:
        if function.owner is not None and node.name in ("__init__", "forward"):
            signal = machine.run(node.body, frame)
        else:
            with machine.nested(title):
                signal = machine.run(node.body, frame)
    finally:
        machine.frame = previous
    found = None if signal is None else signal.value
    if key is not None and found.__class__ in SCALARS:
        machine.answers[key] = found
    return found


def _outer(frame: Frame) -> Frame | None:
    """Return the frame whose names a function sees: none of a class."""
    outer: Frame | None = frame
    while outer is not None and outer.title in ("<class>", "<module>"):
        outer = outer.parent
    return outer


def _is_generator(node: ast.FunctionDef) -> bool:
    found = _GENERATORS.get(node)
    if found is None:
        if len(_GENERATORS) > 20_000:
            _GENERATORS.clear()
        parts = walk_scope(node.body)
        found = _GENERATORS[node] = any(isinstance(p, (ast.Yield, ast.YieldFrom)) for p in parts)
    return found


def bind_arguments(
    function: FunctionValue, title: str, args: Sequence[Value], keywords: dict[str, Value]
) -> dict[str, Value] | UnknownValue:
    """Return the names that a call binds; raises the TypeError that Python would."""
    spec = function.node.args
    positional, only, by_name = _parameters(function.node)
    names: dict[str, Value] = dict(zip(positional, args, strict=False))
    if spec.vararg is not None:
        names[spec.vararg.arg] = tuple(args[len(positional) :])
    elif len(args) > len(positional):
        raise _too_many(title, positional, function.defaults, len(args))
    extra: dict[str, Value] = {}
    for key, value in keywords.items():
        if key in by_name and key not in names:
            names[key] = value
        elif key in by_name:
            fail(TypeError, f"{title}() got multiple values for argument '{key}'")
        elif spec.kwarg is None:
            fail(TypeError, f"{title}() got an unexpected keyword argument '{key}'")
        else:
            extra[key] = value
    if spec.kwarg is not None:
        names[spec.kwarg.arg] = extra
    if function.defaults:
        first = len(positional) - len(function.defaults)
        for name, value in zip(positional[first:], function.defaults, strict=True):
            if name not in names:
                names[name] = value
    for name, value in function.keyword_defaults.items():
        names.setdefault(name, value)
    if not names.keys() >= by_name or len(names) < len(positional):
        missing = [name for name in (*positional, *only) if name not in names]
        if missing:
            raise _missing(title, missing)
    return names


def _parameters(
    node: ast.FunctionDef | ast.Lambda,
) -> tuple[list[str], list[str], frozenset[str]]:
    """Return the names of positional and of keyword-only parameters, and those given by name."""
    found = _SIGNATURES.get(node)
    if found is None:
        if len(_SIGNATURES) > 20_000:
            _SIGNATURES.clear()
        spec = node.args
        only = [argument.arg for argument in spec.kwonlyargs]
        positional = [argument.arg for argument in (*spec.posonlyargs, *spec.args)]
        by_name = frozenset([*(argument.arg for argument in spec.args), *only])
        found = _SIGNATURES[node] = (positional, only, by_name)
    return found


def _too_many(title: str, positional: list[str], defaults: list[Value], given: int) -> Raised:
    most = len(positional)
    span = f"from {most - len(defaults)} to {most}" if defaults else str(most)
    plural = "" if span == "1" else "s"
    were = "was" if given == 1 else "were"
    message = f"{title}() takes {span} positional argument{plural} but {given} {were} given"
    return Raised(TypeError, message)


def _missing(title: str, names: list[str]) -> Raised:
    words = [f"'{name}'" for name in names]
    text = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    plural = "" if len(words) == 1 else "s"
    return Raised(
        TypeError, f"{title}() missing {len(words)} required positional argument{plural}: {text}"
    )


def iterate(machine: Machine, value: Value) -> Value:
    """Return an iterator over a value, or Unknown."""
    if isinstance(value, UnknownValue):
        return value
    if isinstance(value, (list, tuple, range, str, dict)):
        return iter(value)
    if isinstance(value, (set, frozenset)):
        if len(value) > 1 and not all(isinstance(item, int) for item in value):
            return UnknownValue("the order of a set")
        return iter(value)
    if isinstance(value, Lazy):
        return value.items
    if isinstance(value, TensorValue):
        if value.shape is None or (value.shape and value.shape[0] is None):
            return UnknownValue("the parts of a tensor whose size is not known")
        if not value.shape:
            fail(TypeError, "iteration over a 0-d tensor")
        if (value.shape[0] or 0) > MAX_ITEMS:
            raise LimitError("a loop over a large tensor")
        return iter([TensorValue(value.shape[1:], value.kind) for _ in range(value.shape[0] or 0)])
    if isinstance(value, Instance):
        return _iterate_object(machine, value)
    if is_plain(value):
        fail(TypeError, f"'{kind_of(value)}' object is not iterable")
    return UnknownValue(f"a loop over {kind_of(value)}")


def _iterate_object(machine: Machine, value: Instance) -> Value:
    if isinstance(value.cls.find("__iter__"), FunctionValue):
        return iterate(machine, machine.call(machine.attribute(value, "__iter__")))
    if value.hidden:
        return UnknownValue(value.hidden)
    if value.cls.torch_base in ("Sequential", "ModuleList"):
        return iter(list(value.layers().values()))
    if value.cls.torch_base == "ModuleDict":
        return iter(list(value.layers()))
    if value.cls.torch_base == "ParameterList":
        return iter([item for item in value.fields.values() if isinstance(item, TensorValue)])
    if value.cls.is_open or value.cls.find("__getitem__") is not MISSING:
        return UnknownValue(f"a loop over an object of {value.cls.name}")
    raise Raised(TypeError, f"'{value.cls.name}' object is not iterable")
