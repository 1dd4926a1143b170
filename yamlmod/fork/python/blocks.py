"""Index a block of statements by the names it binds, for a search from the end."""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from yamlmod.fork.python.bindings import import_bindings

ScopeNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_TRY = (ast.Try, getattr(ast, "TryStar", ast.Try))
Submodules = Callable[[ast.stmt], Sequence[str]]


@dataclass(frozen=True, eq=False)
class StatementBlock:
    """Statements that run one after the other. ``names`` has the positions that bind each name."""

    statements: tuple[ast.stmt, ...]
    names: Mapping[str, Sequence[int]]
    stars: Sequence[int]
    parts: Mapping[int, BlockParts]

    def positions(self, name: str, also: int = -1) -> list[int]:
        """Return the statements that bind a name or import everything, the last first."""
        found = {*self.names.get(name, ()), *self.stars, also}
        return sorted(found - {-1}, reverse=True)

    def last_before(self, place: tuple[int, ...]) -> int:
        """Return the last statement that begins at a place of the text or before it; -1: none."""
        starts = [(node.lineno, node.col_offset) for node in self.statements]
        return bisect_right(starts, place[:2]) - 1


@dataclass(frozen=True, eq=False)
class BlockParts:
    """The blocks inside of a compound statement.

    Of an ``if`` or ``match``, ``choices`` are its branches with their tests (None: the last else);
    of a ``try``, ``body`` is followed by ``after`` (its else) or by one of ``handlers``, and by
    ``final``. The body of ``with`` runs, that of a loop may run or stop early (``loops``).
    """

    body: StatementBlock | None = None
    after: StatementBlock | None = None
    final: StatementBlock | None = None
    handlers: tuple[tuple[ast.ExceptHandler, StatementBlock], ...] = ()
    choices: tuple[tuple[ast.expr | None, StatementBlock], ...] = ()
    loops: bool = False

    def blocks(self) -> list[StatementBlock]:
        """Return all of them, in the order of the text."""
        found = [self.body, *(block for _, block in (*self.choices, *self.handlers))]
        return [one for one in (*found, self.after, self.final) if one is not None]


def block_of(
    statements: Sequence[ast.stmt], submodules: Submodules | None = None
) -> StatementBlock:
    """Return the index of a block; ``submodules`` are names that an import binds on its way."""
    names: defaultdict[str, list[int]] = defaultdict(list)
    stars: list[int] = []
    parts: dict[int, BlockParts] = {}
    for position, node in enumerate(statements):
        bound = {name for name, _ in bound_names(node)}
        if submodules is not None and isinstance(node, (ast.Import, ast.ImportFrom)):
            bound.update(submodules(node))
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            stars.append(position)
        inner = _parts(node, submodules)
        if inner is not None:
            parts[position] = inner
            bound.update(name for block in inner.blocks() for name in block.names)
            if any(block.stars for block in inner.blocks()):
                stars.append(position)
        for name in bound:
            names[name].append(position)
    return StatementBlock(tuple(statements), names, stars, parts)


def bound_names(node: ast.stmt) -> Iterator[tuple[str, ast.alias | None]]:
    """Yield the names that a statement itself binds or deletes, in order, blocks in it left out."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from zip(
            (name for name, _ in import_bindings(node)),
            (alias for alias in node.names if alias.name != "*"),
            strict=True,
        )
        return
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        for part in [*node.decorator_list, *_header(node)]:
            yield from _stored(part)
        yield node.name, None
        return
    if isinstance(node, ast.AnnAssign) and node.value is None:
        return
    for part in own_parts(node):
        yield from _stored(part)
    if isinstance(node, _TRY):
        for handler in getattr(node, "handlers", ()):
            if handler.name:
                yield handler.name, None
    if isinstance(node, ast.Match):
        for case in node.cases:
            for pattern in ast.walk(case.pattern):
                captured = getattr(pattern, "name", None) or getattr(pattern, "rest", None)
                if isinstance(captured, str):
                    yield captured, None


def own_parts(node: ast.stmt) -> Iterator[ast.AST]:
    """Yield the expressions of a statement that run where it is, not those of blocks in it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case)):
            yield child


