"""Decide whether the value of an expression follows from the seed of a training."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from yamlmod.fork.python.answers import Definition, OutsideTree
from yamlmod.fork.python.import_graph import ImportGraph
from yamlmod.fork.seeds.reach import CallReach, FunctionNode, IsWanted

# The same in every training with one process, whatever its seed is.
_SAME = ("rank", "world_size", "worker_id")
_PURE = frozenset({"int", "abs", "min", "max", "sum", "round", "hash", "str", "float", "len"})
_SAME_CALLS = ("os.getenv", "os.environ.get", "torch.cuda.device_count", "os.cpu_count")
_DEEPEST = 6
_MOST_STEPS = 1_000_000  # nodes of syntax trees, each as often as it is looked at


class Steps:
    """What is left to look at: a script may call so that every level multiplies the work."""

    def __init__(self) -> None:
        self.left = _MOST_STEPS
        self._reaches: dict[IsWanted, CallReach] = {}

    @property
    def are_used_up(self) -> bool:
        return self.left < 0

    def reach(self, is_wanted: IsWanted) -> CallReach:
        """Return which functions come to such a call; what it has read is kept."""
        return self._reaches.setdefault(is_wanted, CallReach(is_wanted))

    def are_left(self, taken: int = 1) -> bool:
        """Take steps. After the last one nothing more is known."""
        self.left -= taken
        return self.left >= 0


class SeedScope(NamedTuple):
    """Where an expression is: a function, and what its parameters follow from."""

    graph: ImportGraph
    path: str
    steps: Steps
    function: FunctionNode | None = None
    parameters: Mapping[str, bool | None] = {}
    # Whether torch's own seed follows from the run's: in the main process, or in a worker.
    torch: bool | None = None
    depth: int = 0

    @property
    def body(self) -> list[ast.stmt]:
        if self.function is not None:
            return self.function.body
        source = self.graph.source(self.path)
        return source.tree.body if source else []

    @property
    def nodes(self) -> list[ast.AST]:
        """Return the nodes of its own statements in their order; none after too many steps."""
        nodes = own_nodes(self.body) if self.steps.are_left() else []
        return nodes if self.steps.are_left(len(nodes)) else []

    def leads_to(self, definition: Definition, is_wanted: IsWanted) -> bool:
        """Check whether a function of the tree comes to such a call: else it is not followed."""
        if not isinstance(definition.node, FunctionNode):
            return False
        called = SeedScope(self.graph, definition.path, self.steps, definition.node)
        return self.steps.reach(is_wanted)(called)

    def call(self, definition: Definition, call: ast.Call) -> SeedScope | None:
        """Return the scope of a function of the tree that is called from here."""
        node = definition.node
        if not isinstance(node, FunctionNode) or self.depth > _DEEPEST:
            return None
        if not self.steps.are_left():
            return None
        return SeedScope(
            self.graph,
            definition.path,
            self.steps,
            node,
            _bound(self, node, call),
            self.torch,
            self.depth + 1,
        )


def any_of(values: Iterable[bool | None]) -> bool | None:
    """Return True if one is, None if one is not known, else False."""
    known = list(values)
    return True if True in known else None if None in known else False


def depends(scope: SeedScope, value: ast.expr) -> bool | None:
    """Return whether a value follows from the seed; None where the text does not say."""
    if not scope.steps.are_left():
        return None
    if isinstance(value, ast.Constant):
        return False
    if isinstance(value, ast.Attribute):
        return _attribute(scope, value)
    if isinstance(value, ast.Subscript):
        key = value.slice
        return _is_seed(key.value) if isinstance(key, ast.Constant) else None
    if isinstance(value, ast.Name):
        return _name(scope, value)
    if isinstance(value, ast.Call):
        return _call(scope, value)
    if isinstance(value, (ast.BinOp, ast.UnaryOp, ast.IfExp, ast.BoolOp, ast.Tuple, ast.Compare)):
        parts = (part for part in ast.iter_child_nodes(value) if isinstance(part, ast.expr))
        return any_of(depends(scope, part) for part in parts)
    return None


def _attribute(scope: SeedScope, value: ast.Attribute) -> bool | None:
    if isinstance(value.value, ast.Call) and "worker_info" in ast.unparse(value.value):
        return scope.torch
    if _is_seed(value.attr):
        return True
    return False if value.attr.lower().endswith(_SAME) else None


def _name(scope: SeedScope, value: ast.Name) -> bool | None:
    if scope.depth > _DEEPEST:
        return None
    assigned = _assigned(scope.nodes, value.id, value.lineno)
    if assigned:
        return depends(scope._replace(depth=scope.depth + 1), assigned[-1])
    if scope.function is not None and value.id in scope.parameters:
        return scope.parameters[value.id]
    if value.id.lower().endswith(_SAME):
        return False
    if scope.function is not None and _has_parameter(scope.function, value.id):
        return None
    answer = scope.graph.denotes(scope.path, value.id)
    if isinstance(answer, Definition) and isinstance(answer.node, (ast.Assign, ast.AnnAssign)):
        if answer.node.value is None:
            return None
        home = scope._replace(path=answer.path, function=None, parameters={}, depth=scope.depth + 1)
        return depends(home, answer.node.value)
    return None


def _call(scope: SeedScope, value: ast.Call) -> bool | None:
    text = ast.unparse(value.func)
    arguments = [*value.args, *(keyword.value for keyword in value.keywords)]
    answer = scope.graph.denotes_node(scope.path, value.func)
    if text.endswith("initial_seed"):
        # A generator's own seed is what it was given before.
        is_torch = isinstance(answer, OutsideTree) and answer.dotted.startswith("torch.")
        return scope.torch if is_torch or text == "__import__('torch').initial_seed" else False
    if text in _PURE or text.rpartition(".")[2] in ("int64", "uint32", "item"):
        return any_of(depends(scope, argument) for argument in arguments)
    if text in _SAME_CALLS or text.endswith("get_rank"):
        return False
    if isinstance(answer, OutsideTree) and answer.dotted in _SAME_CALLS:
        return False
    return True if any(depends(scope, argument) for argument in arguments) else None


def _is_seed(name: object) -> bool:
    return isinstance(name, str) and name.lower().endswith("seed")


def _assigned(nodes: Sequence[ast.AST], name: str, line: int) -> list[ast.expr]:
    """Return what a name is assigned above a line, in a function's own statements."""
    found = []
    for node in nodes:
        if not isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = any(isinstance(target, ast.Name) and target.id == name for target in targets)
        if names and node.value is not None and node.lineno < line:
            found.append(node.value)
    return found


