"""Evaluate a module's ``__all__`` in every form that its text determines."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from yamlmod.fork.python.answers import Definition
from yamlmod.fork.python.blocks import StatementBlock, block_of, own_parts, runs, same_scope
from yamlmod.fork.python.parsed import ParsedFile

if TYPE_CHECKING:
    from yamlmod.fork.python.lookup import Lookup

_COPIES = {"list", "tuple", "sorted", "set", "frozenset"}
_DEPTH = 30


@dataclass(frozen=True)
class NameList:
    """The names of ``__all__``. Where ``reason`` is set, others may be in it, or some may not."""

    names: tuple[str, ...] = ()
    reason: str = ""


# What another name list that is read denotes: `sub.__all__`, or a plain name's value at a line.
ReadOther = Callable[[ast.expr], "NameList | None"]
Position = tuple[int, ...]


def read_name_list(
    block: StatementBlock, read_other: ReadOther, before: Position | None = None
) -> NameList | None:
    """Return the ``__all__`` that a module's statements make, None where they make none."""
    if "__all__" not in block.names and not any(map(_touches, block.statements)):
        return None
    return _Evaluator(read_other, before).block(block, None)


class NameLists:
    """The lists of all modules, each evaluated once for every place it is read at."""

    def __init__(self, lookup: Lookup):
        self.lookup = lookup
        self._lists: dict[tuple[str, Position | None], NameList | None] = {}

    def forget(self) -> None:
        """Drop the lists there are."""
        self._lists.clear()

    def of(self, path: str, stop: Position | None = None) -> NameList | None:
        """Return a module's ``__all__``, None where it has none."""
        key = (path, stop)
        if key not in self._lists:
            file = self.lookup.parsed.get(path)
            if isinstance(file, str):
                return NameList((), file)
            self._lists[key] = NameList((), f"{path} builds it from itself")
            self._lists[key] = read_name_list(
                file.block, lambda node: self._other(file, node), stop
            )
        return self._lists[key]

    def _other(self, file: ParsedFile, node: ast.expr) -> NameList | None:
        """Return the names that an expression in an ``__all__`` holds, None where unclear."""
        if isinstance(node, ast.Attribute) and node.attr == "__all__":
            whole = self.lookup.expression(file.path, node.value)
            if isinstance(whole, Definition) and whole.kind == "module" and whole.node is not None:
                return self.of(whole.path)
            return None
        if not isinstance(node, (ast.Name, ast.Attribute)):
            return None
        at = (node.lineno, node.col_offset + 1) if isinstance(node, ast.Name) else None
        answer = self.lookup.expression(file.path, node, at)
        if not isinstance(answer, Definition) or answer.conditional:
            return None
        if answer.name == "__all__" and answer.path != file.path:
            return self.of(answer.path)
        value = getattr(answer.node, "value", None)
        where = self.lookup.parsed.get(answer.path)
        if not isinstance(value, (ast.List, ast.Tuple, ast.Set)) or isinstance(where, str):
            return None
        if answer.kind != "assignment" or len(where.block.names.get(answer.name, ())) != 1:
            return None
        assigned = ast.Assign([ast.Name("__all__", ast.Store())], value, lineno=1, col_offset=0)
        return read_name_list(block_of([assigned]), lambda _: None)


