"""Classify the use of a constant: an index, a comparison, a saved layer, a name."""

from __future__ import annotations

import ast
import re

from yamlmod.fork.numbers.findings import CodePlace, KeptOutputs
from yamlmod.fork.numbers.meanings import (
    NOTHING,
    Meaning,
    Meanings,
    elements,
    has,
    numbers_in,
    of_kind,
)
from yamlmod.fork.numbers.scope import Scope, evaluate

_OPERATORS = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_PARAMETER = re.compile(r"(?<!\w)model\.(\d{1,4})(?=$|\.$|\.[A-Za-z_0-9])")
_FILES = (".pt", ".pth", ".onnx", ".yaml", ".py", ".engine", ".weights")
NAME_BEFORE = re.compile(r"(?<!\w)model\.$")


def compare(scope: Scope, left: Meanings, operator: ast.cmpop, right: Meanings) -> None:
    """Report the constants that a layer's number, or its `from`, is compared with."""
    sign = _OPERATORS.get(type(operator))
    if sign is None:
        return
    for one, other, word in ((left, right, sign), (right, left, _TURNED.get(sign, sign))):
        if sign in ("in", "not in") and one is right:
            if has(right, "save"):
                _numbers(scope, left, "==")
            continue
        if has(one, "index") and not has(other, "save"):
            _numbers(scope, other, word)
        if has(one, "source"):
            _sources(scope, other, word)


def _numbers(scope: Scope, constants: Meanings, sign: str) -> None:
    found = numbers_in(constants) if sign in ("in", "not in") else of_kind(constants, "number")
    for one in found:
        bound = sign in ("<", ">=") or one.kind == "limit"
        # "The first layer" stays the first; no layer has a number below 0.
        if one.number > (1 if bound else 0):
            scope.knowledge.report("number", one, bound=bound)


def _sources(scope: Scope, constants: Meanings, sign: str) -> None:
    found = numbers_in(constants) if sign in ("in", "not in") else of_kind(constants, "number")
    for one in found:
        # -1 is the layer above, wherever a row is; with 0 the sign is asked for.
        if one.number == -1 or (sign in _TURNED and one.number == 0):
            continue
        word = "==" if sign in ("in", "not in", "!=") else sign
        scope.knowledge.report("source", one, operator=word)


def match_pattern(scope: Scope, subject: Meanings, pattern: ast.pattern) -> None:
    """Report the constants of a case."""
    if isinstance(pattern, ast.MatchValue):
        compare(scope, subject, ast.Eq(), evaluate(scope, pattern.value))
    elif isinstance(pattern, ast.MatchOr):
        for inner in pattern.patterns:
            match_pattern(scope, subject, inner)
    elif isinstance(pattern, ast.MatchAs) and pattern.pattern is not None:
        match_pattern(scope, subject, pattern.pattern)


def save_numbers(scope: Scope, value: Meanings) -> None:
    """Report the constants that are put into the list of saved layers."""
    for one in numbers_in(value):
        if one.kind == "number":
            scope.knowledge.report("save", one)


def index(scope: Scope, holder: Meanings, key: Meanings) -> None:
    """Report the constants that index layers or their outputs."""
    numbers = of_kind(key, "number", "limit")
    for kept in kept_lists(scope, holder):
        for one in numbers:
            relative = scope.running > 0 and one.number < 0
            if one.number != -1:
                scope.knowledge.report("output", one, kept=kept, relative=relative)
    for layers in of_kind(holder, "layers"):
        for one in numbers:
            if one.number not in (0, -1) and layers.name != "part":
                relative = layers.name == "growing" and one.number < 0
                scope.knowledge.report("layer", one, relative=relative)
    if has(holder, "channels") and scope.running:
        for one in numbers:
            if one.number > 0:
                scope.knowledge.report("channel", one)
    for table in of_kind(holder, "table"):
        if has(key, "index"):
            _numbers(scope, table.items[0], "==")
    for table in of_kind(holder, "tuple"):
        if has(key, "source"):
            _sources(scope, elements(frozenset({table})), "==")


def slice_of(scope: Scope, holder: Meanings, lower: Meanings, upper: Meanings) -> Meanings:
    """Report the limits of a slice of layers or outputs, and return what the slice is."""
    lists = kept_lists(scope, holder)
    whole = any(one.kind == "layers" and not one.name for one in holder)
    for one in [*of_kind(lower, "number"), *of_kind(upper, "number")]:
        if one.number in (0, 1, -1):
            continue
        relative = scope.running > 0 and one.number < 0
        for kept in lists:
            scope.knowledge.report("output", one, bound=True, kept=kept, relative=relative)
        if whole:
            scope.knowledge.report("layer", one, bound=True)
    if not has(holder, "layers"):
        return NOTHING
    starts = [one.number for one in of_kind(lower, "number")]
    begins = not lower or starts == [0]
    return frozenset({Meaning("layers", name="" if begins and whole else "part")})


def kept_lists(scope: Scope, holder: Meanings) -> list[KeptOutputs]:
    lists = scope.knowledge.lists
    return [lists[one.name] for one in of_kind(holder, "list") if one.name in lists]


def parameter_names(scope: Scope, node: ast.Constant, text: str) -> None:
    """Report the layers that a text names: `model.24.`."""
    if "/" in text or text.endswith(_FILES):
        return
    for match in _PARAMETER.finditer(text):
        scope.knowledge.report("name", _text_number(scope, node, match))


def _text_number(scope: Scope, node: ast.Constant, match: re.Match[str]) -> Meaning:
    place = CodePlace(scope.path, node.lineno, node.col_offset)
    return Meaning("number", int(match[1]), place, node.end_col_offset or 0)


def formatted(scope: Scope, before: str, value: Meanings) -> None:
    """Report the constants that become part of a parameter's name: `f"model.{x}."`."""
    if NAME_BEFORE.search(before):
        for one in numbers_in(value):
            if one.number >= 0 and not (one.kind == "limit" and one.number == 0):
                scope.knowledge.report("name", one)
