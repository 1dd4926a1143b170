"""Find the list that a loop over the layers fills, and the entries it keeps."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from yamlmod.fork.numbers.findings import KeptOutputs

Test = tuple[ast.expr, bool]
Paths = frozenset[tuple[int, str]]
_MANY = 2
_ONE_WAY: Paths = frozenset({(0, "next")})


@dataclass(frozen=True)
class KeptEntry:
    """An expression that is put into the list, and the tests under which that happens."""

    value: ast.expr
    tests: tuple[Test, ...]


@dataclass
class LoopEntries:
    """What the body of a loop adds to one list."""

    adds: Callable[[ast.stmt], Sequence[ast.expr]]
    entries: list[KeptEntry] = field(default_factory=list)

    def is_one_a_layer(self, body: Sequence[ast.stmt]) -> bool:
        """Check whether every turn that goes on has added an entry, so that indices are layers."""
        paths = self._block(body, ())
        return all(count > 0 for count, way in paths if way in ("next", "continue"))

    def kept(self, judge: Callable[[ast.expr, bool], KeptOutputs]) -> KeptOutputs:
        """Return which entries are more than None; ``judge`` reads a test."""
        found = KeptOutputs()
        for entry in self.entries:
            found |= _kept(entry.value, entry.tests, judge)
        return found

    def _block(self, body: Sequence[ast.stmt], tests: tuple[Test, ...]) -> Paths:
        paths = _ONE_WAY
        for node in body:
            paths = _then(paths, self._statement(node, tests))
            if isinstance(node, ast.If) and node.body and isinstance(node.body[-1], ast.Continue):
                tests = (*tests, (node.test, False))
        return paths

    def _statement(self, node: ast.stmt, tests: tuple[Test, ...]) -> Paths:
        values = self.adds(node)
        self.entries += [KeptEntry(value, tests) for value in values]
        if values:
            return frozenset({(min(len(values), _MANY), "next")})
        if isinstance(node, ast.If):
            yes = self._block(node.body, (*tests, (node.test, True)))
            return yes | self._block(node.orelse, (*tests, (node.test, False)))
        if isinstance(node, (ast.For, ast.While, ast.AsyncFor)):
            inner = self._block(node.body, tests)
            added = any(count for count, _ in inner)
            return frozenset({(_MANY if added else 0, "next")})
        if isinstance(node, (ast.With, ast.AsyncWith)):
            return self._block(node.body, tests)
        if isinstance(node, ast.Match):
            cases = [self._block(case.body, tests) for case in node.cases]
            return frozenset().union(_ONE_WAY, *cases)
        if isinstance(node, ast.Try):
            return self._try(node, tests)
        ways = {ast.Continue: "continue", ast.Break: "break", ast.Return: "out", ast.Raise: "out"}
        return frozenset({(0, ways.get(type(node), "next"))})

    def _try(self, node: ast.Try, tests: tuple[Test, ...]) -> Paths:
        paths = _then(self._block(node.body, tests), self._block(node.orelse, tests))
        for handler in node.handlers:
            paths |= self._block(handler.body, tests)
        return _then(paths, self._block(node.finalbody, tests))


def _then(first: Paths, second: Paths) -> Paths:
    left = {(count, way) for count, way in first if way != "next"}
    going = {count for count, way in first if way == "next"}
    return frozenset(left | {(min(a + b, _MANY), way) for a in going for b, way in second})


def _kept(
    value: ast.expr, tests: tuple[Test, ...], judge: Callable[[ast.expr, bool], KeptOutputs]
) -> KeptOutputs:
    if isinstance(value, ast.Constant) and value.value is None:
        return KeptOutputs()
    if isinstance(value, ast.IfExp):
        yes = _kept(value.body, (*tests, (value.test, True)), judge)
        return yes | _kept(value.orelse, (*tests, (value.test, False)), judge)
    if not tests:
        return KeptOutputs(all=True)
    if len(tests) > 1:
        # Which of them decides is not worth a guess.
        return KeptOutputs(unknown=True)
    return judge(*tests[0])
