"""Read a parse function: its loop, names, branches and their parts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from yamlmod.errors import Refusal
from yamlmod.fork.python.comma_list import element_name
from yamlmod.fork.python.source import Source

Literal = ast.List | ast.Set | ast.Tuple
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
TABLES = {"backbone", "head"}


@dataclass(frozen=True)
class Names:
    """What the function calls the parts of a row, the channel list and the output channels."""

    index: str
    from_: str
    module: str
    args: str
    ch: str = "ch"
    c2: str = "c2"


@dataclass(frozen=True, eq=False)
class Function:
    """A parse function, read: the first-level chain is ``chain`` plus ``last_else``."""

    source: Source
    node: FunctionNode
    loop: ast.For
    names: Names
    chain: tuple[ast.If, ...]
    last_else: tuple[ast.stmt, ...]
    conv: Literal | None
    # The collection of C3, whose number of repeats goes into its args.
    repeats: Literal | None = None

    def else_offset(self) -> int:
        """Return where the line of the chain's last ``else`` begins."""
        source = self.source
        offset = source.line_end(source.end(self.chain[-1].body[-1]))
        while not source.text[offset:].lstrip(" \t\f").startswith("else"):
            offset = source.line_end(offset)
        return offset

    def channels_of_from(self) -> str | None:
        """Return how the last else, or else a branch, reads the channels of ``from``."""
        return next((self.source.segment(read) for read in self.single_reads(True)), None)

    def channels_in_list(self, item: str) -> str | None:
        """Return how a branch reads the channels of ``item``, one number of a list in ``from``."""
        for node in (part for branch in self.chain for part in ast.walk(branch)):
            if not isinstance(node, (ast.ListComp, ast.GeneratorExp)):
                continue
            target, read = node.generators[0].target, node.elt
            over = is_name(node.generators[0].iter, self.names.from_)
            if not over or not isinstance(target, ast.Name) or not isinstance(read, ast.Subscript):
                continue
            if is_name(read.value, self.names.ch) and _names_in(read.slice) == {target.id}:
                text = self.source.segment(read)
                return re.sub(rf"\b{re.escape(target.id)}\b", lambda _: item, text)
        return None

    def single_reads(self, last_else_first: bool = False) -> list[ast.Subscript]:
        """Return every ``ch[... f ...]`` outside comprehensions in the chain."""
        bodies: list[Sequence[ast.stmt]] = [branch.body for branch in self.chain]
        bodies = [self.last_else, *bodies] if last_else_first else [*bodies, self.last_else]
        return [
            node
            for body in bodies
            for statement in body
            for node in _outside_comprehensions(statement)
            if isinstance(node, ast.Subscript)
            and is_name(node.value, self.names.ch)
            and _names_in(node.slice) == {self.names.from_}
            and not any(isinstance(part, ast.Subscript) for part in ast.walk(node.slice))
        ]


@lru_cache(maxsize=16)
def read_functions(source: Source) -> tuple[Function, ...]:
    """Return the file's parse functions; a Refusal says what one of them lacks."""
    found = [
        (node, loop)
        for node in ast.walk(source.tree)
        if isinstance(node, FunctionNode)
        for loop in _loops(node)
    ]
    chains = [(node, loop) for node, loop in found if _chain(loop, node, source) is not None]
    if found and not chains:
        node, loop = found[0]
        raise Refusal(
            "no-chain",
            f"the loop of {node.name} tests no {_row(loop)[2]} in a chain of branches",
            place=source.place(loop),
            hint="yamlmod supports parse functions that branch on the module class",
        )
    return tuple(_function(source, node, loop) for node, loop in chains)


def is_name(node: ast.AST, name: str) -> bool:
    """Check whether a node is the plain name ``name``."""
    return isinstance(node, ast.Name) and node.id == name


def tested(test: ast.expr, module: str) -> Iterator[ast.expr]:
    """Yield what ``module`` is tested against: the right sides of ``m in x``, ``m is x``."""
    for node in ast.walk(test):
        if isinstance(node, ast.Compare) and is_name(node.left, module) and len(node.ops) == 1:
            yield node.comparators[0]


def literal_in(test: ast.expr, module: str) -> Literal | None:
    """Return the literal that ``m in ...`` tests, None for a test of another kind."""
    return next((x for x in tested(test, module) if isinstance(x, Literal)), None)


def _loops(node: FunctionNode) -> list[ast.For]:
    inner = {
        id(part)
        for one in ast.walk(node)
        if isinstance(one, FunctionNode) and one is not node
        for part in ast.walk(one)
    }
    return [
        loop
        for loop in ast.walk(node)
        if isinstance(loop, ast.For)
        and id(loop) not in inner
        and _row(loop)[2]
        and (_mentions_tables(loop.iter) or _mentions_tables(node))
    ]


def _mentions_tables(node: ast.AST) -> bool:
    constants = {
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }
    return constants >= TABLES


def _row(loop: ast.For) -> tuple[str, str, str, str]:
    """Return the loop's names of index, from, module and args; empty where it is no such loop."""
    target = loop.target
    index = ""
    if (
        isinstance(target, ast.Tuple)
        and len(target.elts) == 2
        and isinstance(target.elts[1], ast.Tuple)
    ):
        index, target = element_name(target.elts[0]), target.elts[1]
    if not isinstance(target, ast.Tuple) or len(target.elts) < 4:
        return "", "", "", ""
    names = [element_name(part) for part in target.elts]
    return index, names[0], names[2], names[3]


