"""A fork as the table that checks look things up in: names, classes, what branches hand over."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from yamlmod.errors import Refusal
from yamlmod.fork.files import Files
from yamlmod.fork.listing import element_name
from yamlmod.fork.locate import Fork, read_function
from yamlmod.fork.parse_model import Function, Literal, is_name, tested
from yamlmod.fork.parser_names import parser_names
from yamlmod.fork.python.answers import Answer, Definition
from yamlmod.fork.python.import_graph import ImportGraph
from yamlmod.fork.python.shadowed import class_places
from yamlmod.fork.python.source import Source, read_source
from yamlmod.model.builder import Builder, Passed, Signature
from yamlmod.model.modules import Kind
from yamlmod.model.refs import SpellingRule

_UNKNOWN_STRIDE = "?"


def read_builder(files: Files, fork: Fork) -> Builder:
    """Return what the fork's parse function makes of a row, read and never run."""
    function = read_function(files, fork)
    names = parser_names(fork.graph, function)
    tensorflow = _tensorflow(files, fork)
    branches = list(_branches(function))
    return Builder(
        shown=files.shown(fork.yolo),
        function=fork.function.name,
        names=names,
        twice=dict(_twice(files, fork)),
        signatures=dict(_signatures(fork, names.known)),
        passed={name: passed for name, passed, _ in reversed(branches)},
        otherwise=_otherwise(function),
        kinds={name: kind for name, _, kind in reversed(branches) if kind is not None},
        spelling=SpellingRule(
            fork.single_positive_ok, fork.negative_in_list_ok, fork.negative_in_head_ok
        ),
        tensorflow=None if tensorflow is None else _class_names(tensorflow.tree),
        tensorflow_shown="" if tensorflow is None else tensorflow.shown,
    )


def _tensorflow(files: Files, fork: Fork) -> Source | None:
    try:
        return read_source(files, fork.sibling("tf.py"))
    except Refusal:
        return None


def _class_names(tree: ast.Module) -> frozenset[str]:
    return frozenset(node.name for node in tree.body if isinstance(node, ast.ClassDef))


def _twice(files: Files, fork: Fork) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, places in class_places(fork.graph, fork.yolo).items():
        if len(places) > 1:
            yield name, tuple(f"{files.shown(path)}:{line}" for path, line in places)


def _signatures(fork: Fork, names: Iterable[str]) -> Iterator[tuple[str, Signature]]:
    for name in names:
        answer = fork.graph.denotes_in_module(fork.yolo, name)
        signature = _signature(fork.graph, answer)
        if signature is not None:
            yield name, signature


def _signature(graph: ImportGraph, answer: Answer, depth: int = 8) -> Signature | None:
    if not isinstance(answer, Definition) or not isinstance(answer.node, ast.ClassDef):
        return None
    for part in answer.node.body:
        if isinstance(part, ast.FunctionDef) and part.name == "__init__":
            given = part.args
            positional = [*given.posonlyargs, *given.args][1:]
            least = max(0, len(positional) - len(given.defaults))
            names = tuple(argument.arg for argument in positional)
            return Signature(least, None if given.vararg else len(positional), names)
    bases = graph.bases(answer)
    return _signature(graph, bases[0], depth - 1) if len(bases) == 1 and depth else None


def _branches(function: Function) -> Iterator[tuple[str, Passed, Kind | None]]:
    """Yield every module that a branch names: what it is handed, and its channels where plain."""
    module = function.names.module
    for branch in function.chain:
        kind = _kind(function, branch)
        for name in _names_of(branch.test, module, function):
            passed = _passed(branch.body, function, name, branch.lineno)
            yield name, passed, kind


def _names_of(test: ast.expr, module: str, function: Function) -> list[str]:
    found: list[str] = []
    for against in tested(test, module):
        literal = against
        if function.conv is not None and _tests_named_set(test):
            literal = function.conv
        elements: Iterable[ast.expr] = literal.elts if isinstance(literal, Literal) else [literal]
        found += [name for name in map(element_name, elements) if name]
    return found


def _tests_named_set(test: ast.expr) -> bool:
    """Tell whether a test is `m in base_modules`, a set with a name."""
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.ops[0], ast.In)
        and isinstance(test.comparators[0], ast.Name)
    )


