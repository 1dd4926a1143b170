"""The interpreter's state and limits; tables supply the constructs."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol

from yamlmod.fork.read.interpreter.scopes import Frame, ModuleScope, SourceFile
from yamlmod.fork.read.interpreter.values import (
    SCALARS,
    Builtin,
    ClassValue,
    FunctionValue,
    Instance,
    LimitError,
    Outside,
    Raised,
    TensorValue,
    UnknownItemsError,
    UnknownValue,
    Value,
)

MAX_STEPS = 3_000_000
MAX_DEPTH = 90
MAX_ITEMS = 5_000
MAX_TEXT = 20_000
MAX_BITS = 256

# Methods of lists, dicts, sets and layers that change their object.
_LIST_CHANGES = "append extend insert pop remove sort reverse clear update setdefault add discard"
_LAYER_CHANGES = "train eval apply register_buffer register_parameter register_module add_module"
_CHANGES = frozenset(f"{_LIST_CHANGES} {_LAYER_CHANGES}".split())

Expression = Callable[["Machine", Any, Frame], Value]
Statement = Callable[["Machine", Any, Frame], "Signal | None"]


class ImpureError(Exception):
    """What is only tried out would change something."""


@dataclass(frozen=True, eq=False)
class Signal:
    """How a statement leaves its block: by return, break or continue."""

    kind: str
    value: Value = None


class NameSource(Protocol):
    """What the interpreter asks about names in the files of the fork (the import graph)."""

    def denotes_in_module(self, path: str, name: str) -> Any:
        """Return what a name of a module's namespace denotes."""

    def names(self, path: str) -> Any:
        """Return the names of a module's namespace, and why there may be others."""

    def find(self, importer: str, dotted: str, level: int = 0) -> Any:
        """Return the module that an import means."""


@dataclass(frozen=True)
class MachineParts:
    """The interpreter's abilities, each from a file of its own."""

    expressions: Mapping[type, Expression]
    statements: Mapping[type, Statement]
    call: Callable[[Machine, Value, list[Value], dict[str, Value]], Value]
    attribute: Callable[[Machine, Value, str], Value]
    set_attribute: Callable[[Machine, Value, str, Value], None]
    iterate: Callable[[Machine, Value], Iterator[Value] | UnknownValue]
    global_name: Callable[..., Value]
    binary: Callable[[Machine, str, Value, Value], Value]
    subscript: Callable[[Machine, Value, Value], Value]
    builtins: Mapping[str, Value]
    outside: Callable[[Machine, str], Value]


class Nested:
    """A call inside of another, as a context manager: a generator's costs more than the call."""

    __slots__ = ("machine", "title")

    def __init__(self, machine: Machine, title: str) -> None:
        self.machine, self.title = machine, title

    def __enter__(self) -> None:
        self.machine.depth += 1
        if self.machine.depth > MAX_DEPTH:
            self.machine.depth -= 1
            raise LimitError(f"more than {MAX_DEPTH} calls within each other")

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.machine.depth -= 1
        if isinstance(error, Raised):
            error.trail.append(self.title)


