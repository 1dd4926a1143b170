"""Follows a name through the statements that bind it, from the last one backwards."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from dataclasses import dataclass, field

from yamlmod.fork.python.answers import (
    Answer,
    Definition,
    DefinitionKind,
    Hop,
    Missing,
    OutsideTree,
    Unknown,
    joined,
    with_hop,
)
from yamlmod.fork.python.attempts import Attempts
from yamlmod.fork.python.blocks import Block, Parts, block_of, bound_names, ends, runs, same_scope
from yamlmod.fork.python.modules import Elsewhere, Module, Modules, NoModule
from yamlmod.fork.python.name_list import NameList, read_name_list
from yamlmod.fork.python.parsed import Parsed, ParsedFiles

Position = tuple[int, int]
Outcomes = list[Answer | None]
_BUILTINS = frozenset(dir(builtins))
_OF_MODULES = frozenset(
    {"__file__", "__name__", "__doc__", "__package__", "__spec__", "__loader__", "__builtins__"}
    | {"__path__", "__dict__", "__cached__", "__annotations__"}
)
_DEPTH, _STEPS = 40, 40_000
_NOT_THERE = Missing("")


class TooLongError(Exception):
    """A question would take more steps than the limit."""


class OrderMattersError(Exception):
    """An import of everything may run in a circle: what it brings depends on the order."""


@dataclass
class Stops:
    """How far a module had come when another imported from it; without an entry it was complete.

    The walk in import order fills it. ``ordered`` is False where no walk has been made.
    """

    ordered: bool = False
    at: dict[tuple[str, Position, str], Position] = field(default_factory=dict)

    def of(self, importer: str, node: ast.stmt, path: str) -> Position | None:
        """Return where the module ``path`` was when the importer's statement ran."""
        return self.at.get((importer, (node.lineno, node.col_offset), path))


