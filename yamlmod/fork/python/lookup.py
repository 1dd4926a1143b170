"""Follow a name through the statements that bind it, from the last one backwards."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from yamlmod.fork.python.answers import (
    Answer,
    Definition,
    DefinitionKind,
    ErrorName,
    Missing,
    OutsideTree,
    Unknown,
    as_module,
    joined,
    with_hop,
)
from yamlmod.fork.python.attempts import Attempts
from yamlmod.fork.python.blocks import BlockParts, StatementBlock, bound_names, ends, runs
from yamlmod.fork.python.imported import Imported, Outcomes, hop_of
from yamlmod.fork.python.members import Members
from yamlmod.fork.python.modules import ModuleFile, Modules
from yamlmod.fork.python.name_list import NameLists
from yamlmod.fork.python.parsed import ParsedFile, ParsedFiles

# Line and column; of a module that is half done, a count follows of what was complete by then.
Position = tuple[int, ...]
_BUILTINS = frozenset(dir(builtins))
_OF_MODULES = frozenset(
    {"__file__", "__name__", "__doc__", "__package__", "__spec__", "__loader__", "__builtins__"}
    | {"__path__", "__dict__", "__cached__", "__annotations__"}
)
END = sys.maxsize
_DEPTH, _STEPS = 40, 40_000
_NOT_THERE = Missing("")


class TooLongError(Exception):
    """A question would take more steps than the limit."""


@dataclass
class Stops:
    """How far a module had come when another imported from it; without an entry it was complete.

    The walk in import order fills it. ``ordered`` is False where no walk has been made; ``failed``
    are the statements that raised in it, ``submodules`` tells where in its ``__init__`` a package
    was when it got a submodule as an attribute, and whether that is sure. Line END is behind the
    last statement.
    """

    ordered: bool = False
    at: dict[tuple[str, Position, str], Position] = field(default_factory=dict)
    failed: dict[tuple[str, Position], ErrorName] = field(default_factory=dict)
    submodules: dict[tuple[str, str], tuple[Position, bool]] = field(default_factory=dict)

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
        self.imported = Imported(self)
        self.members = Members(self)
        self.lists = NameLists(self)
        self.steps = 0
        self._depth = 0
        self._done: dict[tuple[str, str, Position | None], Answer] = {}
        self._under_way: set[tuple[str, str, Position | None]] = set()
        self._cut: set[tuple[str, str, Position | None]] = set()

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
            answer = self.members.local(file, node, name, position if inner else None)
            if answer is not None:
                return answer
            inner, deferred = False, deferred or is_function
        answer = self.of_module(path, name, None if deferred else position, with_builtins=True)
        return self.maybe_submodule(path, name, answer)

    def maybe_submodule(self, path: str, name: str, answer: Answer) -> Answer:
        """Return an answer with a submodule in view, which a package has once it is imported."""
        inner = self.modules.submodule(ModuleFile(path), name)
        if inner is None or self.stops.ordered or not isinstance(answer, Missing):
            return answer
        return replace(as_module(inner, answer.hops), conditional=True)

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
            with self.deeper():
                self._under_way.add(key)
                try:
                    answer = self._of_module(path, name, stop)
                finally:
                    self._under_way.discard(key)
            self._cut.discard(key)
            if not self._cut:
                self._done[key] = answer
        if with_builtins and name in _BUILTINS:
            if isinstance(answer, Missing):
                return OutsideTree(f"builtins.{name}")
            if isinstance(answer, Definition) and answer.conditional:
                return joined([answer, OutsideTree(f"builtins.{name}")], _NOT_THERE)
        return answer

    def start(self) -> None:
        """Begin a question with all the steps there are."""
        self.steps = 0
        self._cut.clear()

    def forget(self) -> None:
        """Drop the answers there are: an import that is tried again may have other ones."""
        self._done.clear()
        self.lists.forget()

    def member(self, answer: Answer, name: str, importer: str) -> Answer:
        """Return what the attribute of something denotes."""
        return self.members.member(answer, name, importer)

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Count a step of the way; one that is too long ends in TooLongError."""
        self.steps += 1
        if self._depth >= _DEPTH or self.steps > _STEPS:
            raise TooLongError
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def _of_module(self, path: str, name: str, stop: Position | None) -> Answer:
        file = self.parsed.get(path)
        if isinstance(file, str):
            return Unknown(file)
        outcomes = self.scan(file, file.block, name, stop)
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

    def scan(
        self, file: ParsedFile, block: StatementBlock, name: str, stop: Position | None
    ) -> Outcomes:
        """Return what the block's statements before ``stop`` leave a name bound to."""
        found: Outcomes = []
        loaded = self._loaded(file, name, stop) if block is file.block else None
        if loaded is not None and loaded[1][0] == END:
            if not loaded[0].conditional:
                return [loaded[0]]
            found.append(loaded[0])
        last = -1 if loaded is None else block.last_before(loaded[1])
        for position in block.positions(name, last):
            node = block.statements[position]
            outcomes: Outcomes = [None]
            if stop is None or (node.lineno, node.col_offset) < stop[:2]:
                outcomes = self._simple(file, node, name)
                if position in block.parts:
                    parts = block.parts[position]
                    outcomes = self._compound(file, node, parts, name, stop, outcomes)
            if loaded is not None and position == last:
                outcomes = [loaded[0] if outcome is None else outcome for outcome in outcomes]
            found += [outcome for outcome in outcomes if outcome is not None]
            if None not in outcomes:
                return found
        return [*found, None]

    def _loaded(
        self, file: ParsedFile, name: str, stop: Position | None
    ) -> tuple[Definition, Position] | None:
        """Return a submodule that a package has got as an attribute, and where it was then."""
        place, sure = self.stops.submodules.get((file.path, name), (None, False))
        if place is None or (stop is not None and place >= stop):
            return None
        inner = self.modules.submodule(ModuleFile(file.path), name)
        if inner is None:
            return None
        return replace(as_module(inner), conditional=not sure), place

    def _compound(
        self, file: ParsedFile, node: ast.stmt, parts: BlockParts, name: str,
        stop: Position | None, own: Outcomes,
    ) -> Outcomes:  # fmt: skip
        if stop is not None and stop[:2] <= (node.end_lineno or 0, node.end_col_offset or 0):
            for block in parts.blocks():
                if _holds(block, stop):
                    inner = self.scan(file, block, name, stop)
                    # In a handler or an else the body has run before, or some of it.
                    body = None if parts.choices or block is parts.body else parts.body
                    if body is not None:
                        inner += self.scan(file, body, name, None)
                    return [*(one for one in inner if one is not None), None]
        if parts.choices:
            if isinstance(node, ast.Match):
                own = [*own, None]  # a pattern binds its names where it fits
            outcomes = self._choices(file, parts, name)
            return [outcome for outcome in outcomes if outcome is not None] + own * (
                None in outcomes
            )
        if parts.handlers:
            return self.attempts.outcomes(file, parts, name)
        outcomes = []
        for part in (parts.final, parts.after, parts.body):
            if part is not None and None in (outcomes or [None]):
                inner = self.scan(file, part, name, None)
                outcomes = [*(outcome for outcome in outcomes if outcome is not None), *inner]
        if parts.loops:
            outcomes.append(None)
            own = [*own, None]
        if None in outcomes:  # the names that the statement itself binds come first
            outcomes = [*(outcome for outcome in outcomes if outcome is not None), *own]
        return outcomes

    def _choices(self, file: ParsedFile, parts: BlockParts, name: str) -> Outcomes:
        outcomes: Outcomes = []
        for test, block in parts.choices:
            outcome = runs(test)
            if outcome is not False and not ends(block):
                outcomes += self.scan(file, block, name, None)
            if outcome:
                break
        return outcomes or [None]

    def _simple(self, file: ParsedFile, node: ast.stmt, name: str) -> Outcomes:
        """Return what a statement itself, blocks in it left out, binds a name to."""
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            outcomes = self.imported.star(file.path, node, name)
            if None in outcomes:
                outcomes = [*outcomes[:-1], *self.imported.by_way(file, node, name)]
            return outcomes
        aliases = [alias for bound, alias in bound_names(node) if bound == name]
        if not aliases:
            return self.imported.by_way(file, node, name)
        if isinstance(node, ast.Delete):
            return [Missing(f"{file.path}:{node.lineno} deletes '{name}'")]
        alias = aliases[-1]
        if isinstance(node, ast.ImportFrom) and alias is not None:
            return [self.imported.from_module(file.path, node, alias.name)]
        if isinstance(node, ast.Import) and alias is not None:
            dotted = alias.name if alias.asname else alias.name.partition(".")[0]
            whole = self.imported.module_answer(file.path, alias.name, 0, hop_of(file.path, node))
            if alias.asname and "." in alias.name and isinstance(whole, Definition):
                return [self.imported.last_of(file.path, node, alias.name)]
            if isinstance(whole, Missing) or dotted == alias.name:
                return [whole]
            return [self.imported.module_answer(file.path, dotted, 0, hop_of(file.path, node))]
        return [self._assigned(file, node, name)]

    def _assigned(self, file: ParsedFile, node: ast.stmt, name: str) -> Answer:
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
            if not isinstance(answer, Unknown):
                return with_hop(answer, hop_of(file.path, node))
        return own

    def expression(self, path: str, node: ast.expr, at: Position | None = None) -> Answer:
        """Return what a dotted name in the text of a file denotes where it is."""
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return Unknown(f"{path}:{node.lineno}: `{ast.unparse(node)[:40]}` is not evaluated")
        with self.deeper():
            answer = self.visible(path, node.id, at or (node.lineno, node.col_offset))
        for name in reversed(names):
            answer = self.member(answer, name, path)
        return answer


def _holds(block: StatementBlock, stop: Position) -> bool:
    if not block.statements:
        return False
    first, last = block.statements[0], block.statements[-1]
    return (first.lineno, first.col_offset) <= stop[:2] <= (last.end_lineno or 0, 10**6)
