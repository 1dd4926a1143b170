"""Evaluate expressions, and report how constants are used."""

from __future__ import annotations

import ast

from yamlmod.fork.numbers.calls import call
from yamlmod.fork.numbers.comprehensions import comprehension, lambda_, walrus
from yamlmod.fork.numbers.meanings import (
    INDEX,
    LAYERS,
    NETWORK,
    NOTHING,
    SOURCE,
    Meaning,
    Meanings,
    collection,
    elements,
    has,
    holder,
    joined,
    of_kind,
)
from yamlmod.fork.numbers.operations import binary, unary
from yamlmod.fork.numbers.scope import HANDLERS, LARGEST, Scope, empty, evaluate, number_at
from yamlmod.fork.numbers.uses import (
    compare,
    formatted,
    index,
    parameter_names,
    save_numbers,
    slice_of,
)
from yamlmod.fork.python.answers import Definition


def _constant(scope: Scope, node: ast.Constant) -> Meanings:
    value = node.value
    if isinstance(value, str):
        parameter_names(scope, node, value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST:
        return frozenset({number_at(scope, node, value)})
    return NOTHING


def _name(scope: Scope, node: ast.Name) -> Meanings:
    if node.id in scope.names:
        return scope.names[node.id]
    return _global(scope, node)


def _global(scope: Scope, node: ast.expr) -> Meanings:
    """Return a constant of a module, of this one or of one that it is imported from."""
    if scope.depth > 6:
        return NOTHING
    definition = scope.knowledge.definition(scope.path, node)
    if definition is None:
        return NOTHING
    if definition.kind == "class" and definition.name in scope.knowledge.classes:
        return frozenset({Meaning("class", name=definition.name)})
    if definition.kind != "assignment" or not isinstance(
        definition.node, (ast.Assign, ast.AnnAssign)
    ):
        return NOTHING
    return _assigned(scope, definition, definition.node)


def _assigned(
    scope: Scope, definition: Definition, statement: ast.Assign | ast.AnnAssign
) -> Meanings:
    if statement.value is None:
        return NOTHING
    other = Scope(scope.knowledge, definition.path, depth=scope.depth + 1)
    found = evaluate(other, statement.value)
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    for target in targets:
        if isinstance(target, (ast.Tuple, ast.List)):
            parts = [t.id if isinstance(t, ast.Name) else "" for t in target.elts]
            tuples = [one for one in of_kind(found, "tuple") if len(one.items) == len(parts)]
            name = definition.name.rpartition(".")[2]
            if name in parts and tuples:
                return tuples[0].items[parts.index(name)]
            return NOTHING
    return frozenset(one for one in found if one.kind in ("number", "limit", "tuple", "table"))


def _attribute(scope: Scope, node: ast.Attribute) -> Meanings:
    holder = evaluate(scope, node.value)
    if not holder and isinstance(node.value, ast.Name) and node.value.id not in scope.names:
        return _global(scope, node)
    found: list[Meanings] = []
    if has(holder, "network") or has(holder, "class"):
        found.append(scope.knowledge.attributes.get(node.attr, NOTHING))
        if node.attr == "module":
            found.append(NETWORK)
    if has(holder, "layer"):
        found.append({"i": INDEX, "f": SOURCE}.get(node.attr, NOTHING))
    if has(holder, "layers") and node.attr == "_modules":
        found.append(LAYERS)
    return joined(found)


def _subscript(scope: Scope, node: ast.Subscript) -> Meanings:
    holder = evaluate(scope, node.value)
    if isinstance(node.slice, ast.Slice):
        lower = evaluate(scope, node.slice.lower) if node.slice.lower else NOTHING
        upper = evaluate(scope, node.slice.upper) if node.slice.upper else NOTHING
        return slice_of(scope, holder, lower, upper)
    key = _digits(scope, node.slice, holder) or evaluate(scope, node.slice)
    index(scope, holder, key)
    return _item(holder, key)


def _digits(scope: Scope, node: ast.expr, holder: Meanings) -> Meanings:
    """Return the number of a layer that is named by text: `self.model._modules["24"]`."""
    if not has(holder, "layers") or not isinstance(node, ast.Constant):
        return NOTHING
    text = node.value
    if isinstance(text, str) and text.isdecimal() and len(text) < 5:
        return frozenset({number_at(scope, node, int(text))})
    return NOTHING


def _item(holder: Meanings, key: Meanings) -> Meanings:
    numbers = [one.number for one in of_kind(key, "number")]
    found = [elements(frozenset(one for one in holder if one.kind in ("layers", "source")))]
    for one in of_kind(holder, "tuple"):
        known = [n for n in numbers if -len(one.items) <= n < len(one.items)]
        found += [one.items[n] for n in known] if known else one.items
    for one in of_kind(holder, "table"):
        found.append(one.items[1])
    return joined(found)


def _compare(scope: Scope, node: ast.Compare) -> Meanings:
    left = evaluate(scope, node.left)
    for operator, right_node in zip(node.ops, node.comparators, strict=True):
        right = evaluate(scope, right_node)
        compare(scope, left, operator, right)
        left = right
    return NOTHING


def _display(scope: Scope, node: ast.List | ast.Tuple | ast.Set) -> Meanings:
    if isinstance(node, ast.List) and not node.elts:
        return empty(scope, node)
    items: list[Meanings] = []
    save = False
    for part in node.elts:
        if isinstance(part, ast.Starred):
            inner = evaluate(scope, part.value)
            save = save or has(inner, "save")
            items.append(elements(inner))
        else:
            items.append(evaluate(scope, part))
    found = collection(items)
    if save:
        save_numbers(scope, found)
        return frozenset({Meaning("save")})
    return found


def _dictionary(scope: Scope, node: ast.Dict) -> Meanings:
    if not node.keys:
        return empty(scope, node)
    keys = joined(evaluate(scope, key) for key in node.keys if key is not None)
    values = joined(evaluate(scope, value) for value in node.values)
    return holder("table", (keys, values))


def _either(scope: Scope, node: ast.IfExp) -> Meanings:
    evaluate(scope, node.test)
    return joined([evaluate(scope, node.body), evaluate(scope, node.orelse)])


def _any_of(scope: Scope, node: ast.BoolOp) -> Meanings:
    return joined([evaluate(scope, value) for value in node.values])


def _text(scope: Scope, node: ast.JoinedStr) -> Meanings:
    before = ""
    for part in node.values:
        if isinstance(part, ast.Constant):
            before = str(part.value)
            parameter_names(scope, part, before)
        elif isinstance(part, ast.FormattedValue):
            formatted(scope, before, evaluate(scope, part.value))
            before = ""
    return NOTHING


HANDLERS.update(
    {
        ast.Constant: _constant,
        ast.Name: _name,
        ast.Attribute: _attribute,
        ast.Subscript: _subscript,
        ast.Compare: _compare,
        ast.List: _display,
        ast.Tuple: _display,
        ast.Set: _display,
        ast.Dict: _dictionary,
        ast.UnaryOp: unary,
        ast.BinOp: binary,
        ast.IfExp: _either,
        ast.BoolOp: _any_of,
        ast.JoinedStr: _text,
        ast.NamedExpr: walrus,
        ast.Lambda: lambda_,
        ast.ListComp: comprehension,
        ast.SetComp: comprehension,
        ast.GeneratorExp: comprehension,
        ast.DictComp: comprehension,
        ast.Call: lambda scope, node: call(scope, node),
    }
)
