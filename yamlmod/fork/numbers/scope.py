"""The names of a function, and the possible meanings of its expressions."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from yamlmod.fork.numbers.findings import CodePlace
from yamlmod.fork.numbers.knowledge import Knowledge
from yamlmod.fork.numbers.meanings import NOTHING, Meaning, Meanings

LARGEST = 10_000


@dataclass
class Scope:
    """The names of a function; ``running`` counts the loops over layers around."""

    knowledge: Knowledge
    path: str
    names: dict[str, Meanings] = field(default_factory=dict)
    roles: dict[str, Meanings] = field(default_factory=dict)
    running: int = 0
    depth: int = 0


Handler = Callable[[Scope, Any], Meanings]
# Filled by the module `values`: expressions are in expressions.
HANDLERS: dict[type[ast.expr], Handler] = {}


def evaluate(scope: Scope, node: ast.expr) -> Meanings:
    scope.knowledge.step()
    handler = HANDLERS.get(type(node))
    if handler is not None:
        return handler(scope, node)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            evaluate(scope, child)
    return NOTHING


def number_at(scope: Scope, node: ast.expr, value: int) -> Meaning:
    """Return a constant that is written at a node."""
    place = CodePlace(scope.path, node.lineno, node.col_offset)
    return Meaning("number", value, place, node.end_col_offset or 0)


def empty(scope: Scope, node: ast.expr) -> Meanings:
    """Return a list or a dictionary that is made here, to be filled."""
    return frozenset({Meaning("list", name=f"{scope.path}:{node.lineno}:{node.col_offset}")})