@dataclass
class Machine:
    """One evaluation: nothing is shared with another, so that no state leaks between files."""

    parts: MachineParts
    graph: NameSource
    read: Callable[[str], SourceFile | None]
    modules: dict[str, ModuleScope] = field(default_factory=dict)
    steps: int = 0
    depth: int = 0
    spoiled: dict[int, tuple[Value, str]] = field(default_factory=dict)
    unknowns: dict[tuple[str, int, str], None] = field(default_factory=dict)
    torch_classes: dict[str, ClassValue] = field(default_factory=dict)
    displays: dict[ast.AST, Value] = field(default_factory=dict)
    answers: dict[tuple[Value, ...], Value] = field(default_factory=dict)
    outsides: dict[str, Value] = field(default_factory=dict)
    hooks: dict[ast.AST, Any] = field(default_factory=dict)
    branches: frozenset[ast.AST] = frozenset()
    branch: int | None = None
    on_call: Callable[[Value, list[Value], dict[str, Value]], Value] | None = None
    on_layer: Callable[[Instance, Callable[[], Value]], Value] | None = None
    on_attribute: Callable[[str, Value], None] | None = None
    frame: Frame | None = None
    loaded: Value = None
    # Whether gradients are recorded now, and whether a layer with parameters has run.
    gradients: Value = True
    learned: bool = False
    # Above 0 while something is tried out that must change nothing.
    pure: int = 0

    def __post_init__(self) -> None:
        # The two tables are asked at every node.
        self._expressions = dict(self.parts.expressions)
        self._statements = dict(self.parts.statements)

    def module(self, path: str) -> ModuleScope | None:
        """Return a file of the fork, one object for each evaluation."""
        found = self.modules.get(path)
        if found is None:
            source = self.read(path)
            if source is None:
                return None
            found = self.modules[path] = ModuleScope(source)
        return found

    def evaluate(self, node: ast.expr, frame: Frame) -> Value:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise LimitError(f"more than {MAX_STEPS:,} steps")
        try:
            handler = self._expressions[node.__class__]
        except KeyError:
            return self.unknown(f"{type(node).__name__} is not interpreted", frame, node)
        return handler(self, node, frame)

    def run(self, body: list[ast.stmt], frame: Frame) -> Signal | None:
        """Run statements; return how they leave their block, None where they run to its end."""
        frame.body = body
        for node in body:
            self.steps += 1
            if self.steps > MAX_STEPS:
                raise LimitError(f"more than {MAX_STEPS:,} steps")
            frame.line = node.lineno
            handler = self._statements.get(node.__class__)
            if handler is None:
                raise LimitError(f"{type(node).__name__} is not interpreted")
            try:
                signal = handler(self, node, frame)
            except Raised as error:
                if error.line is None:
                    error.line, error.path = node.lineno, frame.module.shown
                raise
            if signal is not None:
                return signal
        return None

    def call(
        self,
        function: Value,
        args: list[Value] | None = None,
        keywords: dict[str, Value] | None = None,
    ) -> Value:
        return self.parts.call(self, function, args or [], keywords or {})

    def attribute(self, value: Value, name: str) -> Value:
        if self.pure and name in _CHANGES and not isinstance(value, TensorValue):
            raise ImpureError
        found = self.parts.attribute(self, value, name)
        return self.fresh(found) if self.spoiled else found

    def set_attribute(self, value: Value, name: str, item: Value) -> None:
        self.change()
        if self.on_attribute is not None:
            self.on_attribute(name, item)
        self.parts.set_attribute(self, value, name, item)

    def iterate(self, value: Value) -> Iterator[Value] | UnknownValue:
        return self.parts.iterate(self, value)

    def items(self, value: Value) -> list[Value] | UnknownValue:
        """Return the elements of a value as a list, within bounds."""
        found = self.iterate(value)
        if isinstance(found, UnknownValue):
            return found
        out: list[Value] = []
        try:
            for item in found:
                out.append(item)
                if len(out) > MAX_ITEMS:
                    raise LimitError(f"a list of more than {MAX_ITEMS:,} elements")
        except UnknownItemsError as error:
            return error.unknown
        return out

    def truth(self, value: Value) -> bool | UnknownValue:
        if value.__class__ in SCALARS:
            return bool(value)
        if isinstance(value, UnknownValue):
            return value
        if isinstance(value, Instance):
            return self._instance_truth(value)
        if isinstance(value, TensorValue):
            return _tensor_truth(value)
        if isinstance(value, Outside):
            return True if value.path.rpartition(".")[2][:1].isupper() else UnknownValue(value.path)
        return bool(value) if isinstance(value, _TRUTHS) else True

    def _instance_truth(self, value: Instance) -> bool | UnknownValue:
        if value.cls.torch_base in ("Sequential", "ModuleList", "ModuleDict", "ParameterList"):
            return UnknownValue(value.hidden) if value.hidden else bool(value.layers())
        for name in ("__bool__", "__len__"):
            if isinstance(value.cls.find(name), FunctionValue):
                found = self.call(self.attribute(value, name))
                return self.truth(found)
        return UnknownValue("the truth of an object") if value.cls.is_open else True

    def change(self) -> None:
        """Say that something is about to be changed that others see."""
        if self.pure:
            raise ImpureError

    def fresh(self, value: Value) -> Value:
        """Return a value as it may be used: Unknown where a list was changed in an unknown way."""
        if self.spoiled and id(value) in self.spoiled:
            return UnknownValue(self.spoiled[id(value)][1])
        return value

    def spoil(self, value: Value, reason: str) -> None:
        """Make a list, dict, set or object Unknown wherever it is used."""
        if isinstance(value, (list, dict, set)):
            self.spoiled[id(value)] = (value, reason)

    def unknown(
        self, reason: str, frame: Frame | None, node: ast.AST | None = None
    ) -> UnknownValue:
        """Return an Unknown, and note where it arose."""
        if frame is not None:
            line = getattr(node, "lineno", 0) or frame.line
            if len(self.unknowns) < 200:
                self.unknowns[frame.module.shown, line, reason] = None
        return UnknownValue(reason)

    def nested(self, title: str) -> Nested:
        """Count one call inside another, and note it in the trail of an exception."""
        return Nested(self, title)

    def torch_function(self, cls: ClassValue) -> bool:
        """Check whether a class is an operation of autograd, whose work is not interpreted."""
        return cls.is_open and any(
            isinstance(base, Outside) and base.path.startswith("torch.autograd")
            for owner in cls.mro
            for base in owner.bases
        )

    def builtin(self, name: str, function: Callable[..., Value]) -> Builtin:
        """Return a function done by the interpreter."""
        return Builtin(name, function)


def _tensor_truth(value: TensorValue) -> UnknownValue:
    if value.shape is not None and None not in value.shape:
        total = 1
        for size in value.shape:
            total *= size or 0
        if total > 1:
            message = "Boolean value of Tensor with more than one value is ambiguous"
            fail(RuntimeError, message)
    return UnknownValue("the truth of a tensor")


_TRUTHS = (int, float, str, bool, type(None), list, tuple, dict, set, frozenset, range, bytes)


def fail(kind: type[BaseException], message: str) -> NoReturn:
    """Raise an exception in the interpreted code."""
    raise Raised(kind, message)
