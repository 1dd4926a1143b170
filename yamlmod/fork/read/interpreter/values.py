"""The values of interpreted code: plain Python values, and a class for each other kind."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from yamlmod.fork.read.interpreter.scopes import Frame, ModuleScope

Value: TypeAlias = Any

PLAIN = (int, float, str, bool, type(None), list, tuple, dict, set, frozenset, range, slice, bytes)


class UnknownValue:
    """A value that is not known, and why; ``name`` is the name of an object outside the fork."""

    __slots__ = ("name", "reason")

    def __init__(self, reason: str, name: str = "") -> None:
        self.reason, self.name = reason, name

    def __repr__(self) -> str:
        return f"Unknown({self.reason!r})"


class Raised(Exception):
    """An exception of the interpreted code; ``kind`` is a Python exception type or a ClassValue."""

    def __init__(self, kind: Value, message: str = "", value: Value = None) -> None:
        super().__init__(message)
        self.kind, self.message = kind, message
        self.value = ErrorValue(kind, (message,)) if value is None else value
        self.trail: list[str] = []
        self.line: int | None = None
        self.path = ""

    @property
    def name(self) -> str:
        """Return the exception's name as Python prints it."""
        return self.kind.name if isinstance(self.kind, ClassValue) else self.kind.__name__


class LimitError(Exception):
    """The interpreter stops: too many steps, too deep, too large."""


class UnknownItemsError(Exception):
    """An iterator meets something that is not known while it is being read."""

    def __init__(self, unknown: UnknownValue) -> None:
        super().__init__(unknown.reason)
        self.unknown = unknown


@dataclass(eq=False)
class ErrorValue:
    """An exception as a value."""

    kind: Value
    args: tuple[Value, ...]


