"""What a parse function does its own way: its channel indices, its last else, its numbering."""

from __future__ import annotations

import ast

from yamlmod.fork.arithmetic import value_of
from yamlmod.fork.parse_model import Function, is_name, tested


def keeps_image(function: Function) -> bool:
    """Return whether ``ch`` is never begun anew inside the loop."""
    ch = function.names.ch
    for node in ast.walk(function.loop):
        if isinstance(node, ast.Assign) and any(is_name(one, ch) for one in node.targets):
            return any(is_name(part, ch) for part in ast.walk(node.value))
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"clear", "pop"}
            and is_name(node.func.value, ch)
        ):
            return False
        if isinstance(node, ast.Delete):
            return not any(is_name(part, ch) for part in ast.walk(node))
    return True


def _right(index: ast.expr, name: str, offset: bool, values: tuple[int, ...]) -> bool:
    expected = [value + (1 if offset and value >= 0 else 0) for value in values]
    return [value_of(index, name, value) for value in values] == expected


def singles_read_right(function: Function) -> bool:
    """Return whether a positive ``from`` that is no list reads the right layer."""
    offset, from_ = keeps_image(function), function.names.from_
    return all(
        _right(read.slice, from_, offset, (5, 0, -1, -2)) for read in function.single_reads()
    )


def lists_read_right(function: Function, module: str) -> bool:
    """Return whether every spelling in the list of a module's row reads the right layer."""
    offset = keeps_image(function)
    branch = next(
        (
            one
            for one in function.chain
            if any(
                is_name(part, module)
                for against in tested(one.test, function.names.module)
                for part in ast.walk(against)
            )
        ),
        None,
    )
    if branch is None:
        return not offset
    for node in (part for statement in branch.body for part in ast.walk(statement)):
        if (
            isinstance(node, (ast.ListComp, ast.GeneratorExp))
            and isinstance(node.elt, ast.Subscript)
            and is_name(node.elt.value, function.names.ch)
            and isinstance(node.generators[0].target, ast.Name)
        ):
            return _right(node.elt.slice, node.generators[0].target.id, offset, (5, 0, -1, -2))
    return not offset


def offsets_index(function: Function) -> bool:
    """Return whether a module's ``.i`` becomes anything but the row's number."""
    for node in ast.walk(function.loop):
        if not isinstance(node, ast.Assign):
            continue
        pairs = [(node.targets[0], node.value)]
        if isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = list(zip(node.targets[0].elts, node.value.elts, strict=False))
        for target, value in pairs:
            if isinstance(target, ast.Attribute) and target.attr == "i":
                return not is_name(value, function.names.index)
    return False


def plain_else(function: Function) -> bool:
    """Return whether the last else does exactly ``c2 = channels of from``."""
    names = function.names
    if len(function.last_else) != 1 or not isinstance(function.last_else[0], ast.Assign):
        return False
    node = function.last_else[0]
    return (
        len(node.targets) == 1
        and is_name(node.targets[0], names.c2)
        and [node.value] == function.single_reads(True)[:1]
    )