class _Evaluator:
    def __init__(self, read_other: ReadOther, before: Position | None):
        self.read_other = read_other
        self.before = before

    def block(self, block: StatementBlock, value: NameList | None) -> NameList | None:
        for position, node in enumerate(block.statements):
            if self.before is not None and (node.lineno, node.col_offset) >= self.before[:2]:
                break
            if position in block.parts:
                value = self.compound(block, position, value)
            else:
                value = self.statement(node, value)
        return value

    def compound(
        self, block: StatementBlock, position: int, value: NameList | None
    ) -> NameList | None:
        parts = block.parts[position]
        if not any(map(_touches, (s for one in parts.blocks() for s in one.statements))):
            return value
        if parts.choices:
            results: list[NameList | None] = []
            for test, branch in parts.choices:
                outcome = runs(test)
                if outcome is not False:
                    results.append(self.block(branch, value))
                if outcome:
                    break
            return _merged(results)
        line = block.statements[position].lineno
        results = [value, *(self.block(one, value) for one in parts.blocks())]
        if not parts.loops and not parts.handlers and parts.body is not None:
            return results[1]
        merged = _merged(results)
        return NameList(merged.names, f"line {line} changes __all__") if merged else None

    def statement(self, node: ast.stmt, value: NameList | None) -> NameList | None:
        if isinstance(node, ast.Assign) and any(map(_is_all, node.targets)):
            return self.expression(node.value, value)
        if isinstance(node, ast.AnnAssign) and _is_all(node.target) and node.value is not None:
            return self.expression(node.value, value)
        if isinstance(node, ast.AugAssign) and _is_all(node.target):
            return _added(value or NameList(), self.expression(node.value, value))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            return self.method(node.value, value)
        if isinstance(node, ast.Delete) and any(map(_is_all, node.targets)):
            return None
        if isinstance(node, ast.ImportFrom) and any(
            (name.asname or name.name) == "__all__" for name in node.names
        ):
            return self.read_other(ast.copy_location(ast.Name("__all__", ast.Load()), node)) or (
                NameList((), f"line {node.lineno} imports __all__")
            )
        if _touches(node):
            return NameList((value or NameList()).names, f"line {node.lineno} changes __all__")
        return value

    def method(self, call: ast.Call, value: NameList | None) -> NameList | None:
        method = call.func
        if not isinstance(method, ast.Attribute) or not _is_all(method.value):
            return value if not _touches(ast.Expr(call)) else _doubtful(value, call)
        old = value or NameList()
        given = call.args[0] if len(call.args) == 1 else None
        if given is None:
            return old if method.attr in ("sort", "reverse") else _doubtful(old, call)
        if method.attr == "extend":
            return _added(old, self.expression(given, value))
        literal = given.value if isinstance(given, ast.Constant) else None
        if isinstance(literal, str) and method.attr == "append":
            return NameList((*old.names, literal), old.reason)
        if isinstance(literal, str) and method.attr == "remove":
            return NameList(tuple(name for name in old.names if name != literal), old.reason)
        return _doubtful(old, call)

    def expression(self, node: ast.expr, value: NameList | None, depth: int = 0) -> NameList:
        reason = f"`{_short(node)}` in line {node.lineno} is not evaluated"
        if depth > _DEPTH:
            return NameList((), reason)
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return self.elements(node.elts, value, depth)
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.BitOr)):
            left = self.expression(node.left, value, depth + 1)
            return _added(left, self.expression(node.right, value, depth + 1))
        if isinstance(node, ast.Call):
            return self.call(node, value, depth) or NameList((), reason)
        if isinstance(node, ast.Name) and node.id == "__all__" and value is not None:
            return value
        if isinstance(node, ast.Dict) and None not in node.keys:
            return self.elements([key for key in node.keys if key is not None], value, depth)
        return self.read_other(node) or NameList((), reason)

    def call(self, node: ast.Call, value: NameList | None, depth: int) -> NameList | None:
        called = node.func
        if isinstance(called, ast.Name) and called.id in _COPIES and len(node.args) <= 1:
            return self.expression(node.args[0], value, depth + 1) if node.args else NameList()
        if isinstance(called, ast.Attribute) and called.attr in ("split", "copy", "keys"):
            text = called.value.value if isinstance(called.value, ast.Constant) else None
            if isinstance(text, str) and called.attr == "split" and not node.args:
                return NameList(tuple(text.split()))
            if called.attr != "split":
                return self.expression(called.value, value, depth + 1)
        return None

    def elements(self, nodes: Sequence[ast.expr], value: NameList | None, depth: int) -> NameList:
        result = NameList()
        for node in nodes:
            if isinstance(node, ast.Starred):
                result = _added(result, self.expression(node.value, value, depth + 1))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                result = NameList((*result.names, node.value), result.reason)
            elif isinstance(node, ast.Attribute) and node.attr == "__name__":
                result = NameList((*result.names, ast.unparse(node.value)), result.reason)
            else:
                reason = f"`{_short(node)}` in line {node.lineno} is not evaluated"
                result = NameList(result.names, result.reason or reason)
        return result


def _added(left: NameList, right: NameList) -> NameList:
    names = tuple(dict.fromkeys((*left.names, *right.names)))
    return NameList(names, left.reason or right.reason)


def _merged(results: Sequence[NameList | None]) -> NameList | None:
    different = {(result.names, result.reason) if result else None for result in results}
    if len(different) == 1:
        return results[0]
    names = dict.fromkeys(name for result in results if result for name in result.names)
    return NameList(tuple(names), "__all__ depends on a condition")


def _doubtful(value: NameList | None, node: ast.expr) -> NameList:
    return NameList((value or NameList()).names, f"`{_short(node)}` in line {node.lineno}")


def _is_all(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "__all__"


def _touches(node: ast.stmt) -> bool:
    """Check whether a statement may change ``__all__``, functions left out."""
    if isinstance(node, ast.ImportFrom):
        return any((name.asname or name.name) == "__all__" for name in node.names)
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return False
    if isinstance(node, ast.Expr):
        call = node.value
        return isinstance(call, ast.Call) and any(map(_is_all, same_scope(call)))
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Delete)):
        targets = node.targets if isinstance(node, (ast.Assign, ast.Delete)) else [node.target]
        return any(map(_is_all, (part for target in targets for part in ast.walk(target))))
    inner = [one for one in ast.iter_child_nodes(node) if isinstance(one, ast.stmt)]
    inner += [s for h in getattr(node, "handlers", ()) for s in h.body]
    own = any(map(_is_all, (part for one in own_parts(node) for part in same_scope(one))))
    return own or any(map(_touches, inner))


def _short(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 40 else f"{text[:37]}..."
