"""Register a module in parse_model: in an existing list, or with its own branch."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from yamlmod.edits import Edit
from yamlmod.errors import Place, Refusal
from yamlmod.fork.parser.parse_model import Function, Literal, Names, literal_in, tested_literals
from yamlmod.fork.patch.alike import join_tests, leave_tests
from yamlmod.fork.patch.branch_bodies import (
    BRANCHED,
    body_in,
    branch_body,
    plain_lists,
    possible_bodies,
    rule_of_branch,
)
from yamlmod.fork.patch.code_imports import MARK
from yamlmod.fork.patch.members import join, leave
from yamlmod.fork.patch.plan import PatchChange, Step
from yamlmod.fork.patch.proof import branch, member
from yamlmod.fork.python.comma_list import class_name, element_name
from yamlmod.fork.python.source import Source
from yamlmod.registry.template import Template

_PLAIN = Names("i", "f", "m", "args")


def register(
    function: Function, templates: Sequence[Template], plain_else: bool, moving: Iterable[str] = ()
) -> PatchChange:
    """Return the change of parse_model that each template's rule asks for.

    ``moving`` are classes that leave the place they have now.
    """
    moving = frozenset(moving)
    parts = [
        _join_conv(function, [t.class_name for t in templates if t.takes_nominal]),
        _join_repeats(function, [t.class_name for t in templates if t.rule == "csp"]),
        join_tests(function, templates),
    ]
    new: list[tuple[str, list[str]]] = []
    for rule in BRANCHED:
        names = [t.class_name for t in templates if t.rule == rule]
        names = [n for n in names if n in moving or not named_in_chain(function, n)]
        if not names or (rule == "free" and plain_else):
            continue
        if not function.last_else:
            raise _no_else(function, names[0])
        existing = _our_branch(function, rule)
        if existing is None:
            new.append((rule, names))
        else:
            parts.append(_join_branch(function, existing, names))
    return PatchChange.joined([*parts, _new_branches(function, new)])


def place_of(function: Function, name: str) -> str:
    """Return the rule by whose place a class is registered now, empty where it is nowhere."""
    if function.conv and any(element_name(elt) == name for elt in function.conv.elts):
        repeats = function.repeats.elts if function.repeats else ()
        return "csp" if any(element_name(repeat) == name for repeat in repeats) else "conv"
    for node in function.chain:
        literal = _our_set(function.source, node, function.names.module)
        if literal and any(element_name(elt) == name for elt in literal.elts):
            return rule_of_branch(node, function.names)
    return ""


def unregister(
    function: Function, names: Iterable[str], force: bool = False, own: Iterable[str] = ()
) -> PatchChange:
    """Return the change that takes classes out of the collections, tests and our branches.

    ``own`` are classes of the fork's own: what tests them is the fork's own, too.
    """
    gone = set(names)
    parts = []
    if function.conv is not None:
        parts.append(leave(function.source, function.conv, gone, "the collection of Conv"))
    parts += [leave_repeats(function, gone), leave_tests(function, gone.difference(own))]
    for node in function.chain:
        literal = _our_set(function.source, node, function.names.module)
        if literal is None:
            continue
        left = [elt for elt in literal.elts if element_name(elt) not in gone]
        if left:
            parts.append(leave(function.source, literal, gone, "its branch"))
        else:
            parts.append(_drop_branch(function, node, literal, force))
    return PatchChange.joined(parts)


def leave_repeats(function: Function, names: Iterable[str]) -> PatchChange:
    """Return the change that takes classes out of C3's collection alone."""
    if function.repeats is None:
        return PatchChange()
    return leave(function.source, function.repeats, set(names), "the collection of C3")


def preview(template: Template) -> str:
    """Return the branch that a plain YOLOv5 gets for a template, or why it gets none."""
    name = template.class_name
    if template.rule == "conv":
        return f"if m in {{Conv, ..., {name}}}:"
    if template.rule == "csp":
        text = (
            f"if m in {{Conv, ..., {name}}}:\n    ...\n"
            f"    if m in {{C3, ..., {name}}}:\n        args.insert(2, n)"
        )
        alike = template.alike
        told = f"\n    if m in {{{alike}, {name}}}:  # in forks that test for {alike}\n        ..."
        return text + told if alike else text
    if template.rule == "free":
        return "no branch needed: the last else already does c2 = ch[f] and leaves args alone"
    body = branch_body(template.rule, _PLAIN, "ch[f]", plain_lists(_PLAIN))
    return _branch_text([name], _PLAIN, body, "    ", "\n").rstrip("\n")


def _join_conv(function: Function, names: Sequence[str]) -> PatchChange:
    if not names:
        return PatchChange()
    if function.conv is None:
        raise Refusal(
            "no-conv-collection",
            f"{names[0]} must be registered beside Conv, but no branch of "
            f"{function.node.name} tests a literal that holds Conv and takes args[0] as c2",
            place=Place.at(
                function.source.shown,
                function.source.text,
                function.source.start(function.chain[0]),
            ),
        )
    return join(function, function.conv, names, "the collection of Conv")


def _join_repeats(function: Function, names: Sequence[str]) -> PatchChange:
    if not names:
        return PatchChange()
    if function.repeats is None:
        source, at = function.source, function.chain[0]
        raise Refusal(
            "no-repeats-collection",
            f"{names[0]} takes the row's number as C3 does, but {function.node.name} has no "
            "literal whose members get it by `args.insert(2, n)`",
            place=Place.at(source.shown, source.text, source.start(at)),
            hint="choose a module with another rule (see `yamlmod list`); --rule conv takes "
            "your own class, whose number then builds that many in sequence",
        )
    return join(function, function.repeats, names, "the collection of C3")