class Lookup:
    """Answers for one order of imports; ``stops`` tells what was half done when."""

    def __init__(
        self,
        parsed: ParsedFiles,
        modules: Modules,
        stops: Stops,
        may_import: Callable[[str, str], bool],
    ):
        self.may_import = may_import
        self.parsed = parsed
        self.modules = modules
        self.stops = stops
        self.attempts = Attempts(self)
        self.steps = 0
        self._depth = 0
        self._done: dict[tuple[str, str, Position | None], Answer] = {}
        self._under_way: set[tuple[str, str, Position | None]] = set()
        self._cut: set[tuple[str, str, Position | None]] = set()
        self._lists: dict[tuple[str, Position | None], NameList | None] = {}
        self._blocks: dict[int, Block] = {}

    def visible(self, path: str, name: str, position: Position | None) -> Answer:
        """Return what a plain name denotes at a position of a file; None: at the end of it."""
        file = self.parsed.get(path)
        if isinstance(file, str):
            return Unknown(file)
        scopes = file.scopes(position) if position else []
        inner, deferred = True, False
        for node in reversed(scopes):
            if isinstance(node, ast.ClassDef) and not inner:
                continue
            is_function = not isinstance(node, ast.ClassDef)
            answer = self._local(file, node, name, position if inner else None)
            if answer is not None:
                return answer
            inner, deferred = False, deferred or is_function
        return self.of_module(path, name, None if deferred else position, with_builtins=True)

    def of_module(
        self, path: str, name: str, stop: Position | None, with_builtins: bool = False
    ) -> Answer:
        """Return what a name of a module's own namespace denotes when it has come to ``stop``."""
        key = (path, name, stop)
        answer = self._done.get(key)
        if answer is None:
            if key in self._under_way:
                self._cut.add(key)
                return Missing(f"{path} gets {name} from a file that imports it from {path}")
            self._enter(path)
            self._under_way.add(key)
            try:
                answer = self._of_module(path, name, stop)
            finally:
                self._under_way.discard(key)
                self._depth -= 1
            self._cut.discard(key)
            if not self._cut:
                self._done[key] = answer
        if with_builtins and name in _BUILTINS:
            if isinstance(answer, Missing):
                return OutsideTree(f"builtins.{name}")
            if isinstance(answer, Definition) and answer.conditional:
                return joined([answer, OutsideTree(f"builtins.{name}")], _NOT_THERE)
        return answer

    def member(self, answer: Answer, name: str, importer: str, node: ast.AST | None) -> Answer:
        """Return what the attribute of something denotes."""
        if isinstance(answer, OutsideTree):
            return OutsideTree(f"{answer.dotted}.{name}", answer.hops, answer.conditional)
        if isinstance(answer, Missing):
            return answer
        if isinstance(answer, Unknown):
            return Unknown(answer.reason, answer.hops)
        if answer.kind == "module":
            return self._of_part(answer, name, importer, node)
        if answer.kind == "class" and isinstance(answer.node, ast.ClassDef):
            return self._of_class(answer, answer.node, name)
        return Unknown(f"{answer.path}:{answer.line}: {answer.name} is a value", answer.hops)

    def module_answer(self, importer: str, dotted: str, level: int, hop: Hop | None) -> Answer:
        """Return the answer that stands for a whole module."""
        place = self.modules.find(importer, dotted, level)
        hops = (hop,) if hop is not None else ()
        if isinstance(place, Elsewhere):
            return OutsideTree(place.dotted, hops)
        if isinstance(place, NoModule):
            return Missing(place.why, "ModuleNotFoundError", hops)
        return _as_module(place, hops)

    def from_module(self, importer: str, node: ast.ImportFrom, name: str) -> Answer:
        """Return what `from MODULE import NAME` in a file brings."""
        hop = hop_of(importer, node, name)
        whole = self.module_answer(importer, node.module or "", node.level, hop)
        if not isinstance(whole, Definition):
            return self.member(whole, name, importer, node)
        place = self.modules.find(importer, node.module or "", node.level)
        if not isinstance(place, Module):
            return whole
        stop = self.stops.of(importer, node, place.path)
        answer = _NOT_THERE if place.is_folder else self.of_module(place.path, name, stop)
        if isinstance(answer, Missing):
            inner = self.modules.submodule(place, name)
            if inner is not None:
                return _as_module(inner, (hop,))
            if place.is_folder:
                return OutsideTree(f"{place.path.replace('/', '.')}.{name}", (hop,))
            why = f"cannot import name '{name}' from {place.path}"
            if stop is not None:
                why += ", which is only partly imported then (circular import)"
            return Missing(why, "ImportError", (hop, *answer.hops))
        return with_hop(answer, hop)

    def name_list(self, path: str, stop: Position | None = None) -> NameList | None:
        """Return a module's ``__all__``, None where it has none."""
        key = (path, stop)
        if key not in self._lists:
            file = self.parsed.get(path)
            if isinstance(file, str):
                return NameList((), file)
            self._lists[key] = NameList((), f"{path} builds it from itself")
            self._lists[key] = read_name_list(
                file.block, lambda node: self._other_list(file, node), stop
            )
        return self._lists[key]

    def star(self, importer: str, node: ast.ImportFrom, name: str) -> Outcomes:
        """Return what an import of everything binds a name to; None: it may not bind it."""
        place = self.modules.find(importer, node.module or "", node.level)
        hop = hop_of(importer, node, "*")
        if isinstance(place, NoModule):
            return [None]
        if isinstance(place, Elsewhere):
            if name.startswith("_"):
                return [None]
            reason = f"{hop.path}:{hop.line} imports everything from {place.dotted}"
            return [Unknown(reason, (hop,), maybe_missing=True), None]
        if place.is_folder or place.path == importer:
            return [None]
        if not self.stops.ordered and self.may_import(place.path, importer):
            raise OrderMattersError(place.path)
        stop = self.stops.of(importer, node, place.path)
        listed = self.name_list(place.path, stop)
        if listed is None and name.startswith("_"):
            return [None]
        if listed is not None and not listed.reason and name not in listed.names:
            return [None]
        answer = self.of_module(place.path, name, stop)
        inner = self.modules.submodule(place, name)
        if isinstance(answer, Missing) and listed is not None and inner is not None:
            answer = _as_module(inner, ())
        if isinstance(answer, Missing):
            return [None]
        answer = with_hop(answer, hop)
        sure = listed is None or name in listed.names
        return [answer] if sure and not _may_lack(answer) else [answer, None]

    def _enter(self, path: str) -> None:
        self.steps += 1
        self._depth += 1
        if self._depth > _DEPTH or self.steps > _STEPS:
            self._depth -= 1
            raise TooLongError(path)

    def _of_module(self, path: str, name: str, stop: Position | None) -> Answer:
        file = self.parsed.get(path)
        if isinstance(file, str):
            return Unknown(file)
        outcomes = self._scan(file, file.block, name, stop)
        answer = joined(outcomes, Missing(f"name '{name}' is not defined in {path}"))
        if None in outcomes or isinstance(answer, Missing):
            if name in file.set_by_functions:
                line = file.set_by_functions[name]
                return Unknown(f"a function sets it ({path}:{line})")
            if isinstance(answer, Missing) and name in _OF_MODULES:
                return OutsideTree(f"types.ModuleType.{name}")
            if isinstance(answer, Missing) and file.dynamic:
                return Unknown(file.dynamic, answer.hops, maybe_missing=True)
        return answer

    def _scan(self, file: Parsed, block: Block, name: str, stop: Position | None) -> Outcomes:
        """Return what the block's statements before ``stop`` leave a name bound to."""
        found: Outcomes = []
        for position in block.positions(name):
            node = block.statements[position]
            if stop is not None and (node.lineno, node.col_offset) >= stop:
                continue
            parts = block.parts.get(position)
            outcomes = self._simple(file, node, name)
            if parts is not None:
                outcomes = self._compound(file, node, parts, name, stop, outcomes)
            found += [one for one in outcomes if one is not None]
            if None not in outcomes:
                return found
        return [*found, None]

    def _compound(
        self,
        file: Parsed,
        node: ast.stmt,
        parts: Parts,
        name: str,
        stop: Position | None,
        own: Outcomes,
    ) -> Outcomes:
        if stop is not None and stop <= (node.end_lineno or 0, node.end_col_offset or 0):
            for block in parts.blocks():
                if _holds(block, stop):
                    return [*self._scan(file, block, name, stop), None]
        if parts.choices:
            return self._choices(file, parts, name)
        if parts.handlers:
            return self.attempts.outcomes(file, parts, name)
        outcomes: Outcomes = []
        for part in (parts.final, parts.after, parts.body):
            if part is not None and None in (outcomes or [None]):
                inner = self._scan(file, part, name, None)
                outcomes = [*(one for one in outcomes if one is not None), *inner]
        if parts.loops:
            outcomes.append(None)
        if None in outcomes:  # the names that the statement itself binds come first
            outcomes = [*(one for one in outcomes if one is not None), *own]
        return outcomes

    def _choices(self, file: Parsed, parts: Parts, name: str) -> Outcomes:
        outcomes: Outcomes = []
        for test, block in parts.choices:
            outcome = runs(test)
            if outcome is not False and not ends(block):
                outcomes += self._scan(file, block, name, None)
            if outcome:
                break
        return outcomes or [None]

    def scan(self, file: Parsed, block: Block, name: str) -> Outcomes:
        """Return what a whole block leaves a name bound to; None: it may leave it alone."""
        return self._scan(file, block, name, None)

    def _simple(self, file: Parsed, node: ast.stmt, name: str) -> Outcomes:
        """Return what a statement itself, blocks in it left out, binds a name to."""
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            outcomes = self.star(file.path, node, name)
            return (
                outcomes
                if None not in outcomes
                else [*outcomes[:-1], *self._by_way(file, node, name)]
            )
        aliases = [alias for bound, alias in bound_names(node) if bound == name]
        if not aliases:
            return self._by_way(file, node, name)
        if isinstance(node, ast.Delete):
            return [Missing(f"{file.path}:{node.lineno} deletes '{name}'")]
        alias = aliases[-1]
        if isinstance(node, ast.ImportFrom) and alias is not None:
            return [self.from_module(file.path, node, alias.name)]
        if isinstance(node, ast.Import) and alias is not None:
            dotted = alias.name if alias.asname else alias.name.partition(".")[0]
            whole = self.module_answer(file.path, alias.name, 0, hop_of(file.path, node))
            if isinstance(whole, Missing) or dotted == alias.name:
                return [whole]
            return [self.module_answer(file.path, dotted, 0, hop_of(file.path, node))]
        return [self._assigned(file, node, name)]

    def _by_way(self, file: Parsed, node: ast.stmt, name: str) -> Outcomes:
        """Return the submodule that an import in a package's ``__init__`` binds by the way."""
        submodules = self.parsed.submodules
        if submodules is None or not isinstance(node, (ast.Import, ast.ImportFrom)):
            return [None]
        if not file.path.endswith("__init__.py") or name not in submodules(file.path, node):
            return [None]
        hop = hop_of(file.path, node, name)
        inner = self.modules.submodule(Module(file.path), name)
        return [None] if inner is None else [_as_module(inner, (hop,))]

    def _assigned(self, file: Parsed, node: ast.stmt, name: str) -> Answer:
        kind: DefinitionKind = "assignment"
        if isinstance(node, ast.ClassDef):
            kind = "class"
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            kind = "function"
        own = Definition(file.path, kind, name, node.lineno, node)
        value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
        targets = node.targets if isinstance(node, ast.Assign) else []
        plain = isinstance(node, ast.AnnAssign) or all(isinstance(t, ast.Name) for t in targets)
        if plain and isinstance(value, (ast.Name, ast.Attribute)):
            answer = self.expression(file.path, value, (node.lineno, node.col_offset))
            if isinstance(answer, Missing):
                return with_hop(answer, hop_of(file.path, node))
            if not isinstance(answer, Unknown) and not _is_value(answer):
                return with_hop(answer, hop_of(file.path, node))
        return own

    def expression(self, path: str, node: ast.expr, at: Position | None = None) -> Answer:
        """Return what a dotted name in the text of a file denotes where it stands."""
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return Unknown(f"{path}:{node.lineno}: `{ast.unparse(node)[:40]}` is not evaluated")
        self._enter(path)
        try:
            answer = self.visible(path, node.id, at or (node.lineno, node.col_offset))
        finally:
            self._depth -= 1
        for name in reversed(names):
            answer = self.member(answer, name, path, node)
        return answer

    def _local(
        self, file: Parsed, node: ast.AST, name: str, position: Position | None
    ) -> Answer | None:
        """Return what a name denotes in a function or class, None where it is not its own."""
        body: list[ast.stmt] = getattr(node, "body", [])
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            arguments = node.args
            given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            given += [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
            for part in body if "global" in file.source.segment(node) else ():
                if any(isinstance(p, ast.Global) and name in p.names for p in same_scope(part)):
                    return None
        else:
            given = []
        block = self._blocks.get(id(node))
        if block is None:
            block = self._blocks[id(node)] = block_of(body)
        if name not in block.names:
            if any(one.arg == name for one in given):
                return Unknown(f"{name} is a parameter of {getattr(node, 'name', 'a function')}")
            return None
        outcomes = self._scan(file, block, name, position)
        if isinstance(node, ast.ClassDef):
            return None if all(o is None for o in outcomes) else joined(outcomes, _NOT_THERE)
        if any(one.arg == name for one in given) and None in outcomes:
            return Unknown(f"{name} is a parameter of {getattr(node, 'name', 'a function')}")
        if all(one is None for one in outcomes):
            return Unknown(f"{name} is a local name that has no value yet")
        return joined(outcomes, _NOT_THERE)

    def _of_part(
        self, module: Definition, name: str, importer: str, node: ast.AST | None
    ) -> Answer:
        place = Module(module.path, is_folder=not module.path.endswith(".py"))
        answer: Answer = Missing(
            f"module {module.path} has no attribute '{name}'", "AttributeError"
        )
        if not place.is_folder:
            answer = self.of_module(module.path, name, None)
        if isinstance(answer, Missing):
            inner = self.modules.submodule(place, name)
            if inner is not None:
                whole = _as_module(inner, module.hops)
                if place.is_folder or self._imports(importer, inner):
                    return whole
                reason = f"{inner.path} is an attribute of {module.path} once something imports it"
                return Unknown(reason, module.hops, (whole,), maybe_missing=True)
            answer = Missing(answer.why, "AttributeError", answer.hops)
        for hop in reversed(module.hops):
            answer = with_hop(answer, hop)
        return answer

    def _imports(self, importer: str, module: Module) -> bool:
        """Return whether a file itself imports a module by a statement of its own."""
        file = self.parsed.get(importer)
        for node in ast.walk(file.source.tree) if not isinstance(file, str) else ():
            if isinstance(node, ast.Import):
                places = [self.modules.find(importer, one.name) for one in node.names]
            elif isinstance(node, ast.ImportFrom):
                places = [self.modules.find(importer, node.module or "", node.level)]
            else:
                continue
            for place in places:
                if isinstance(place, Module) and module.path in (place.path, *place.packages):
                    return True
        return False

    def _of_class(self, owner: Definition, node: ast.ClassDef, name: str) -> Answer:
        file = self.parsed.get(owner.path)
        if isinstance(file, str):
            return Unknown(file)
        self._enter(owner.path)
        try:
            local = self._local(file, node, name, None)
            if isinstance(local, Definition) and local.path == owner.path:
                dotted = f"{owner.name}.{local.name}"
                return Definition(
                    local.path, local.kind, dotted, local.line, local.node, owner.hops
                )
            if local is not None:
                return local
            for base in node.bases:
                parent = self.expression(owner.path, base, (node.lineno, node.col_offset))
                if isinstance(parent, Definition) and parent.kind == "class":
                    answer = self.member(parent, name, owner.path, node)
                    if not isinstance(answer, Unknown):
                        return answer
                    if answer.reason.startswith("no class"):
                        continue
                return Unknown(f"{name} may come from {ast.unparse(base)[:60]}", owner.hops)
        finally:
            self._depth -= 1
        return Unknown(f"no class statement of {owner.name} binds {name}", owner.hops)

    def _other_list(self, file: Parsed, node: ast.expr) -> NameList | None:
        """Return the names that an expression in an ``__all__`` holds, None where unclear."""
        if isinstance(node, ast.Attribute) and node.attr == "__all__":
            whole = self.expression(file.path, node.value)
            if isinstance(whole, Definition) and whole.kind == "module" and whole.node is not None:
                return self.name_list(whole.path)
            return None
        if not isinstance(node, (ast.Name, ast.Attribute)):
            return None
        at = (node.lineno, node.col_offset + 1) if isinstance(node, ast.Name) else None
        answer = self.expression(file.path, node, at)
        if not isinstance(answer, Definition) or answer.conditional:
            return None
        if answer.name == "__all__" and answer.path != file.path:
            return self.name_list(answer.path)
        value = getattr(answer.node, "value", None)
        where = self.parsed.get(answer.path)
        if not isinstance(value, (ast.List, ast.Tuple, ast.Set)) or isinstance(where, str):
            return None
        if answer.kind != "assignment" or len(where.block.names.get(answer.name, ())) != 1:
            return None
        assigned = ast.Assign([ast.Name("__all__", ast.Store())], value, lineno=1, col_offset=0)
        return read_name_list(block_of([assigned]), lambda _: None)


def hop_of(path: str, node: ast.stmt, name: str = "") -> Hop:
    """Return a statement as a hop; of an import only the part about ``name``."""
    if isinstance(node, ast.ImportFrom):
        return Hop(path, node.lineno, f"from {'.' * node.level}{node.module or ''} import {name}")
    return Hop(path, node.lineno, ast.unparse(node)[:100])


def _as_module(place: Module, hops: tuple[Hop, ...]) -> Definition:
    tree = None if place.is_folder else ast.Module([], [])
    dotted = place.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return Definition(place.path, "module", dotted, 0 if place.is_folder else 1, tree, hops)


def _is_value(answer: Answer) -> bool:
    return isinstance(answer, Definition) and answer.kind == "assignment"


def _may_lack(answer: Answer) -> bool:
    if isinstance(answer, Unknown):
        return answer.maybe_missing
    return isinstance(answer, (Definition, OutsideTree)) and answer.conditional


def _holds(block: Block, stop: Position) -> bool:
    if not block.statements:
        return False
    first, last = block.statements[0], block.statements[-1]
    return (first.lineno, first.col_offset) <= stop <= (last.end_lineno or 0, 10**6)
