"""Find the loader of a training, and what its generator and its workers are seeded from."""

from __future__ import annotations

import ast
from typing import NamedTuple

from yamlmod.fork.python.answers import Definition
from yamlmod.fork.seeds.depends import SeedScope, depends
from yamlmod.fork.seeds.seeding import Seeded, seeded_in

_MARK = "num_workers"


class Loader(NamedTuple):
    """The call that makes a loader, in its function, and the call of that in the script."""

    scope: SeedScope
    call: ast.Call
    start: ast.Call | None

    def argument(self, name: str) -> ast.expr | None:
        return next((word.value for word in self.call.keywords if word.arg == name), None)


def loader_in(scope: SeedScope) -> Loader | None:
    """Return the first loader that a function makes, itself or in what it calls."""
    found = None
    for node in scope.nodes:
        if not isinstance(node, ast.Call):
            continue
        if _makes_loader(scope, node):
            return Loader(scope, node, node)
        answer = scope.graph.denotes_node(scope.path, node.func)
        if not isinstance(answer, Definition) or not scope.leads_to(answer, _makes_loader):
            continue
        inner = scope.call(answer, node)
        loader = loader_in(inner) if inner is not None else None
        if loader is not None:
            if _augments(node):
                return loader._replace(start=node)
            found = found or loader._replace(start=node)
    return found


def _makes_loader(scope: SeedScope, call: ast.Call) -> bool:
    return any(word.arg == _MARK for word in call.keywords) and not _is_of_tree(scope, call)


def _is_of_tree(scope: SeedScope, call: ast.Call) -> bool:
    """Check whether a function of the tree is called: it makes the loader, not its caller."""
    answer = scope.graph.denotes_node(scope.path, call.func)
    return isinstance(answer, Definition) and answer.kind == "function"


def _augments(call: ast.Call) -> bool:
    return any(
        word.arg == "augment" and isinstance(word.value, ast.Constant) and word.value.value is True
        for word in call.keywords
    )


class Generator(NamedTuple):
    """The statements that seed a loader's generator; the last one holds."""

    name: str
    calls: tuple[ast.Call, ...]
    counts: bool | None


def generator_of(loader: Loader) -> Generator | None:
    """Return a loader's generator; None where it has none of its own, and torch's is taken."""
    value = loader.argument("generator")
    if value is None or (isinstance(value, ast.Constant) and value.value is None):
        return None
    if not isinstance(value, ast.Name):
        inner = _seed_calls(value, "")
        return Generator("", inner, _counts(loader.scope, inner))
    calls: list[ast.Call] = []
    for node in loader.scope.nodes:
        if node_line(node) >= loader.call.lineno:
            continue
        if isinstance(node, ast.Expr):
            calls += _seed_calls(node.value, value.id)
        elif isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == value.id for target in node.targets
        ):
            calls += _seed_calls(node.value, "")
    return Generator(value.id, tuple(calls), _counts(loader.scope, tuple(calls)))


def node_line(node: ast.AST) -> int:
    return getattr(node, "lineno", 0)


def _seed_calls(value: ast.expr, name: str) -> tuple[ast.Call, ...]:
    """Return a call of `manual_seed`, of a generator's name or of whatever is written there."""
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute):
        return ()
    owner = value.func.value
    same = not name or (isinstance(owner, ast.Name) and owner.id == name)
    return (value,) if value.func.attr == "manual_seed" and same else ()


def _counts(scope: SeedScope, calls: tuple[ast.Call, ...]) -> bool | None:
    if not calls or not calls[-1].args:
        return None
    return depends(scope, calls[-1].args[0])


def workers_of(loader: Loader, counts: bool | None) -> list[Seeded] | None:
    """Return what a loader's workers seed themselves; None where torch does it all.

    ``counts`` says what the generator follows from: torch's own seed in a worker is drawn from it.
    """
    value = loader.argument("worker_init_fn")
    if value is None or (isinstance(value, ast.Constant) and value.value is None):
        return None
    scope = loader.scope._replace(torch=counts)
    if isinstance(value, ast.Call) and value.args:  # functools.partial
        value = value.args[0]
    answer = scope.graph.denotes_node(scope.path, value)
    if not isinstance(answer, Definition):
        return []
    inner = scope.call(answer, ast.Call(value, [], []))
    return [] if inner is None else seeded_in(inner)
