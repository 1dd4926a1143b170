"""Walks a module's imports in the order Python runs them, to find those that fail."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from yamlmod.errors import YamlmodError
from yamlmod.fork.files import Files
from yamlmod.fork.python.answers import ErrorName, Hop, Missing
from yamlmod.fork.python.attempts import catches
from yamlmod.fork.python.blocks import Block, Parts, ends, runs
from yamlmod.fork.python.lookup import Lookup, TooLongError, hop_of
from yamlmod.fork.python.modules import Module, Modules, NoModule
from yamlmod.fork.python.parsed import Parsed

_DEPTH = 60
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(\.*)([\w.]*)[ \t]+import[ \t]*(\([^)]*\)|[^\n#;]*)"
    r"|import[ \t]+([^\n#;]*))",
    re.MULTILINE,
)


@dataclass(frozen=True)
class ImportProblem:
    """An import that fails: where, with which error, and the imports that led there.

    ``cycle`` is set where the module imported from is only partly run: the hops run from its own
    first import back to it.
    """

    path: str
    line: int
    error: ErrorName
    why: str
    hops: tuple[Hop, ...] = ()
    cycle: tuple[Hop, ...] = ()


class _FailedError(Exception):
    def __init__(self, problem: ImportProblem):
        super().__init__(problem.why)
        self.problem = problem


class ImportOrder:
    """One run: which modules are complete, which are half done and where."""

    def __init__(self, lookup: Lookup):
        self.lookup = lookup
        self.modules: Modules = lookup.modules
        self.complete: set[str] = set()
        self.stack: list[tuple[str, Hop]] = []
        self.at: dict[str, tuple[int, int]] = {}

    def run(self, path: str, packages: Sequence[str]) -> ImportProblem | None:
        """Import a file and the packages it is in; return what stops that."""
        try:
            for one in (*packages, path):
                self._load(one)
        except _FailedError as failed:
            return failed.problem
        except TooLongError:
            return None
        finally:
            self.lookup.stops.ordered = True
        return None

    def _load(self, path: str) -> None:
        if path in self.complete or path in self.at:
            return
        file = self.lookup.parsed.get(path)
        if isinstance(file, str) or len(self.stack) > _DEPTH:
            self.complete.add(path)
            return
        self.at[path] = (0, 0)
        try:
            self._block(file, file.block)
            self.complete.add(path)
        finally:
            del self.at[path]

    def _block(self, file: Parsed, block: Block) -> None:
        for position, node in enumerate(block.statements):
            if file.path in self.at and not self._is_inner(node, file):
                self.at[file.path] = (node.lineno, node.col_offset)
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                self._import(file, node)
            elif isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if isinstance(inner, (ast.Import, ast.ImportFrom)):
                        self._import(file, inner)
            elif position in block.parts:
                self._compound(file, block.parts[position])

    def _is_inner(self, node: ast.stmt, file: Parsed) -> bool:
        return (node.lineno, node.col_offset) < self.at[file.path]

    def _compound(self, file: Parsed, parts: Parts) -> None:
        if parts.choices:
            for test, block in parts.choices:
                outcome = runs(test)
                if outcome is not False:
                    self._maybe(file, block, sure=outcome is True)
                if outcome:
                    return
            return
        try:
            for inner in (parts.body, parts.after):
                if inner is not None:
                    self._maybe(file, inner, sure=not parts.loops)
        except _FailedError as failed:
            handler = next((one for one in parts.handlers if catches(one[0])), None)
            if handler is None:
                raise
            self._block(file, handler[1])
            if ends(handler[1]):
                raise failed from None
        if parts.final is not None:
            self._block(file, parts.final)

    def _maybe(self, file: Parsed, block: Block, sure: bool) -> None:
        """Run a block; where it may not run at all, what fails in it is no certain problem."""
        try:
            self._block(file, block)
        except _FailedError:
            if sure:
                raise

    def _import(self, file: Parsed, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self._module(file, node, alias.name, 0)
            return
        module = node.module or ""
        place = self._module(file, node, module, node.level)
        if place is None:
            return
        if place.path in self.at:
            key = (file.path, (node.lineno, node.col_offset), place.path)
            self.lookup.stops.at[key] = self.at[place.path]
        names = [alias.name for alias in node.names]
        if names == ["*"]:
            names = self._listed(file, node, place)
        for name in names:
            self._name(file, node, place, name)

    def _module(
        self, file: Parsed, node: ast.Import | ast.ImportFrom, dotted: str, level: int
    ) -> Module | None:
        place = self.modules.find(file.path, dotted, level)
        if isinstance(place, NoModule):
            self._fail(file, node, "ModuleNotFoundError", place.why)
        if not isinstance(place, Module):
            return None
        for path in place.packages:
            self._descend(file, node, path)
        if not place.is_folder:
            self._descend(file, node, place.path)
        return place

    def _descend(self, file: Parsed, node: ast.stmt, path: str) -> None:
        if path in self.complete or path in self.at:
            return
        self.stack.append((file.path, hop_of(file.path, node, "...")))
        try:
            self._load(path)
        finally:
            self.stack.pop()

    def _name(self, file: Parsed, node: ast.ImportFrom, place: Module, name: str) -> None:
        inner = self.modules.submodule(place, name)
        if inner is not None:
            # A submodule is only loaded where the package does not have the name already.
            stop = self.at.get(place.path)
            if place.is_folder or isinstance(
                self.lookup.of_module(place.path, name, stop), Missing
            ):
                self._descend(file, node, inner.path)
            return
        answer = self.lookup.from_module(file.path, node, name)
        # Only what the module itself lacks fails here; what another lacks failed there.
        if isinstance(answer, Missing) and len(answer.hops) <= 1:
            self._fail(file, node, answer.error, answer.why, name, place)

    def _listed(self, file: Parsed, node: ast.ImportFrom, place: Module) -> list[str]:
        """Return the submodules that an import of everything loads by ``__all__``."""
        listed = None if place.is_folder else self.lookup.name_list(place.path)
        names = listed.names if listed is not None and not listed.reason else ()
        return [name for name in names if place.folder is not None] if place.path else []

    def _fail(
        self,
        file: Parsed,
        node: ast.stmt,
        error: ErrorName,
        why: str,
        name: str = "",
        place: Module | None = None,
    ) -> None:
        hops = (*(hop for _, hop in self.stack), hop_of(file.path, node, name or "..."))
        cycle: tuple[Hop, ...] = ()
        if place is not None and place.path in self.at:
            first = next((i for i, one in enumerate(self.stack) if one[0] == place.path), 0)
            cycle = hops[first:]
        problem = ImportProblem(file.path, node.lineno, error, why, hops, cycle)
        raise _FailedError(problem)


class ImportReach:
    """Which files a file may come to import, read off the text: too many rather than too few."""

    def __init__(self, files: Files, modules: Modules):
        self.files = files
        self.modules = modules
        self._next: dict[str, frozenset[str]] = {}

    def may_import(self, start: str, goal: str) -> bool:
        """Return whether importing ``start`` may lead to ``goal``."""
        seen, waiting = {start}, [start]
        while waiting:
            for path in self.imported(waiting.pop()):
                if path == goal:
                    return True
                if path not in seen:
                    seen.add(path)
                    waiting.append(path)
        return False

    def imported(self, path: str) -> frozenset[str]:
        """Return the files that a file's import statements name, wherever they stand."""
        if path not in self._next:
            self._next[path] = frozenset(self._read(path))
        return self._next[path]

    def _read(self, path: str) -> Iterator[str]:
        try:
            text = self.files.read(path) or ""
        except YamlmodError:
            return
        for dots, module, names, plain in _IMPORT.findall(text.replace("\\\n", " ")):
            for dotted in _words(plain):
                yield from self._files(self.modules.find(path, dotted))
            if dots or module:
                place = self.modules.find(path, module, len(dots))
                yield from self._files(place)
                if isinstance(place, Module):
                    inner = (self.modules.submodule(place, name) for name in _words(names))
                    yield from (path for one in inner for path in self._files(one))

    def _files(self, place: object) -> Iterator[str]:
        if isinstance(place, Module):
            yield from place.packages
            if not place.is_folder:
                yield place.path


def _words(text: str) -> list[str]:
    """Return the names of an import's list, those behind `as` left out."""
    text = re.sub(r"#[^\n]*", "", text).strip("() \t\r\n")
    parts = (part.split() for part in text.split(","))
    return [words[0] for words in parts if words and re.fullmatch(r"[\w.]+", words[0])]
