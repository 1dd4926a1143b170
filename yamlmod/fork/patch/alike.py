"""Let a class join what parse_model tests of the block that it is a form of, such as C3k2.

ultralytics gives a network with C3k2 another head, and C3k2 itself other args at some scales. A
form of it passes the same tests: `m is C3k2` becomes `m in {C3k2, C3k2_SE}`, and `m == C3k2`
becomes `m in (C3k2, C3k2_SE)`, by which the removal knows what was there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from yamlmod.edits import Edit
from yamlmod.errors import Refusal
from yamlmod.fork.parser.parse_model import Function, Literal, is_name, tested_literals
from yamlmod.fork.patch.members import join, leave
from yamlmod.fork.patch.plan import PatchChange, Step
from yamlmod.fork.patch.proof import member, widened
from yamlmod.fork.python.comma_list import class_name, element_name
from yamlmod.fork.python.source import Source
from yamlmod.registry.rules import TESTED_BLOCKS
from yamlmod.registry.template import Template

_WIDE = {"is": ("in", "{}"), "is not": ("not in", "{}"), "==": ("in", "()"), "!=": ("not in", "()")}
_NARROW = {wide: word for word, wide in _WIDE.items()}
# With blanks around it, so that one operator can stand for another.
_OPERATOR = re.compile(r"(?:[)\s]*\s)(is not|is|==|!=|not in|in)(?:\s[(\s]*)")


class _Test(NamedTuple):
    """A test of the module: the operator with its place, and what it is tested against."""

    word: str
    start: int
    end: int
    against: ast.expr


def join_tests(function: Function, templates: Sequence[Template]) -> PatchChange:
    """Return the change by which each template passes the tests that its block passes."""
    parts = []
    for block in dict.fromkeys(template.alike for template in templates if template.alike):
        names = [template.class_name for template in templates if template.alike == block]
        single = [one for one in _tests(function) if _is_single(one, block)]
        literals = [one for one in _literals(function) if _has(one, block)]
        _refuse_unlike(function, block, names[0], single, literals)
        found = [_widen(function, test, names) for test in single]
        found += [join(function, one, names, f"a test for {block}") for one in literals]
        if any(part.edits for part in found):
            treats = f"{function.node.name} treats {', '.join(names)} as it treats {block}"
            note = f"{treats}, also in a network without {block}"
            found.append(PatchChange(notes=(note,)))
        parts += found
    return PatchChange.joined(parts)


def leave_tests(function: Function, gone: set[str]) -> PatchChange:
    """Return the change that takes classes out of the tests of the blocks."""
    parts, narrow = [], set()
    for test in _tests(function):
        names = _joined_to_one(test)
        if names and gone.issuperset(names):
            parts.append(_narrowed(function, test, names))
            narrow.add(id(test.against))
    for literal in _literals(function):
        blocks = [block for block in sorted(TESTED_BLOCKS) if _has(literal, block)]
        if blocks and id(literal) not in narrow:
            parts.append(leave(function.source, literal, gone, f"a test for {blocks[0]}"))
    return PatchChange.joined(parts)


def _tests(function: Function) -> Iterator[_Test]:
    """Yield the tests of the module whose operator can be exchanged."""
    source = function.source
    for node in _compared(function):
        start, against = source.end(node.left), node.comparators[0]
        found = _OPERATOR.fullmatch(source.text, start, source.start(against))
        if found is not None:
            yield _Test(found[1], found.start(1), found.end(1), against)


def _compared(function: Function) -> Iterator[ast.Compare]:
    compares = (node for node in ast.walk(function.node) if isinstance(node, ast.Compare))
    for node in compares:
        if len(node.ops) == 1 and is_name(node.left, function.names.module):
            yield node


def _literals(function: Function) -> list[Literal]:
    """Return the collections that the module is tested against, but Conv's and C3's."""
    scopes = (function.node, function.source.tree)
    found = {
        id(literal): literal
        for node in _compared(function)
        if isinstance(node.ops[0], (ast.In, ast.NotIn))
        for literal in tested_literals(node, function.names.module, scopes)
        if literal is not function.conv and literal is not function.repeats
    }
    return list(found.values())


def _is_single(test: _Test, block: str) -> bool:
    return test.word in _WIDE and class_name(test.against) == block


def _has(literal: Literal | None, block: str) -> bool:
    return literal is not None and any(class_name(elt) == block for elt in literal.elts)


def _joined_to_one(test: _Test) -> list[str]:
    """Return what joined a test of one block, nothing for a test of another kind."""
    against = test.against
    if not isinstance(against, (ast.Set, ast.Tuple)) or _brackets(test) not in _NARROW:
        return []
    first, *others = against.elts or [against]
    return [element_name(elt) for elt in others] if class_name(first) in TESTED_BLOCKS else []


def _brackets(test: _Test) -> tuple[str, str]:
    return test.word, "{}" if isinstance(test.against, ast.Set) else "()"


def _widen(function: Function, test: _Test, names: Sequence[str]) -> PatchChange:
    source, block = function.source, class_name(test.against)
    word, brackets = _WIDE[test.word]
    listed = brackets[0] + ", ".join([source.segment(test.against), *names]) + brackets[1]
    edits = (
        Edit(test.start, test.end, word),
        Edit(source.start(test.against), source.end(test.against), listed),
    )
    where = f"{function.node.name} of {source.shown}"
    steps = _steps(source, test, [f"{n} joins a test for {block} in {where}" for n in names])
    return PatchChange(edits, steps, (widened(block), *(member(name) for name in names)))


def _steps(source: Source, test: _Test, words: Sequence[str]) -> tuple[Step, ...]:
    line = source.line_of(test.start)
    return tuple(Step("branch", source.path, line, text) for text in words)


def _narrowed(function: Function, test: _Test, names: Sequence[str]) -> PatchChange:
    source, against = function.source, test.against
    if not isinstance(against, (ast.Set, ast.Tuple)):
        return PatchChange()
    block = class_name(against.elts[0])
    edits = (
        Edit(test.start, test.end, _NARROW[_brackets(test)]),
        Edit(source.start(against), source.end(against), source.segment(against.elts[0])),
    )
    steps = _steps(
        source, test, [f"{n} leaves a test for {block} in {source.shown}" for n in names]
    )
    return PatchChange(edits, steps, (), (widened(block), *(member(name) for name in names)))


def _refuse_unlike(
    function: Function,
    block: str,
    name: str,
    single: Sequence[_Test],
    literals: Sequence[Literal],
) -> None:
    """Refuse a function that does with the block what it would not do with a class like it."""
    collections = (function.conv, function.repeats)
    nodes = (node for node in ast.walk(function.node) if isinstance(node, ast.expr))
    named = [node for node in nodes if _names(node, block)]
    read = {id(test.against) for test in single}
    read |= {id(elt) for one in (*collections, *literals) for elt in (one.elts if one else ())}
    unread = [node for node in named if id(node) not in read]
    what = f"{name} is to be built as {block} is, but {function.node.name}"
    if unread:
        raise Refusal(
            "unread-test",
            f"{what} names {block} in a way that yamlmod does not read",
            place=function.source.place(min(unread, key=function.source.start)),
            hint=f"write the test as `{function.names.module} is {block}`, or as "
            f"`{function.names.module} in {{{block}, ...}}`",
        )
    if (named or literals) and not all(_has(one, block) for one in collections):
        first = min(named, key=function.source.start, default=literals[0] if literals else None)
        raise Refusal(
            "other-registration",
            f"{what} does not list {block} with both Conv and C3",
            place=function.source.place(first or function.chain[0]),
            hint=f"list {block} in the collections of Conv and C3, as ultralytics does",
        )


def _names(node: ast.expr, block: str) -> bool:
    """Check whether a node means the block: a name, or a text such as "C3k2" or ".C3k2"."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.fullmatch(rf"\W*{re.escape(block)}\W*", node.value) is not None
    return class_name(node) == block