def _chain(loop: ast.For, scope: FunctionNode, source: Source) -> list[ast.If] | None:
    """Return the chain that tests the module: the one that holds Conv, else the longest."""
    module, args = _row(loop)[2:]
    chains = [_branches(node, source) for node in loop.body if isinstance(node, ast.If)]
    about = [
        chain
        for chain in chains
        if any(True for branch in chain for _ in tested(branch.test, module))
    ]
    for chain in about:
        if any(_conv_literal(branch, module, args, scope, source.tree) for branch in chain):
            return chain
    about = [chain for chain in about if len(chain) > 1]
    return max(about, key=len, default=None)


def _branches(node: ast.If, source: Source) -> list[ast.If]:
    chain = [node]
    while (
        len(chain[-1].orelse) == 1
        and isinstance(chain[-1].orelse[0], ast.If)
        and source.text.startswith("elif", source.start(chain[-1].orelse[0]))
    ):
        chain.append(chain[-1].orelse[0])
    return chain


def _function(source: Source, node: FunctionNode, loop: ast.For) -> Function:
    index, from_, module, args = _row(loop)
    chain = _chain(loop, node, source) or []
    conv, c2, ch, repeats = None, None, None, None
    for branch in chain:
        conv = _conv_literal(branch, module, args, node, source.tree)
        if conv is not None:
            c2, ch = _first_argument(branch, args), _indexed(branch.body, from_)
            repeats = _repeated_literal(branch, module, args, (node, source.tree))
            break
    last_else = tuple(chain[-1].orelse)
    ch = ch or _indexed(last_else, from_) or "ch"
    c2 = c2 or _assigned_channels(last_else, ch) or "c2"
    names = Names(index, from_, module, args, ch, c2)
    return Function(source, node, loop, names, tuple(chain), last_else, conv, repeats)


def _conv_literal(
    branch: ast.If, module: str, args: str, scope: ast.AST, tree: ast.Module
) -> Literal | None:
    """Return the collection with Conv that the branch tests, where its body reads args[0]."""
    if _first_argument(branch, args) is None:
        return None
    for literal in tested_literals(branch.test, module, (scope, tree)):
        if any(element_name(elt).rpartition(".")[2] == "Conv" for elt in literal.elts):
            return literal
    return None


def _repeated_literal(
    branch: ast.If, module: str, args: str, scopes: Sequence[ast.AST]
) -> Literal | None:
    """Return the collection whose members get the row's number by `args.insert(2, n)`."""
    for node in branch.body:
        if isinstance(node, ast.If) and any(_inserts(one, args) for one in node.body):
            return next(iter(tested_literals(node.test, module, scopes)), None)
    return None


def _inserts(node: ast.stmt, args: str) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "insert"
        and is_name(call.func.value, args)
        and len(call.args) == 2
        and isinstance(call.args[0], ast.Constant)
        and call.args[0].value == 2
    )


def tested_literals(test: ast.expr, module: str, scopes: Sequence[ast.AST]) -> Iterator[Literal]:
    """Yield the literals that the module is tested against, also behind a name; no empty ones."""
    for against in tested(test, module):
        literal = against if isinstance(against, Literal) else None
        if isinstance(against, ast.Name):
            found = (_named(against.id, scope) for scope in scopes)
            literal = next((one for one in found if one is not None), None)
        if literal is not None and literal.elts:
            yield literal


def _named(name: str, scope: ast.AST) -> Literal | None:
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and any(is_name(target, name) for target in node.targets):
            value = node.value
            if (
                isinstance(value, ast.Call)
                and len(value.args) == 1
                and element_name(value.func) in {"frozenset", "set", "tuple", "list"}
            ):
                value = value.args[0]
            if isinstance(value, Literal):
                return value
    return None


def _first_argument(branch: ast.If, args: str) -> str | None:
    """Return the name that the branch's body gives ``args[0]`` to."""
    for node in branch.body:
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target, value = node.targets[0], node.value
        pairs = [(target, value)]
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            pairs = list(zip(target.elts, value.elts, strict=False))
        for left, right in pairs:
            if (
                isinstance(left, ast.Name)
                and isinstance(right, ast.Subscript)
                and is_name(right.value, args)
                and _is_zero(right.slice)
            ):
                return left.id
    return None


def _is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0 and node.value is not False


def _indexed(body: Sequence[ast.stmt], from_: str) -> str | None:
    """Return the list that is indexed by ``from``: the channels."""
    for statement in body:
        for node in _outside_comprehensions(statement):
            if (
                isinstance(node, ast.Subscript)
                and isinstance(node.value, ast.Name)
                and from_ in _names_in(node.slice)
            ):
                return node.value.id
    return None


def _assigned_channels(body: Sequence[ast.stmt], ch: str) -> str | None:
    for node in body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Subscript)
            and is_name(node.value.value, ch)
        ):
            return node.targets[0].id
    return None


def _names_in(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _outside_comprehensions(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    if not isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.Lambda)):
        for child in ast.iter_child_nodes(node):
            yield from _outside_comprehensions(child)