def _join_branch(function: Function, node: ast.If, names: Sequence[str]) -> PatchChange:
    literal = _our_set(function.source, node, function.names.module)
    return PatchChange() if literal is None else join(function, literal, names, "the branch")


def _new_branches(function: Function, new: Sequence[tuple[str, list[str]]]) -> PatchChange:
    if not new:
        return PatchChange()
    source, names = function.source, function.names
    at = function.else_offset()
    indent = source.indent_of(at)
    unit = _unit(function, indent)
    text, steps, keys = "", [], []
    for rule, classes in new:
        body = body_in(function, rule)
        written = _branch_text(classes, names, body, unit, source.newline)
        text += "".join(indent + line + "\n" for line in written.rstrip("\n").split("\n"))
        steps.append(
            Step(
                "branch",
                source.path,
                source.line_of(at),
                f"a branch for {', '.join(classes)} added before the last else of "
                f"{function.node.name} in {source.shown}",
            )
        )
        keys += [branch(body), *(member(name) for name in classes)]
    return PatchChange((Edit(at, at, text),), tuple(steps), tuple(keys))


def _branch_text(classes: Sequence[str], names: Names, text: str, unit: str, newline: str) -> str:
    """Return the branch; its lines are indented by ``unit`` below the `elif`."""
    head = f"elif {names.module} in {{{', '.join(classes)}}}:  {MARK}"
    body = [unit + line.rstrip("\r") for line in text.rstrip("\n").split("\n")]
    return "".join(line + newline for line in [head, *body])


def _unit(function: Function, indent: str) -> str:
    """Return what the chain's bodies are indented by."""
    source = function.source
    for body in (function.last_else, *(one.body for one in function.chain)):
        inner = source.indent_of(source.start(body[0]))
        if inner.startswith(indent) and inner != indent:
            return inner[len(indent) :]
    return _first_indent(source)


def _first_indent(source: Source) -> str:
    """Return what the first body on a line of its own is indented by, four spaces if none is."""
    for node in source.tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            inner = source.indent_of(source.start(node.body[0])).rpartition("\f")[2]
            if node.body[0].lineno > node.lineno and inner:
                return inner
    return "    "


def _our_branch(function: Function, rule: str) -> ast.If | None:
    for node in function.chain:
        ours = _our_set(function.source, node, function.names.module)
        if ours and rule_of_branch(node, function.names) == rule:
            return node
    return None


def _our_set(source: Source, node: ast.If, module: str) -> ast.Set | None:
    """Return the set that a branch of ours tests, None for anybody else's branch."""
    literal = literal_in(node.test, module)
    if not isinstance(literal, ast.Set):
        return None
    # A formatter may have put the test in parentheses or moved the comment nearer.
    tail = source.tail(source.end(node.test)).replace(" ", "").lstrip(")")
    return literal if tail == f":{MARK}".replace(" ", "") else None


def named_in_chain(function: Function, name: str) -> bool:
    """Check whether some branch tests for the class: ours from before, or a user's own."""
    return any(_tests_for(function, node, name) for node in function.chain)


def _tests_for(function: Function, node: ast.If, name: str) -> bool:
    """Check whether a branch names a class: itself, as text, or in a collection behind a name."""
    literals = tested_literals(
        node.test, function.names.module, (function.node, function.source.tree)
    )
    parts: list[ast.AST] = list(ast.walk(node.test))
    parts += [elt for literal in literals for elt in literal.elts]
    return any(
        (isinstance(part, ast.Constant) and part.value == name) or class_name(part) == name
        for part in parts
    )


def _drop_branch(function: Function, node: ast.If, literal: Literal, force: bool) -> PatchChange:
    source = function.source
    names = [element_name(elt) for elt in literal.elts]
    body = "\n".join(source.segment(one) for one in node.body)
    if not force and not _as_written(function, node.body):
        raise Refusal(
            "edited-by-hand",
            f"the branch for {', '.join(names)} has been edited since yamlmod wrote it",
            place=source.place(node.body[0]),
            hint="remove the branch by hand, or restore it; --force deletes it",
        )
    start = source.line_start(source.start(node))
    edit = Edit(start, source.line_end(source.end(node.body[-1])), "")
    step = Step(
        "branch",
        source.path,
        node.lineno,
        f"the branch for {', '.join(names)} removed from {source.shown}",
    )
    return PatchChange((edit,), (step,), (), (branch(body), *(member(name) for name in names)))


def _as_written(function: Function, body: Sequence[ast.stmt]) -> bool:
    """Check a branch against what would be written, however a formatter has laid it out."""
    source = function.source
    # Not what the branch itself reads: that may be what was edited.
    inside = {id(node) for statement in body for node in ast.walk(statement)}
    reads = [source.segment(r) for r in function.single_reads(True) if id(r) not in inside]
    statements = [ast.dump(statement) for statement in body]
    return any(
        statements == [ast.dump(s) for s in ast.parse(text).body]
        for text in possible_bodies(function, reads)
    )


def _no_else(function: Function, name: str) -> Refusal:
    source = function.source
    return Refusal(
        "no-else",
        f"{name} needs a branch before the last else of "
        f"{function.node.name}, but its chain has none",
        place=Place.at(source.shown, source.text, source.start(function.chain[-1])),
        hint="add `else: c2 = ch[f]` to the chain, as other YOLOv5 forks have it",
    )