def same_scope(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and what is in it, functions and classes not entered."""
    stack = [node]
    while stack:
        part = stack.pop()
        yield part
        if part is node or not isinstance(part, _SCOPES):
            stack.extend(ast.iter_child_nodes(part))


def runs(test: ast.expr | None) -> bool | None:
    """Check whether a branch with this test runs on import, None where that depends."""
    if test is None:
        return True
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = runs(test.operand)
        return None if inner is None else not inner
    text = ast.unparse(test) if isinstance(test, (ast.Name, ast.Attribute, ast.Compare)) else ""
    if text in ("TYPE_CHECKING", "typing.TYPE_CHECKING", "__name__ == '__main__'"):
        return False
    return {"__debug__": True, "sys.version_info[0] == 2": False}.get(text, _version(test))


def ends(block: StatementBlock) -> bool:
    """Check whether a block never comes to its end: it raises or leaves the program."""
    last = block.statements[-1] if block.statements else None
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        return ast.unparse(last.value.func) in ("sys.exit", "exit", "quit", "os._exit")
    return isinstance(last, (ast.Raise, ast.Return, ast.Continue, ast.Break))


def _version(test: ast.expr) -> bool | None:
    """Return the outcome of a test of the version that is one for every Python from 3.8 on."""
    if not isinstance(test, ast.Compare) or ast.unparse(test.left) != "sys.version_info":
        return None
    try:
        wanted = ast.literal_eval(test.comparators[0])
        least = tuple(wanted) <= (3, 8)
    except (ValueError, TypeError, SyntaxError):
        return None
    if not least or len(test.ops) != 1:
        return None
    return {ast.GtE: True, ast.Gt: True, ast.Lt: False}.get(type(test.ops[0]))


def _header(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> list[ast.AST]:
    if isinstance(node, ast.ClassDef):
        return [*node.bases, *(keyword.value for keyword in node.keywords)]
    return [
        *node.args.defaults,
        *(default for default in node.args.kw_defaults if default is not None),
    ]


def _stored(node: ast.AST) -> Iterator[tuple[str, None]]:
    if isinstance(node, ast.Constant):
        return
    comprehension = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    stack: list[tuple[ast.AST, bool]] = [(node, False)]
    while stack:
        part, hidden = stack.pop()
        if isinstance(part, ast.NamedExpr) and isinstance(part.target, ast.Name):
            yield part.target.id, None
            stack.append((part.value, hidden))
            continue
        if isinstance(part, ast.Name):
            # A comprehension keeps its own names, but not those that a walrus binds in it.
            if not isinstance(part.ctx, ast.Load) and not hidden:
                yield part.id, None
            continue
        if isinstance(part, _SCOPES):
            continue
        hidden = hidden or isinstance(part, comprehension)
        stack.extend((child, hidden) for child in ast.iter_child_nodes(part))


def _parts(node: ast.stmt, submodules: Submodules | None) -> BlockParts | None:
    def inner(body: Sequence[ast.stmt]) -> StatementBlock:
        return block_of(body, submodules)

    if isinstance(node, ast.If):
        branches: list[tuple[ast.expr | None, StatementBlock]] = []
        while True:
            branches.append((node.test, inner(node.body)))
            if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
                node = node.orelse[0]
                continue
            branches.append((None, inner(node.orelse)))
            return BlockParts(choices=tuple(branches))
    if isinstance(node, _TRY):
        handlers = tuple((handler, inner(handler.body)) for handler in node.handlers)
        return BlockParts(inner(node.body), inner(node.orelse), inner(node.finalbody), handlers)
    if isinstance(node, (ast.With, ast.AsyncWith)):
        suppresses = any("suppress" in ast.unparse(one.context_expr) for one in node.items)
        return BlockParts(inner(node.body), loops=suppresses)
    if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
        return BlockParts(inner(node.body), inner(node.orelse), loops=True)
    if isinstance(node, ast.Match):
        cases = [(ast.Name("case"), inner(case.body)) for case in node.cases]
        return BlockParts(choices=(*cases, (None, inner([]))))
    return None
