"""The body of a branch of ours, by the rule of its modules, and the rule of such a branch."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

from yamlmod.fork.parser.parse_model import Function, Names

# The rules whose modules have a branch of their own, and not a place beside Conv.
BRANCHED = ("same", "free", "concat", "add", "level")
_ONE_INPUT = ("same", "free")

ListRead = Callable[[str], str]
"""How a number of a list in `from` reads the channels."""


def plain_lists(names: Names) -> ListRead:
    return lambda item: f"{names.ch}[{item}]"


def body_in(function: Function, rule: str) -> str:
    """Return the body in the idiom of its function, which may keep the image in front."""
    names = function.names
    read = function.channels_of_from() or f"{names.ch}[{names.from_}]"
    return branch_body(rule, names, read, _lists_of(function))


def branch_body(rule: str, names: Names, read: str, in_list: ListRead) -> str:
    """Return the statements, each in a line.

    ``read`` are the channels of `from` where that is one number, ``in_list`` of one in a list.
    """
    c2, args, from_ = names.c2, names.args, names.from_
    if rule in _ONE_INPUT:
        lines = [f"{c2} = {read}"]
        if rule == "same":
            lines.append(f"{args} = [{c2}, *{args}]")
        return "\n".join(lines) + "\n"
    channels = f"[{in_list('x')} for x in {from_}]"
    output = {
        "concat": f"sum({channels})",
        "add": in_list(f"{from_}[0]"),
        "level": in_list(f"{from_}[{args}[0]]"),
    }[rule]
    return f"{c2} = {output}\n{args} = [{channels}, *{args}]\n"


def possible_bodies(function: Function, reads: Sequence[str]) -> Iterator[str]:
    """Yield every body that may have been written, where a plain read is one of ``reads``."""
    names = function.names
    for read in (*dict.fromkeys(reads), f"{names.ch}[{names.from_}]"):
        for rule in _ONE_INPUT:
            yield branch_body(rule, names, read, plain_lists(names))
    for in_list in (_lists_of(function), plain_lists(names)):
        for rule in BRANCHED[len(_ONE_INPUT) :]:
            yield branch_body(rule, names, "", in_list)


def rule_of_branch(node: ast.If, names: Names) -> str:
    """Return the rule whose body a branch of ours has."""
    if len(node.body) == 1:
        return "free"
    first, second = node.body[0], node.body[-1]
    if not any(isinstance(part, ast.ListComp) for part in ast.walk(second)):
        return "same"
    if any(isinstance(part, ast.Call) for part in ast.walk(first)):
        return "concat"
    named = {part.id for part in ast.walk(first) if isinstance(part, ast.Name)}
    return "level" if names.args in named else "add"


def _lists_of(function: Function) -> ListRead:
    plain = plain_lists(function.names)
    return lambda item: function.channels_in_list(item) or plain(item)
