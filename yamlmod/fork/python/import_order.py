"""Follow a module's imports in Python's order, to find those that fail."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from yamlmod.fork.python.answers import ErrorName, ImportHop, Missing
from yamlmod.fork.python.attempts import PLAIN, catches
from yamlmod.fork.python.blocks import BlockParts, StatementBlock, ends, runs
from yamlmod.fork.python.imported import hop_of
from yamlmod.fork.python.lookup import END, Lookup, TooLongError
from yamlmod.fork.python.modules import Elsewhere, ModuleFile, Modules, NoModule
from yamlmod.fork.python.parsed import ParsedFile

_DEPTH = 60


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
    hops: tuple[ImportHop, ...] = ()
    cycle: tuple[ImportHop, ...] = ()


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
        self.stack: list[tuple[str, ImportHop]] = []
        self.at: dict[str, tuple[int, int]] = {}
        # In how many blocks that may not run, or not to their end, the walk is.
        self.unsure = 0

    def run(self, path: str, packages: Sequence[str]) -> ImportProblem | None:
        """Import a file and the packages it is in; return what stops that."""
        try:
            for package in packages:
                self._load(package)
            self._folders_become_attributes(PurePosixPath(path).parent)
            self._load(path)
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
            self._becomes_attribute(PurePosixPath(path))
        except _FailedError:
            # It runs again where another import asks for it, in another state of the others.
            self.lookup.forget()
            raise
        finally:
            del self.at[path]

    def _now(self, path: str) -> tuple[int, int]:
        """Return where a module is in its text."""
        return self.at.get(path, (END, 0))

    def _becomes_attribute(self, path: PurePosixPath) -> None:
        """Note where its package was when a module got loaded and so its attribute."""
        inner = path.parent if path.name == "__init__.py" else path.with_suffix("")
        package = str(inner.parent / "__init__.py")
        if package in self.at or package in self.complete:
            place = (*self._now(package), len(self.complete) - 1)
            known = self.lookup.stops.submodules.get((package, inner.name))
            if known is None or (not known[1] and not self.unsure):
                self.lookup.stops.submodules[package, inner.name] = (place, not self.unsure)

    def _folders_become_attributes(self, folder: PurePosixPath) -> None:
        """Note the folders without ``__init__`` that an import goes through."""
        while folder.name and not self.modules.is_file(str(folder / "__init__.py")):
            self._becomes_attribute(folder)
            folder = folder.parent

    def _block(self, file: ParsedFile, block: StatementBlock) -> None:
        for position, node in enumerate(block.statements):
            if file.path in self.at and not self._is_inner(node, file):
                self.at[file.path] = (node.lineno, node.col_offset)
            if position in block.parts:
                self._compound(file, block.parts[position])
                continue
            at = (file.path, (node.lineno, node.col_offset))
            self.lookup.stops.failed.pop(at, None)
            try:
                self._simple(file, node)
            except _FailedError as failed:
                self.lookup.stops.failed[at] = failed.problem.error
                raise

    def _simple(self, file: ParsedFile, node: ast.stmt) -> None:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self._import(file, node)
        elif isinstance(node, ast.ClassDef):
            self._names(file, node, [*node.decorator_list, *node.bases])
            for inner in node.body:
                if isinstance(inner, (ast.Import, ast.ImportFrom)):
                    self._import(file, inner)
        elif isinstance(node, ast.Assign):
            self._names(file, node, [node.value])
        elif isinstance(node, ast.Delete):
            self._names(file, node, node.targets)

    def _names(self, file: ParsedFile, node: ast.stmt, values: Sequence[ast.expr]) -> None:
        """Fail where a plain name that a statement reads is not there."""
        at = (node.lineno, node.col_offset)
        for value in values:
            if isinstance(value, ast.Name):
                answer = self.lookup.of_module(file.path, value.id, at, with_builtins=True)
                if isinstance(answer, Missing) and not answer.hops:
                    self._fail(file, node, "NameError", answer.why)

    def _is_inner(self, node: ast.stmt, file: ParsedFile) -> bool:
        return (node.lineno, node.col_offset) < self.at[file.path]

    def _compound(self, file: ParsedFile, parts: BlockParts) -> None:
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
                    certain = not parts.handlers or not self._depends(file, inner)
                    self._maybe(file, inner, not parts.loops, certain)
        except _FailedError as failed:
            handler = next((h for h in parts.handlers if catches(h[0], failed.problem.error)), None)
            if handler is None:
                raise
            self._block(file, handler[1])
            if ends(handler[1]):
                raise failed from None
        if parts.final is not None:
            self._block(file, parts.final)

    def _maybe(
        self, file: ParsedFile, block: StatementBlock, sure: bool, certain: bool = True
    ) -> None:
        """Run a block; where it may not run at all, what fails in it is not a certain problem.

        ``certain``: it comes to its end, if nothing of the tree fails in it.
        """
        self.unsure += not (sure and certain)
        try:
            self._block(file, block)
        except _FailedError:
            if sure:
                raise
        finally:
            self.unsure -= not (sure and certain)

    def _depends(self, file: ParsedFile, block: StatementBlock) -> bool:
        """Check whether a block may fail by what is installed, or by what it computes."""
        for node in block.statements:
            if isinstance(node, ast.Import):
                places = [self.modules.find(file.path, name.name) for name in node.names]
            elif isinstance(node, ast.ImportFrom):
                places = [self.modules.find(file.path, node.module or "", node.level)]
            else:
                places = []
            if not isinstance(node, (*PLAIN, ast.Import, ast.ImportFrom)):
                return True
            if any(isinstance(place, Elsewhere) for place in places):
                return True
        return False

    def _import(self, file: ParsedFile, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self._module(file, node, alias.name, 0)
                parent = self.modules.find(file.path, alias.name.rpartition(".")[0] or alias.name)
                if isinstance(parent, ModuleFile):
                    self._note(file, node, parent)
            return
        module = node.module or ""
        place = self._module(file, node, module, node.level)
        if place is None:
            return
        self._note(file, node, place)
        names = [alias.name for alias in node.names]
        error: ErrorName = "ImportError"
        if names == ["*"]:
            names, error = self._listed(place), "AttributeError"
        for name in names:
            self._name(file, node, place, name, error)

    def _note(self, file: ParsedFile, node: ast.stmt, place: ModuleFile) -> None:
        key = (file.path, (node.lineno, node.col_offset), place.path)
        self.lookup.stops.at.pop(key, None)
        if place.path in self.at or place.folder is not None:
            # A complete package still gets submodules as attributes, one after the other.
            self.lookup.stops.at[key] = (*self._now(place.path), len(self.complete))

    def _module(
        self, file: ParsedFile, node: ast.Import | ast.ImportFrom, dotted: str, level: int
    ) -> ModuleFile | None:
        place = self.modules.find(file.path, dotted, level)
        if isinstance(place, NoModule):
            self._fail(file, node, "ModuleNotFoundError", place.why)
        if not isinstance(place, ModuleFile):
            return None
        for path in place.packages:
            self._descend(file, node, path)
        self._folders_become_attributes(place.folder or PurePosixPath(place.path).parent)
        if not place.is_folder:
            self._descend(file, node, place.path)
        return place

    def _descend(self, file: ParsedFile, node: ast.stmt, path: str) -> None:
        if path in self.complete or path in self.at:
            return
        self.stack.append((file.path, hop_of(file.path, node, "...")))
        try:
            self._load(path)
        finally:
            self.stack.pop()

    def _name(
        self, file: ParsedFile, node: ast.ImportFrom, place: ModuleFile, name: str, error: ErrorName
    ) -> None:
        inner = self.modules.submodule(place, name)
        if inner is not None:
            # A submodule is only loaded where the package does not have the name already.
            stop = self.at.get(place.path)
            if place.is_folder or isinstance(
                self.lookup.of_module(place.path, name, stop), Missing
            ):
                self._descend(file, node, inner.path)
            return
        answer = self.lookup.imported.from_module(file.path, node, name)
        # Only what the module itself lacks fails here; what another lacks failed there.
        if isinstance(answer, Missing) and len(answer.hops) <= 1:
            self._fail(file, node, error, answer.why, name, place)

    def _listed(self, place: ModuleFile) -> list[str]:
        """Return the names that an import of everything must find: those of ``__all__``."""
        listed = None
        if not place.is_folder:
            listed = self.lookup.lists.of(place.path, self.at.get(place.path))
        return list(listed.names) if listed is not None and not listed.reason else []

    def _fail(
        self,
        file: ParsedFile,
        node: ast.stmt,
        error: ErrorName,
        why: str,
        name: str = "",
        place: ModuleFile | None = None,
    ) -> None:
        hops = (*(hop for _, hop in self.stack), hop_of(file.path, node, name or "..."))
        cycle: tuple[ImportHop, ...] = ()
        if place is not None and place.path in self.at:
            first = next((i for i, one in enumerate(self.stack) if one[0] == place.path), 0)
            cycle = hops[first:]
        problem = ImportProblem(file.path, node.lineno, error, why, hops, cycle)
        raise _FailedError(problem)
