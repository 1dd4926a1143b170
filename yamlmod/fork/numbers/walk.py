"""Evaluate one function statement by statement: its names and the lists it fills."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import yamlmod.fork.numbers.values  # noqa: F401  fills the table
from yamlmod.fork.numbers.findings import KeptOutputs
from yamlmod.fork.numbers.kept import LoopEntries
from yamlmod.fork.numbers.knowledge import FunctionCode, Knowledge
from yamlmod.fork.numbers.lists import added, filled, roles
from yamlmod.fork.numbers.meanings import (
    INDEX,
    LAYER,
    LAYERS,
    NETWORK,
    NOTHING,
    SAVE,
    SOURCE,
    Meaning,
    Meanings,
    elements,
    has,
    joined,
    of_kind,
)
from yamlmod.fork.numbers.scope import Scope, evaluate
from yamlmod.fork.numbers.uses import match_pattern, save_numbers

_Env = dict[str, Meanings]
# `try ... except*` is a class of its own since Python 3.11.
_TRIES: tuple[type[ast.Try], ...] = (ast.Try, getattr(ast, "TryStar", ast.Try))


@dataclass
class FunctionWalk:
    """One pass through a function."""

    knowledge: Knowledge
    code: FunctionCode
    scope: Scope = field(init=False)

    def __post_init__(self) -> None:
        self.scope = Scope(self.knowledge, self.code.path, roles=roles(self.knowledge, self.code))

    def run(self) -> None:
        self._parameters()
        self._block(self.code.node.body)

    def run_module(self, body: Sequence[ast.stmt]) -> None:
        """Walk the top level of a script."""
        self._block(body)

    def _parameters(self) -> None:
        spec = self.code.node.args
        names = [*spec.posonlyargs, *spec.args]
        given = self.knowledge.arguments.get(self.code.node, {})
        defaults: Iterable[tuple[ast.arg, ast.expr | None]] = [
            *zip(reversed(names), reversed(spec.defaults), strict=False),
            *zip(spec.kwonlyargs, spec.kw_defaults, strict=True),
        ]
        env = self.scope.names
        for argument in [*names, *spec.kwonlyargs]:
            place = f"{self.code.path}:{argument.lineno}:{argument.col_offset}"
            own = frozenset({Meaning("list", name=place)})
            role = self.scope.roles.get(argument.arg, own)
            env[argument.arg] = given.get(argument.arg, NOTHING) | role
        for argument, default in defaults:
            if default is not None:
                found = evaluate(self.scope, default)
                env[argument.arg] = joined([env[argument.arg], found])
        if names and self.code.receiver:
            env[names[0].arg] = NETWORK if self.code.receiver == "network" else LAYER

    def _block(self, body: Sequence[ast.stmt]) -> None:
        for node in body:
            self.knowledge.step()
            self._statement(node)

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign):
            found = evaluate(self.scope, node.value)
            for target in node.targets:
                self._assign(target, found, node.value)
        elif isinstance(node, ast.AnnAssign):
            if node.value is not None:
                self._assign(node.target, evaluate(self.scope, node.value), node.value)
        elif isinstance(node, ast.AugAssign):
            self._augmented(node)
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            self._for(node)
        elif isinstance(node, ast.While):
            evaluate(self.scope, node.test)
            self._twice(node.body)
            self._block(node.orelse)
        elif isinstance(node, ast.If):
            evaluate(self.scope, node.test)
            self._either([node.body, node.orelse])
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                found = evaluate(self.scope, item.context_expr)
                if item.optional_vars is not None:
                    self._assign(item.optional_vars, found, item.context_expr)
            self._block(node.body)
        else:
            self._other(node)

    def _other(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Return):
            if node.value is not None:
                self.knowledge.add_return(self.code, evaluate(self.scope, node.value))
        elif isinstance(node, ast.Match):
            subject = evaluate(self.scope, node.subject)
            for case in node.cases:
                match_pattern(self.scope, subject, case.pattern)
            self._either([[], *(case.body for case in node.cases)])
        elif isinstance(node, _TRIES):
            self._block(node.body)
            self._either([[], *(handler.body for handler in node.handlers)])
            self._block(node.orelse)
            self._block(node.finalbody)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self._inner(node)
        elif not isinstance(node, ast.ClassDef):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    evaluate(self.scope, child)

    def _inner(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Walk a function inside of this one, with the names around it."""
        inner = FunctionWalk(self.knowledge, FunctionCode(self.code.path, node))
        inner.scope.names = dict(self.scope.names)
        inner.run()
        self.scope.names[node.name] = NOTHING

    def _either(self, blocks: Sequence[Sequence[ast.stmt]]) -> None:
        before = self.scope.names
        ends: list[_Env] = []
        for body in blocks:
            self.scope.names = dict(before)
            self._block(body)
            if not (body and isinstance(body[-1], (ast.Return, ast.Raise, ast.Continue))):
                ends.append(self.scope.names)
        self.scope.names = _merged(ends) if ends else before

    def _twice(self, body: Sequence[ast.stmt]) -> None:
        """Walk a loop's body again with what it leaves, so that later lines reach earlier ones."""
        for _ in range(2):
            before = dict(self.scope.names)
            self._block(body)
            self.scope.names = _merged([before, self.scope.names])

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        source = evaluate(self.scope, node.iter)
        parsed = node is self.knowledge.function.loop
        item = elements(source)
        runs = parsed or _holds_layer(item)
        if runs:
            self._note_lists(node, item, parsed)
            self._note_counters(node)
            self.scope.running += 1
        for _ in range(2):
            before = dict(self.scope.names)
            self._loop_target(node, item, parsed)
            self._block(node.body)
            self.scope.names = _merged([before, self.scope.names])
        if runs:
            self.scope.running -= 1
        self._block(node.orelse)

    def _loop_target(self, node: ast.For | ast.AsyncFor, item: Meanings, parsed: bool) -> None:
        self._assign(node.target, item, None)
        if parsed:
            names = self.knowledge.function.names
            self.scope.names[names.from_] = SOURCE
            if names.index:
                self.scope.names[names.index] = INDEX

    def _note_lists(self, node: ast.For | ast.AsyncFor, item: Meanings, parsed: bool) -> None:
        """Find the lists that get one entry for each layer."""
        if isinstance(node, ast.AsyncFor):
            return
        before = self.scope.names
        self.scope.names = dict(before)
        self.knowledge.silent += 1
        self._loop_target(node, item, parsed)
        for text in dict.fromkeys(filled(node.body)):
            holder = ast.parse(text, mode="eval").body
            lists = of_kind(evaluate(self.scope, holder), "list")
            entries = LoopEntries(lambda one, text=text: added(one, text))  # type: ignore[misc]
            if lists and entries.is_one_a_layer(node.body):
                kept = entries.kept(self._judge)
                for one in lists:
                    self.knowledge.add_list(one.name, kept)
        self.knowledge.silent -= 1
        self.scope.names = before

    def _note_counters(self, node: ast.For | ast.AsyncFor) -> None:
        """Read `i = 0` before a loop and `i += 1` in it as the layer's number."""
        for one in node.body:
            if isinstance(one, ast.AugAssign) and isinstance(one.target, ast.Name):
                name = one.target.id
                value = of_kind(self.scope.names.get(name, NOTHING), "number")
                step = of_kind(evaluate(self.scope, one.value), "number")
                if [v.number for v in value] == [0] and [s.number for s in step] == [1]:
                    self.scope.names[name] = INDEX

    def _judge(self, test: ast.expr, positive: bool) -> KeptOutputs:
        """Return which layers a test keeps."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return self._judge(test.operand, not positive)
        if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or) and positive:
            found = KeptOutputs()
            for value in test.values:
                found |= self._judge(value, positive)
            return found
        if not isinstance(test, ast.Compare) or len(test.ops) != 1:
            return KeptOutputs(unknown=True)
        left = evaluate(self.scope, test.left)
        right = evaluate(self.scope, test.comparators[0])
        wanted = (ast.In, ast.Eq) if positive else (ast.NotIn, ast.NotEq)
        if not isinstance(test.ops[0], wanted) or not has(left, "index"):
            return KeptOutputs(unknown=True)
        numbers = frozenset(
            one.number for one in of_kind(joined([right, elements(right)]), "number")
        )
        if has(right, "save"):
            return KeptOutputs(saved=True, numbers=numbers)
        return KeptOutputs(numbers=numbers, unknown=not numbers)

    def _augmented(self, node: ast.AugAssign) -> None:
        target, value = evaluate(self.scope, node.target), evaluate(self.scope, node.value)
        if has(target, "save"):
            save_numbers(self.scope, value)
            return
        if isinstance(node.target, ast.Name):
            counts = has(target, "index") and isinstance(node.op, ast.Add)
            kept = target if counts or has(target, "list") else NOTHING
            self.scope.names[node.target.id] = kept

    def _assign(self, target: ast.expr, found: Meanings, value: ast.expr | None) -> None:
        if isinstance(target, ast.Name):
            self.scope.names[target.id] = self._in_role(target.id, found)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target.elts, found)
        elif isinstance(target, ast.Starred):
            self._assign(target.value, NOTHING, None)
        elif isinstance(target, ast.Attribute):
            self._assign_attribute(target, found)
        elif isinstance(target, ast.Subscript):
            evaluate(self.scope, target)

    def _in_role(self, name: str, found: Meanings) -> Meanings:
        role = self.scope.roles.get(name, NOTHING)
        if has(role, "save"):
            save_numbers(self.scope, found)
        return role or found

    def _unpack(self, targets: Sequence[ast.expr], found: Meanings) -> None:
        tuples = [one for one in of_kind(found, "tuple") if len(one.items) == len(targets)]
        loose = elements(frozenset(one for one in found if one.kind != "tuple"))
        for position, target in enumerate(targets):
            parts = [one.items[position] for one in tuples]
            self._assign(target, joined([loose, *parts]), None)

    def _assign_attribute(self, target: ast.Attribute, found: Meanings) -> None:
        holder = evaluate(self.scope, target.value)
        if (
            found & (LAYERS | SAVE)
            and isinstance(target.value, ast.Name)
            and not has(holder, "layer")
        ):
            self.scope.names[target.value.id] = holder | NETWORK
            holder = holder | NETWORK
        if has(holder, "network"):
            if has(self.knowledge.attributes.get(target.attr, NOTHING), "save"):
                save_numbers(self.scope, found)
            self.knowledge.add_attribute(target.attr, found)


def _holds_layer(item: Meanings) -> bool:
    return has(item, "layer") or any(
        has(part, "layer") for one in of_kind(item, "tuple") for part in one.items
    )


def _merged(ends: Sequence[_Env]) -> _Env:
    names = dict.fromkeys(name for end in ends for name in end)
    return {name: _either_of([end.get(name, NOTHING) for end in ends]) for name in names}


def _either_of(parts: Sequence[Meanings]) -> Meanings:
    first = parts[0]
    return first if all(part is first for part in parts) else joined(parts)