def _holds_conv(branch: ast.If, function: Function) -> bool:
    literals = [
        one for one in tested(branch.test, function.names.module) if isinstance(one, Literal)
    ]
    named = any(element_name(one) == "Conv" for literal in literals for one in literal.elts)
    return named or (_tests_named_set(branch.test) and function.conv is not None)


def _kind(function: Function, branch: ast.If) -> Kind | None:
    """Return the channel rule of the branch that holds Conv; strides are the classes' own."""
    return Kind("scaled", _UNKNOWN_STRIDE) if _holds_conv(branch, function) else None


def _otherwise(function: Function) -> Passed:
    changed = any(_touches(part, function) for part in function.last_else)
    return Passed(None, None if changed else 0)


def _touches(node: ast.AST, function: Function) -> bool:
    return any(
        isinstance(part, ast.Name) and part.id == function.names.args for part in ast.walk(node)
    )


def _passed(body: list[ast.stmt], function: Function, name: str, line: int) -> Passed:
    """Return what a branch makes of args for one module: only plain statements are read."""
    passed = Passed(line)
    for node in body:
        if isinstance(node, ast.If):
            known = _is_named(node.test, function, name)
            if known is None and _touches(node, function) and _assigns(node, function):
                return Passed(line, None)
            if known is not None:
                after = _passed(node.body if known else node.orelse, function, name, line)
                passed = _joined(passed, after)
        else:
            passed = _joined(passed, _step(node, function, line))
    return passed


def _joined(first: Passed, then: Passed) -> Passed:
    if then.exactly is not None:
        return then
    if then.extra is None:
        return then
    if first.exactly is not None:
        return Passed(first.branch, 0, first.exactly + then.extra)
    extra = None if first.extra is None else first.extra + then.extra
    return Passed(first.branch, extra)


def _assigns(node: ast.AST, function: Function) -> bool:
    return any(_step(part, function, 0) != Passed(0) for part in ast.walk(node))


def _is_named(test: ast.expr, function: Function, name: str) -> bool | None:
    """Tell whether a test of the module holds for a name; None: it tests something else."""
    if not isinstance(test, ast.Compare) or not is_name(test.left, function.names.module):
        return None
    against = test.comparators[0]
    if isinstance(test.ops[0], ast.In) and isinstance(against, Literal):
        return name in [element_name(one) for one in against.elts]
    if isinstance(test.ops[0], (ast.Is, ast.Eq)) and element_name(against):
        return element_name(against) == name
    return None


def _step(node: ast.AST, function: Function, line: int) -> Passed:
    """Return what one statement does to args."""
    args = function.names.args
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        call = node.value.func
        if isinstance(call, ast.Attribute) and is_name(call.value, args):
            return Passed(line, 1 if call.attr in ("insert", "append") else None)
    if isinstance(node, (ast.Assign, ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(is_name(target, args) for target in targets):
            return _assigned(node.value, args, line)
        if any(
            isinstance(part, ast.Name) and part.id == args and isinstance(part.ctx, ast.Store)
            for target in targets
            for part in ast.walk(target)
        ):
            return Passed(line, None)
    return Passed(line)


def _assigned(value: ast.expr, args: str, line: int) -> Passed:
    """Return the length of `[c1, c2, *args[1:]]` and its like."""
    if not isinstance(value, ast.List):
        return Passed(line, None)
    plain = [one for one in value.elts if not isinstance(one, ast.Starred)]
    stars = [one.value for one in value.elts if isinstance(one, ast.Starred)]
    if not stars:
        return Passed(line, 0, len(plain))
    if len(stars) != 1:
        return Passed(line, None)
    star = stars[0]
    if is_name(star, args):
        return Passed(line, len(plain))
    if isinstance(star, ast.Subscript) and is_name(star.value, args):
        cut = star.slice
        low = cut.lower if isinstance(cut, ast.Slice) and cut.upper is None else None
        if isinstance(low, ast.Constant) and isinstance(low.value, int) and low.value >= 0:
            return Passed(line, len(plain) - low.value)
    return Passed(line, None)
