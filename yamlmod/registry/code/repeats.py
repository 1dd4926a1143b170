"""Check whether a constructor's third parameter is the number of repeats, as in C3."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Literal

Repeats = Literal["yes", "no", "unclear"]
Init = ast.FunctionDef | ast.AsyncFunctionDef

_NAMES = re.compile(
    r"(n|num|nums|number|nb|nr|count|depth|depths|rep|reps|repeat|repeats|times)"
    r"|(n|nb|nr|num|nums|number|no|count)?_?(of_?)?"
    r"(block|layer|bottleneck|repeat|rep|module|unit|cell|stack|iter|time|convs|conv_layer)s?"
    r"(_?(n|num|nums|number|nb|count|depth))?"
)
# Counted things that are no blocks in a row: copies beside each other, or sizes.
_OTHERS = re.compile(
    r".*(kernel|head|group|expert|branch|scale|stride|dilation|ratio|level|point|order|path|"
    r"class|split|part|width|dim|channel|ch$|size|act|anchor|reduction|padding|degree|grid|iter)"
    r"s?.*|k|ks|s|g|e|d|p|r|h|w"
)
_SWITCHES = frozenset(["shortcut", "add", "residual", "identity", "skip", "short_cut"])
_TORCH = frozenset(["nn", "F", "torch", "functional"])
_CONVOLUTION = re.compile(r".*Conv\d?d?|.*Linear|.*Pool\d?d?|.*Attention")


def repeats_at(init: Init, index: int) -> Repeats:
    """Check whether the parameter in this place (self not counted) is a number of repeats."""
    names, defaults = _parameters(init)
    if index >= len(names):
        return "no"
    name, default = names[index], defaults[index]
    if default is not None and not _is_count(default):
        return "no"
    plain = _plain(name)
    use = _use(init, name)
    before_switch = index + 1 < len(names) and _plain(names[index + 1]) in _SWITCHES
    if _NAMES.fullmatch(plain):
        if use == "repeats" or (use == "none" and before_switch):
            return "yes"
        return "unclear"
    if use != "repeats" or _OTHERS.fullmatch(plain):
        return "no"
    return "yes" if before_switch else "unclear"


def repeats_behind_a_switch(init: Init) -> str:
    """Return the fourth parameter's name where it repeats and the third is `shortcut`."""
    names, _ = _parameters(init)
    if len(names) < 4 or _plain(names[2]) not in _SWITCHES:
        return ""
    return names[3] if repeats_at(init, 3) == "yes" else ""


def _plain(name: str) -> str:
    return name.lower().strip("_")


def _parameters(init: Init) -> tuple[list[str], list[ast.expr | None]]:
    names = [one.arg for one in [*init.args.posonlyargs, *init.args.args][1:]]
    given = list(init.args.defaults)[-len(names) :] if names else []
    return names, [*[None] * (len(names) - len(given)), *given]


def _is_count(default: ast.expr) -> bool:
    """Check whether a default is a whole number from 0 on; what is computed may be."""
    if isinstance(default, ast.Constant):
        return type(default.value) is int
    return isinstance(default, (ast.Name, ast.Attribute, ast.BinOp))


def _use(init: Init, name: str) -> Literal["repeats", "other", "none"]:
    """Return what a constructor does with a parameter: builds so many, uses it else, or nothing."""
    uses = set(_uses(init.body, name))
    if "repeats" in uses:
        return "repeats"
    return "other" if "other" in uses else "none"


def _uses(body: Sequence[ast.stmt], name: str) -> Iterator[str]:
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Call):
                yield from _in_call(node, name)
            elif isinstance(node, (ast.ListComp, ast.GeneratorExp)):
                for loop in node.generators:
                    yield from _in_loop(loop, [node.elt], name)
            elif isinstance(node, ast.For):
                yield from _in_loop(node, node.body, name)
            elif isinstance(node, ast.BinOp):
                yield from _in_operation(node, name)


def _in_loop(
    loop: ast.comprehension | ast.For, body: Sequence[ast.AST], name: str
) -> Iterator[str]:
    """A loop that builds the same thing in every turn repeats it."""
    if not _is_range(loop.iter, name):
        return
    turns = {one.id for one in ast.walk(loop.target) if isinstance(one, ast.Name)}
    used = any(_reads(part, turns) for part in body)
    yield "repeats" if not used or _NAMES.fullmatch(_plain(name)) else "other"


def _is_range(node: ast.expr, name: str) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "range"
        and any(_reads(argument, {name}) for argument in node.args)
    )


def _in_call(call: ast.Call, name: str) -> Iterator[str]:
    """A call that is handed the parameter as it is: another block's repeats, or a size."""
    places = [i for i, one in enumerate(call.args) if isinstance(one, ast.Name) and one.id == name]
    words = [keyword.arg for keyword in call.keywords if _is(keyword.value, name)]
    if not places and not words:
        return
    text = ast.unparse(call.func)
    root, last = text.split(".")[0], text.rpartition(".")[2]
    if text in ("range", "max", "min", "int", "round", "len", "float", "isinstance", "print"):
        return
    if root in _TORCH or _CONVOLUTION.fullmatch(last):
        yield "other"
    elif 2 in places or any(word and _NAMES.fullmatch(_plain(word)) for word in words):
        yield "repeats"
    else:
        yield "other"


def _in_operation(node: ast.BinOp, name: str) -> Iterator[str]:
    sides = (node.left, node.right)
    if isinstance(node.op, ast.Mult) and any(isinstance(side, ast.List) for side in sides):
        if any(_reads(side, {name}) for side in sides if not isinstance(side, ast.List)):
            yield "repeats"
    elif isinstance(node.op, (ast.FloorDiv, ast.Div, ast.Mod, ast.Pow)) and _is(node.right, name):
        yield "other"


def _is(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _reads(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(node))
