"""Evaluate comprehensions, lambdas and other expressions with their own scope."""

from __future__ import annotations

import ast

from yamlmod.fork.numbers.findings import KeptOutputs
from yamlmod.fork.numbers.meanings import (
    LAYERS,
    NOTHING,
    Meanings,
    collection,
    elements,
    has,
    holder,
    joined,
    of_kind,
)
from yamlmod.fork.numbers.scope import Scope, empty, evaluate


def walrus(scope: Scope, node: ast.NamedExpr) -> Meanings:
    """Return what `(x := ...)` means."""
    found = evaluate(scope, node.value)
    scope.names[node.target.id] = found
    return found


def lambda_(scope: Scope, node: ast.Lambda) -> Meanings:
    """Look through a lambda."""
    outer = scope.names
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    scope.names = {**outer, **{argument.arg: NOTHING for argument in given}}
    evaluate(scope, node.body)
    scope.names = outer
    return NOTHING


def comprehension(
    scope: Scope, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
) -> Meanings:
    """Return what a comprehension gives; over all layers it is a list of outputs."""
    outer = scope.names
    scope.names = dict(outer)
    first: Meanings = NOTHING
    for position, generator in enumerate(node.generators):
        source = evaluate(scope, generator.iter)
        first = source if position == 0 else first
        bind(scope, generator.target, elements(source))
        for test in generator.ifs:
            evaluate(scope, test)
    if isinstance(node, ast.DictComp):
        items = (evaluate(scope, node.key), evaluate(scope, node.value))
        scope.names = outer
        return holder("table", items)
    item = evaluate(scope, node.elt)
    scope.names = outer
    alone = len(node.generators) == 1 and not node.generators[0].ifs
    if alone and has(first, "layers") and not any(one.name for one in of_kind(first, "layers")):
        if has(item, "layer"):
            return LAYERS
        made = empty(scope, node)
        for one in made:
            scope.knowledge.add_list(one.name, KeptOutputs(all=True))
        return made
    return collection([item]) if item else NOTHING


def bind(scope: Scope, target: ast.expr, found: Meanings) -> None:
    """Give the names of a target what they may mean."""
    if isinstance(target, ast.Name):
        scope.names[target.id] = found
    elif isinstance(target, (ast.Tuple, ast.List)):
        tuples = [one for one in of_kind(found, "tuple") if len(one.items) == len(target.elts)]
        for position, part in enumerate(target.elts):
            bind(scope, part, joined(one.items[position] for one in tuples))