@dataclass(eq=False)
class FunctionValue:
    """A function or lambda of the fork."""

    name: str
    node: ast.FunctionDef | ast.Lambda
    frame: Frame
    defaults: list[Value]
    keyword_defaults: dict[str, Value]
    owner: ClassValue | None = None
    fields: dict[str, Value] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Return the file that defines it."""
        return self.frame.module.path


@dataclass(eq=False)
class Bound:
    """A function with its first argument."""

    function: Value
    receiver: Value


@dataclass(eq=False)
class Wrapped:
    """A staticmethod, a classmethod or a property."""

    kind: str
    function: Value
    setter: Value = None


@dataclass(eq=False)
class Builtin:
    """A function of Python or of a known package, done by the interpreter itself."""

    name: str
    function: Callable[..., Value]


@dataclass(eq=False)
class Partial:
    """What functools.partial returns."""

    function: Value
    args: list[Value]
    keywords: dict[str, Value]


@dataclass(eq=False)
class Suppress:
    """What contextlib.suppress returns."""

    kinds: list[Value]


@dataclass(eq=False)
class GradMode:
    """What torch.no_grad() and its like return: gradients on or off, and how it was before."""

    enabled: Value
    before: Value = None


@dataclass(eq=False)
class Outside:
    """An object of another package, by its dotted path."""

    path: str


@dataclass(eq=False)
class ClassValue:
    """A class: one object per definition. ``torch`` is its name in torch.nn, for torch's own.

    ``is_open``: a base class is not known, so that any attribute may exist.
    """

    name: str
    bases: tuple[Value, ...]
    names: dict[str, Value]
    module: ModuleScope | None
    line: int = 0
    torch: str = ""
    is_open: bool = False
    mro: tuple[ClassValue, ...] = ()
    builtin: type | None = None
    # The nearest class of torch.nn that it is or inherits from; whether its objects are layers.
    torch_base: str = ""
    is_module: bool = False

    def __post_init__(self) -> None:
        bases = [base for base in self.bases if isinstance(base, ClassValue)]
        # By far the most have one base, or none.
        self.mro = (self, *(_merged(bases) if len(bases) > 1 else bases[0].mro if bases else ()))
        self.torch_base = next((owner.torch for owner in self.mro if owner.torch), "")
        self.is_module = any(owner.torch == "Module" for owner in self.mro)
        for base in self.bases:
            if isinstance(base, ClassValue):
                self.is_open |= base.is_open
                self.builtin = self.builtin or base.builtin
            elif isinstance(base, type):
                self.builtin = None if base is object else base
            else:
                self.is_open = True

    def find(self, name: str) -> Value:
        """Return a class attribute by method resolution, MISSING where there is none."""
        for owner in self.mro:
            if name in owner.names:
                return owner.names[name]
        return MISSING

    @property
    def place(self) -> str:
        """Return where it is defined, as file and line."""
        return f"{self.module.shown}:{self.line}" if self.module is not None else ""


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


@dataclass(eq=False)
class Instance:
    """An object of a ClassValue; layers, parameters and buffers are among its fields.

    ``hidden`` says why fields may exist or differ that are not seen here; empty: none do.
    """

    cls: ClassValue
    fields: dict[str, Value] = field(default_factory=dict)
    ready: bool = False
    hidden: str = ""

    @property
    def is_module(self) -> bool:
        """Check whether it is a layer."""
        return self.cls.is_module

    def layers(self) -> dict[str, Instance]:
        """Return the layers among its fields, in order."""
        return {
            key: value
            for key, value in self.fields.items()
            if value.__class__ is Instance and value.cls.is_module
        }


@dataclass(eq=False)
class TensorValue:
    """A tensor: its sizes, each a number or None where not known; ``shape`` None: no rank either.

    ``kind`` is float, int or bool, or empty where not known.
    """

    shape: tuple[int | None, ...] | None
    kind: str = "float"
    is_parameter: bool = False

    @property
    def known(self) -> bool:
        """Check whether every size is known."""
        return self.shape is not None and None not in self.shape


@dataclass(eq=False)
class SuperValue:
    """What super() returns; ``including`` looks in the owner itself, too."""

    owner: ClassValue
    receiver: Value
    including: bool = False


class DictView(list[Any]):
    """What keys(), values() and items() of a dict return."""


class ValuesAndIndices(tuple[Any, ...]):
    """The named pair that max, sort and topk of a tensor return."""

    @property
    def values(self) -> Value:
        return self[0]

    @property
    def indices(self) -> Value:
        return self[1]


@dataclass(eq=False)
class GlobalNames:
    """What globals() returns: the names of a module, bound on demand."""

    module: ModuleScope


@dataclass(eq=False)
class Lazy:
    """A generator or another iterator: read when it is asked, as in Python."""

    items: Iterator[Value]


@dataclass(eq=False)
class ModuleValue:
    """A module of the fork, as `import` gives it."""

    module: ModuleScope


SCALARS = frozenset([int, float, str, bool, type(None)])


def is_plain(value: Value) -> bool:
    """Check whether a value is Python's own."""
    return value.__class__ in SCALARS or isinstance(value, PLAIN)


def deep_unknown(value: Value, depth: int = 4) -> UnknownValue | None:
    kind = value.__class__
    if kind in SCALARS:
        return None
    if kind is UnknownValue:
        return value  # type: ignore[no-any-return]
    if not depth:
        return None
    if isinstance(value, dict):
        value, depth = [*value, *value.values()], depth + 1
    if isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            if item.__class__ not in SCALARS:
                found = deep_unknown(item, depth - 1)
                if found is not None:
                    return found
    return None


def _merged(bases: list[ClassValue]) -> list[ClassValue]:
    """Return the method resolution order behind a class, by C3; depth first where that fails."""
    chains = [list(base.mro) for base in bases] + [list(bases)]
    merged: list[ClassValue] = []
    while chains := [chain for chain in chains if chain]:
        tails = [chain[1:] for chain in chains]
        head = next(
            (chain[0] for chain in chains if all(chain[0] not in tail for tail in tails)),
            chains[0][0],
        )
        merged.append(head)
        chains = [[cls for cls in chain if cls is not head] for chain in chains]
    return merged
