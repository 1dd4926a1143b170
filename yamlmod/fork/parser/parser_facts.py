"""Describe a fork for the checks: names, classes, and modules with scaled channels."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from yamlmod.errors import Refusal
from yamlmod.fork.files import Files
from yamlmod.fork.parser.locate import ForkFacts, read_function
from yamlmod.fork.parser.parse_model import Function, Literal, tested
from yamlmod.fork.parser.parser_names import parser_names
from yamlmod.fork.python.answers import Answer, Definition
from yamlmod.fork.python.comma_list import element_name
from yamlmod.fork.python.import_graph import ImportGraph
from yamlmod.fork.python.shadowed import class_places
from yamlmod.fork.python.source import Source, read_source
from yamlmod.model.known_modules import Kind
from yamlmod.model.parser_facts import ParserFacts
from yamlmod.model.refs import SpellingRule

_UNKNOWN_STRIDE = "?"


def read_builder(files: Files, fork: ForkFacts) -> ParserFacts:
    """Return what the fork's parse function makes of a row, read and never run."""
    function = read_function(files, fork)
    names = parser_names(fork.graph, function)
    tensorflow = _tensorflow(files, fork)
    return ParserFacts(
        shown=files.shown(fork.yolo),
        function=fork.function.name,
        names=names,
        twice=dict(_twice(files, fork)),
        constructed=frozenset(_constructed(fork, names.known)),
        kinds=dict(_kinds(function)),
        branched=frozenset(name for branch in function.chain for name in _named(branch, function)),
        plain_else=not any(_touches(part, function) for part in function.last_else),
        spelling=SpellingRule(
            fork.single_positive_ok, fork.negative_in_list_ok, fork.negative_in_head_ok
        ),
        tensorflow=None if tensorflow is None else _class_names(tensorflow.tree),
        tensorflow_shown="" if tensorflow is None else tensorflow.shown,
    )


def _tensorflow(files: Files, fork: ForkFacts) -> Source | None:
    try:
        return read_source(files, fork.sibling("tf.py"))
    except Refusal:
        return None


def _class_names(tree: ast.Module) -> frozenset[str]:
    return frozenset(node.name for node in tree.body if isinstance(node, ast.ClassDef))


def _twice(files: Files, fork: ForkFacts) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, places in class_places(fork.graph, fork.yolo).items():
        if len(places) > 1:
            yield name, tuple(f"{files.shown(path)}:{line}" for path, line in places)


def _constructed(fork: ForkFacts, names: Iterable[str]) -> Iterator[str]:
    """Yield the names of classes of the fork that have a constructor of their own."""
    for name in names:
        if _has_constructor(fork.graph, fork.graph.denotes_in_module(fork.yolo, name)):
            yield name


def _has_constructor(graph: ImportGraph, answer: Answer, depth: int = 8) -> bool:
    if not isinstance(answer, Definition) or not isinstance(answer.node, ast.ClassDef):
        return False
    parts = answer.node.body
    if any(isinstance(part, ast.FunctionDef) and part.name == "__init__" for part in parts):
        return True
    bases = graph.bases(answer)
    return len(bases) == 1 and depth > 0 and _has_constructor(graph, bases[0], depth - 1)


def _kinds(function: Function) -> Iterator[tuple[str, Kind]]:
    """Yield the modules of the branch that holds Conv: it scales channels, strides vary."""
    for branch in function.chain:
        if _holds_conv(branch, function):
            for name in _named(branch, function):
                yield name, Kind("scaled", _UNKNOWN_STRIDE)


def _named(branch: ast.If, function: Function) -> list[str]:
    """Return the modules that a branch tests for."""
    found: list[str] = []
    for against in tested(branch.test, function.names.module):
        literal = against
        if function.conv is not None and _tests_named_set(branch.test):
            literal = function.conv
        elements: Iterable[ast.expr] = literal.elts if isinstance(literal, Literal) else [literal]
        found += [name for name in map(element_name, elements) if name]
    return found


def _tests_named_set(test: ast.expr) -> bool:
    """Check whether a test is `m in base_modules`, a set with a name."""
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.ops[0], ast.In)
        and isinstance(test.comparators[0], ast.Name)
    )


def _holds_conv(branch: ast.If, function: Function) -> bool:
    literals = [
        one for one in tested(branch.test, function.names.module) if isinstance(one, Literal)
    ]
    named = any(element_name(elt) == "Conv" for literal in literals for elt in literal.elts)
    return named or (_tests_named_set(branch.test) and function.conv is not None)


def _touches(node: ast.AST, function: Function) -> bool:
    return any(
        isinstance(part, ast.Name) and part.id == function.names.args for part in ast.walk(node)
    )
