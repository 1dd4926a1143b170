"""Cache what every row evaluates again: a list of classes, a count, a sum of arguments."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from yamlmod.fork.read.interpreter.machine import Machine
from yamlmod.fork.read.interpreter.scopes import Frame
from yamlmod.fork.read.interpreter.values import SCALARS, TensorValue, UnknownValue, Value
from yamlmod.fork.read.torch_rules.tensors import count

_DISPLAYS = (ast.Set, ast.Tuple, ast.List)


def container(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    """Evaluate the right side of `in`: a display of a module's own names once for all rows.

    No one but `in` sees the container, so that it may be shared.
    """
    if not isinstance(node, _DISPLAYS):
        return machine.evaluate(node, frame)
    found = machine.displays.get(node)
    if found is None:
        found = machine.evaluate(node, frame)
        if not isinstance(found, UnknownValue) and _is_fixed(node, frame):
            machine.displays[node] = found
    return found


def _is_fixed(node: ast.Set | ast.Tuple | ast.List, frame: Frame) -> bool:
    names = _names(node)
    if names is None or frame.parent is not None or names & rebound(frame.module.source.tree):
        return False
    return names.isdisjoint(frame.locals) and names.isdisjoint(frame.names)


@lru_cache(maxsize=2_000)
def _names(node: ast.Set | ast.Tuple | ast.List) -> frozenset[str] | None:
    """Return the names of a display, None where it is more than names, constants, attributes."""
    names = set()
    for part in node.elts:
        while isinstance(part, ast.Attribute):
            part = part.value
        if isinstance(part, ast.Name):
            names.add(part.id)
        elif not isinstance(part, ast.Constant):
            return None
    return frozenset(names)


@lru_cache(maxsize=500)
def rebound(tree: ast.Module) -> frozenset[str]:
    """Return the names of a module that its functions may bind again."""
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Global))
    return frozenset(name for node in nodes for name in node.names)


def counts(node: ast.GeneratorExp | ast.ListComp, source: Iterator[Value]) -> list[Value] | None:
    """Return the numbers of `x.numel() for x in tensors`; None for another comprehension."""
    if not _counts_elements(node):
        return None
    items = list(source)
    sizes = [count(item.shape) for item in items if isinstance(item, TensorValue)]
    known = [size for size in sizes if size is not None]
    if len(known) == len(items):
        return list(known)
    return [UnknownValue("the number of elements")] if items else []


@lru_cache(maxsize=2_000)
def _counts_elements(node: ast.GeneratorExp | ast.ListComp) -> bool:
    call, (first, *rest) = node.elt, node.generators
    return (
        not rest
        and not first.ifs
        and isinstance(first.target, ast.Name)
        and isinstance(first.iter, ast.Call)
        and isinstance(first.iter.func, ast.Attribute)
        and first.iter.func.attr == "parameters"
        and isinstance(call, ast.Call)
        and not call.args
        and not call.keywords
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "numel"
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == first.target.id
    )


# Calls of these alone leave a function one of its arguments: `autopad`, `make_divisible`.
_ARITHMETIC = frozenset(
    ["int", "float", "bool", "max", "min", "round", "abs", "len", "isinstance", "list", "tuple"]
)
_PLAIN_NODES = (
    *(ast.arguments, ast.arg, ast.Expr, ast.Return, ast.If, ast.IfExp, ast.Assign, ast.Constant),
    *(ast.Name, ast.expr_context, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop, ast.BoolOp),
    *(ast.boolop, ast.Compare, ast.cmpop, ast.ListComp, ast.comprehension, ast.Call),
)


def answer_key(
    node: ast.FunctionDef | ast.Lambda, args: list[Value], keywords: dict[str, Value]
) -> tuple[Value, ...] | None:
    """Return a name for a call whose answer hangs on its arguments alone; None for any other."""
    if not _is_arithmetic(node):
        return None
    values = (*args, *keywords.values())
    kinds = tuple(value.__class__ for value in values)
    if not all(kind in SCALARS for kind in kinds):
        return None
    return (node, values, kinds, tuple(keywords))


@lru_cache(maxsize=5_000)
def _is_arithmetic(node: ast.FunctionDef | ast.Lambda) -> bool:
    if isinstance(node, ast.Lambda) or node.decorator_list or len(node.body) > 6:
        return False
    parts = [part for statement in node.body for part in ast.walk(statement)]
    bound = {argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)}
    for part in parts:
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            bound.add(part.id)
    return all(_is_plain_part(part, bound) for part in parts)


def _is_plain_part(part: ast.AST, bound: set[str]) -> bool:
    if isinstance(part, ast.Attribute):
        return isinstance(part.value, ast.Name) and part.value.id == "math"
    if isinstance(part, ast.Name):
        return part.id in bound or part.id in _ARITHMETIC or part.id == "math"
    return isinstance(part, _PLAIN_NODES)