def own_nodes(body: Sequence[ast.stmt]) -> list[ast.AST]:
    """Return the nodes of statements in their order, without functions and classes in them."""
    found: list[ast.AST] = []
    waiting: list[ast.AST] = list(reversed(body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, FunctionNode | ast.ClassDef | ast.Lambda):
            continue
        found.append(node)
        waiting += list(ast.iter_child_nodes(node))[::-1]
    return found


def _has_parameter(function: FunctionNode, name: str) -> bool:
    return any(argument.arg == name for argument in _arguments(function))


def _arguments(function: FunctionNode) -> list[ast.arg]:
    given = function.args
    return [*given.posonlyargs, *given.args, *given.kwonlyargs]


def _bound(scope: SeedScope, function: FunctionNode, call: ast.Call) -> dict[str, bool | None]:
    """Return what each parameter follows from: what the call passes, else its default."""
    positional = [*function.args.posonlyargs, *function.args.args]
    if positional and positional[0].arg in ("self", "cls"):
        positional = positional[1:]
    found: dict[str, bool | None] = {}
    defaults = function.args.defaults
    pairs = zip(positional[len(positional) - len(defaults) :], defaults, strict=False)
    keyword_only = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    for argument, default in [*pairs, *keyword_only]:
        if default is not None:
            found[argument.arg] = depends(scope, default)
    if any(isinstance(value, ast.Starred) for value in call.args):
        return {argument.arg: None for argument in positional}
    for argument, value in zip(positional, call.args, strict=False):
        found[argument.arg] = depends(scope, value)
    for keyword in call.keywords:
        if keyword.arg is not None:
            found[keyword.arg] = depends(scope, keyword.value)
    return found
