"""Look names up: frames of functions and classes, and modules bound on demand."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from yamlmod.fork.read.interpreter.values import MISSING, ClassValue, Value

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@dataclass(eq=False)
class SourceFile:
    """A file of the fork, shared by all evaluations: nothing in it changes.

    ``statements`` are the top-level statements that bind or change each name, in order.
    """

    path: str
    shown: str
    tree: ast.Module
    denoted: dict[str, Any] = field(default_factory=dict)
    statements: dict[str, list[ast.stmt]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.statements = _bindings(self.tree)


@dataclass(eq=False)
class ModuleScope:
    """A file in one evaluation; ``names`` holds what has been asked for so far."""

    source: SourceFile
    names: dict[str, Value] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    pending: set[str] = field(default_factory=set)
    done: set[ast.stmt] = field(default_factory=set)

    @property
    def path(self) -> str:
        """Return its path below REPO."""
        return self.source.path

    @property
    def shown(self) -> str:
        """Return how messages name it."""
        return self.source.shown


@dataclass(eq=False)
class Frame:
    """The names of a running function, class body or module."""

    module: ModuleScope
    names: dict[str, Value]
    parent: Frame | None = None
    locals: frozenset[str] = frozenset()
    owner: ClassValue | None = None
    receiver: Value = None
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)
    title: str = ""
    line: int = 0
    body: list[ast.stmt] = field(default_factory=list)

    def holder(self, name: str) -> Frame | None:
        """Return the nearest frame of a function that holds a name; None: look in the module."""
        frame: Frame | None = self
        while frame is not None:
            if name in frame.names:
                return frame
            frame = frame.parent
        return None

    def bind(self, name: str, value: Value) -> None:
        """Bind a name where Python would."""
        if name in self.globals:
            self.module.names[name] = value
            return
        if name in self.nonlocals and self.parent is not None:
            holder = self.parent.holder(name)
            if holder is not None:
                holder.names[name] = value
                return
        self.names[name] = value

    def drop(self, name: str) -> bool:
        """Remove a name; return whether it was there."""
        return self.names.pop(name, MISSING) is not MISSING


_LOCALS: dict[ast.AST, frozenset[str]] = {}


def local_names(node: ast.FunctionDef | ast.Lambda) -> frozenset[str]:
    """Return the names that a function binds, which Python holds to be local throughout."""
    if isinstance(node, ast.Lambda):
        return frozenset()
    found = _LOCALS.get(node)
    if found is None:
        if len(_LOCALS) > 20_000:
            _LOCALS.clear()
        names: set[str] = set()
        free: set[str] = set()
        for part in walk_scope(node.body):
            names.update(bound_names(part))
            if isinstance(part, (ast.Global, ast.Nonlocal)):
                free.update(part.names)
        found = _LOCALS[node] = frozenset(names - free)
    return found


def walk_scope(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Yield the nodes of statements, without the insides of functions, classes, comprehensions."""
    stack: list[ast.AST] = list(reversed(body))
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, _SCOPES):
            continue
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            stack.append(node.generators[0].iter)
            continue
        stack.extend(reversed(list(ast.iter_child_nodes(node))))


def bound_names(node: ast.AST) -> list[str]:
    """Return the names that one node binds by itself."""
    if isinstance(node, ast.Name):
        return [node.id] if isinstance(node.ctx, (ast.Store, ast.Del)) else []
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [(a.asname or a.name.partition(".")[0]) for a in node.names if a.name != "*"]
    if isinstance(node, ast.ExceptHandler):
        return [node.name] if node.name else []
    return []


def _bindings(tree: ast.Module) -> dict[str, list[ast.stmt]]:
    """Return which top-level statements bind or change each name."""
    found: dict[str, list[ast.stmt]] = {}
    for statement in tree.body:
        names: list[str] = []
        for part in walk_scope([statement]):
            names += bound_names(part)
            names += _changed_names(part)
        for name in dict.fromkeys(names):
            found.setdefault(name, []).append(statement)
    return found


def _changed_names(node: ast.AST) -> list[str]:
    """Return the name that a statement changes in place: `X.add(..)`, `X[..] = ..`, `X.a = ..`."""
    if isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, ast.Store):
        value = node.value
        return [value.id] if isinstance(value, ast.Name) else []
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        function = node.value.func
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            return [function.value.id]
    return []
