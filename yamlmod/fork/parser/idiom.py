"""Read a parse function's conventions: channel indices, last else, numbering."""

from __future__ import annotations

import ast

from yamlmod.fork.parser.arithmetic import value_of
from yamlmod.fork.parser.parse_model import Function, is_name, tested


def keeps_image(function: Function) -> bool:
    """Check whether ``ch`` is never begun anew inside the loop."""
    ch = function.names.ch
    for node in ast.walk(function.loop):
        if isinstance(node, ast.Assign) and any(is_name(target, ch) for target in node.targets):
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
    """Check whether a positive ``from`` that is not a list reads the right layer."""
    offset, from_ = keeps_image(function), function.names.from_
    return all(
        _right(read.slice, from_, offset, (5, 0, -1, -2)) for read in function.single_reads()
    )


def lists_read_right(function: Function, module: str) -> bool:
    """Check whether every spelling in the list of a module's row reads the right layer."""
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
    """Check whether a module's ``.i`` may be anything but the row's number."""
    stores = [node for node in ast.walk(function.loop) if sets_number(node)]
    if len(stores) > 1 or _adds_several(function):
        return True
    assigned = (node for node in ast.walk(function.loop) if isinstance(node, ast.Assign))
    plain = any(
        left in stores and is_name(value, function.names.index)
        for node in assigned
        for target in node.targets
        for left, value in _pairs(target, node.value)
    )
    return bool(stores) and not plain


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return list(zip(target.elts, value.elts, strict=False))
    return [(target, value)]


def sets_number(node: ast.AST) -> bool:
    """Check whether a node gives a layer its number: a store to ``.i``."""
    if isinstance(node, ast.Call):
        return (
            is_name(node.func, "setattr")
            and len(node.args) > 1
            and isinstance(node.args[1], ast.Constant)
            and node.args[1].value == "i"
        )
    return isinstance(node, ast.Attribute) and node.attr == "i" and isinstance(node.ctx, ast.Store)


def _adds_several(function: Function) -> bool:
    """Check whether a row may add no layer to the network, or more than one."""
    inside = {id(node) for node in ast.walk(function.loop)}
    outside = (node for node in ast.walk(function.node) if id(node) not in inside)
    networks = {
        part.value.id
        for node in outside
        if isinstance(node, ast.Call)
        for part in node.args
        if isinstance(part, ast.Starred) and isinstance(part.value, ast.Name)
    }
    added = [node for node in ast.walk(function.loop) if _adds(node, networks)]
    plain = [node.value for node in function.loop.body if isinstance(node, ast.Expr)]
    return bool(networks) and (len(added) != 1 or added[0] not in plain)


def _adds(node: ast.AST, networks: set[str]) -> bool:
    """Check whether a node changes a list of layers."""
    if isinstance(node, (ast.Assign, ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(isinstance(target, ast.Name) and target.id in networks for target in targets)
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in networks
    )


def plain_else(function: Function) -> bool:
    """Check whether the last else does exactly ``c2 = channels of from``."""
    names = function.names
    if len(function.last_else) != 1 or not isinstance(function.last_else[0], ast.Assign):
        return False
    node = function.last_else[0]
    return (
        len(node.targets) == 1
        and is_name(node.targets[0], names.c2)
        and [node.value] == function.single_reads(True)[:1]
    )
