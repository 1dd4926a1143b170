"""Resolve names in the files of a fork: one graph of imports for every command.

Nothing of the fork is imported or run; files are read and parsed when a name leads through them.

    graph = ImportGraph(files, parser="models/yolo.py")

``files`` is `yamlmod.fork.files.Files`: the workspace's tree, an `Overlay` of planned texts over
it, a dictionary in tests; paths are posix and relative to REPO. Of ``files.place()``, REPO's
absolute path, only the names of the folders are used, so that a package can import itself by its
full name from above REPO. ``parser`` is the file of the parse function: folders above it count as
roots everywhere. A located fork has its graph: ``fork.graph``.

- ``graph.denotes(path, "nn.Conv2d", line=None) -> Answer``: a name, dotted or not, as code in that
  file sees it at the end of the file, or at a line: inside of a function with its local names and
  imports, at the top level with what is bound above the line. Answers (module `answers`):
  ``Definition(path, kind, name, line, node)`` with kind class, function, assignment or module;
  ``OutsideTree(dotted)``, say ``torch.nn.Conv2d`` or ``builtins.print``; ``Missing(why, error)``;
  ``Unknown(reason, alternatives)``. Each has ``hops``, the statements it was followed through.
- ``graph.denotes_node(path, node) -> Answer``: the same for an `ast.Name` or `ast.Attribute` of
  that file's tree, where it is.
- ``graph.bases(definition) -> list[Answer]``: the base classes of a class, left to right.
- ``graph.source(path) -> Source | None``: text and tree (`Source.tree`) of a file, as parsed for
  the graph: the nodes in answers belong to it. None where it is not there or cannot be read.
- ``graph.file_of(importer, node) -> str``: the file that an `ast.ImportFrom` imports from, empty
  for none; ``graph.brings(importer, node, name) -> Answer``: what it brings under a name.
- ``graph.exported_names(path) -> Exports``: what ``from path import *`` brings.
- ``graph.names(path) -> Exports``: every name of the module's own namespace.
- ``graph.name_list(path) -> NameList | None``: its ``__all__``.
- ``graph.import_problems(path) -> tuple[ImportProblem, ...]``: what stops Python from importing it
  as the first one: a circular import, a missing file or name. Empty where nothing certain does.

The same definition gives equal answers (``==`` leaves the way and the node out), so answers can be
compared as identities of classes.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from yamlmod.fork.files import Files
from yamlmod.fork.python.answers import Answer, Definition, Missing, Unknown
from yamlmod.fork.python.bindings import is_star, statements
from yamlmod.fork.python.import_reach import ImportReach
from yamlmod.fork.python.imported import OrderMattersError
from yamlmod.fork.python.lookup import Lookup, Position, Stops, TooLongError
from yamlmod.fork.python.modules import Elsewhere, ModuleFile, Modules, Place
from yamlmod.fork.python.name_list import NameList
from yamlmod.fork.python.parsed import ParsedFiles
from yamlmod.fork.python.source import Source

_ENTRY = "models/__init__.py"

if TYPE_CHECKING:
    from yamlmod.fork.python.import_order import ImportProblem


@dataclass(frozen=True)
class Exports:
    """Names; ``open`` says why there may be others, and is empty where there are none.

    ``beyond`` are the modules outside of the tree that everything is imported from.
    """

    names: frozenset[str]
    open: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()


class ImportGraph:
    """The graph of one fork."""

    def __init__(self, files: Files, parser: str = ""):
        self.files = files
        self.modules = Modules(files, parser)
        self.parsed = ParsedFiles(files, self._submodules)
        self._reach = ImportReach(files, self.modules)
        self._plain = self._lookup(Stops())
        self._ordered: dict[str, Lookup] = {}
        self._problems: dict[str, tuple[ImportProblem, ...]] = {}

    def denotes(self, path: str, name: str, line: int | None = None) -> Answer:
        first, *members = name.split(".")
        position = None if line is None else (line, 0)

        def ask(lookup: Lookup) -> Answer:
            answer = lookup.visible(path, first, position)
            for member in members:
                answer = lookup.member(answer, member, path)
            return answer

        return self._ask(path, ask)

    def denotes_node(self, path: str, node: ast.expr, at: Position | None = None) -> Answer:
        """Return what a dotted name in a file's tree denotes where it is."""
        return self._ask(path, lambda lookup: lookup.expression(path, node, at))

    def bases(self, definition: Definition) -> list[Answer]:
        """Return what the bases of a class denote."""
        node = definition.node
        if not isinstance(node, ast.ClassDef):
            return []
        at = (node.lineno, node.col_offset)
        return [self.denotes_node(definition.path, base, at) for base in node.bases]

    def source(self, path: str) -> Source | None:
        """Return a parsed file, None where it is not there or cannot be read."""
        file = self.parsed.get(path)
        return None if isinstance(file, str) else file.source

    def find(self, importer: str, dotted: str, level: int = 0) -> Place:
        """Return what an import in a file means: a module of the tree, one elsewhere, or none."""
        return self.modules.find(importer, dotted, level)

    def file_of(self, importer: str, node: ast.ImportFrom) -> str:
        """Return the file of the tree that an import reads from, empty for none."""
        return self.modules.file_of(importer, node)

    def brings(self, importer: str, node: ast.ImportFrom, name: str) -> Answer:
        return self._ask(importer, lambda lookup: lookup.imported.from_module(importer, node, name))

    def name_list(self, path: str) -> NameList | None:
        """Return a module's ``__all__``, None where it has none."""
        return self._plain.lists.of(path)

    def exported_names(self, path: str) -> Exports:
        """Return what an import of everything from a file brings."""
        listed = self.name_list(path)
        if listed is not None:
            names = frozenset(
                name for name in listed.names if not isinstance(self.denotes(path, name), Missing)
            )
            return Exports(names, (f"{path}: {listed.reason}",) if listed.reason else ())
        inner = self.names(path)
        public = frozenset(name for name in inner.names if not name.startswith("_"))
        return Exports(public, inner.open, inner.beyond)

    def names(self, path: str) -> Exports:
        """Return the names of a module's own namespace, those that star imports bring included."""
        candidates, opened, beyond = self._candidates(path)
        names = frozenset(
            name
            for name in candidates
            if not isinstance(self.denotes_in_module(path, name), Missing)
        )
        return Exports(names, tuple(opened), tuple(sorted(beyond)))

    def denotes_in_module(self, path: str, name: str) -> Answer:
        """Return what a name of a module's namespace denotes; builtins are not in it."""
        return self._ask(
            path,
            lambda lookup: lookup.maybe_submodule(path, name, lookup.of_module(path, name, None)),
        )

    def import_problems(self, path: str) -> tuple[ImportProblem, ...]:
        """Return what certainly stops Python from importing a file."""
        if path not in self._problems:
            self._walk(path)
        return self._problems[path]

    def may_import(self, start: str, goal: str) -> bool:
        """Check whether importing a file may lead to another: too often rather than too rarely."""
        return self._reach.may_import(start, goal)

    def _candidates(self, path: str) -> tuple[set[str], list[str], set[str]]:
        """Return the names that may be there, why there may be more, and open modules."""
        names: set[str] = set()
        opened: list[str] = []
        beyond: set[str] = set()
        seen, waiting = {path}, [path]
        while waiting:
            one = waiting.pop()
            file = self.parsed.get(one)
            if isinstance(file, str):
                opened.append(file)
                continue
            names |= file.block.names.keys()
            opened += [file.dynamic] if file.dynamic else []
            listed = self.name_list(one)
            names |= set(listed.names) if listed is not None else set()
            for node in _stars(file.source.tree):
                place = self.find(one, node.module or "", node.level)
                if isinstance(place, Elsewhere):
                    opened.append(f"{one}:{node.lineno} imports everything from {place.dotted}")
                    beyond.add(place.dotted)
                if isinstance(place, ModuleFile) and not place.is_folder and place.path not in seen:
                    seen.add(place.path)
                    waiting.append(place.path)
        return names, opened, beyond

    def _lookup(self, stops: Stops) -> Lookup:
        return Lookup(self.parsed, self.modules, stops, self._reach.may_import)

    def _ask(self, path: str, ask: Callable[[Lookup], Answer]) -> Answer:
        lookup = self._ordered.get(path, self._plain)
        try:
            lookup.start()
            return ask(lookup)
        except OrderMattersError:
            self._walk(path)
        except (TooLongError, RecursionError):
            return Unknown("its imports are too entangled")
        try:
            return ask(self._ordered[path])
        except (TooLongError, RecursionError):
            return Unknown("its imports are too entangled")

    def _walk(self, path: str) -> None:
        # Most questions do not need it.
        from yamlmod.fork.python.import_order import ImportOrder

        lookup = self._lookup(Stops(ordered=True))
        packages = self._packages(path)
        problem = ImportOrder(lookup).run(path, packages)
        entry = str(PurePosixPath(packages[0]).parent / _ENTRY) if packages else ""
        if problem is not None and problem.cycle and self.modules.is_file(entry):
            # `from ultralytics import YOLO` starts at another module, and may get through.
            other = self._lookup(Stops(ordered=True))
            if ImportOrder(other).run(path, [packages[0], entry, *packages[1:]]) is None:
                lookup, problem = other, None
        self._ordered[path] = lookup
        self._problems[path] = () if problem is None else (problem,)

    def _packages(self, path: str) -> list[str]:
        """Return the packages that a file is in, the outermost first."""
        found = []
        for folder in PurePosixPath(path).parents:
            init = str(folder / "__init__.py")
            # REPO itself is a package for Python only where an import goes through it.
            users = [one for one in (path, self.modules.parser) if one]
            if str(folder) == "." and not any(init in self._reach.imported(u) for u in users):
                break
            if init != path and self.modules.is_file(init):
                found.append(init)
        return found[::-1]

    def _submodules(self, path: str, node: ast.stmt) -> list[str]:
        """Return the submodules that an import in a package's ``__init__`` binds by the way."""
        folder = PurePosixPath(path).parent
        if isinstance(node, ast.ImportFrom):
            places = [(node.module or "", node.level)]
        else:
            places = [(one.name, 0) for one in getattr(node, "names", ())]
        found = []
        for dotted, level in places:
            if level == 1 and dotted:
                found.append(dotted.partition(".")[0])
                continue
            if level == 0 and folder.name not in dotted.split("."):
                continue
            place = self.find(path, dotted, level)
            inside = PurePosixPath(place.path) if isinstance(place, ModuleFile) else folder
            if inside != folder and inside.is_relative_to(folder):
                inner = inside.relative_to(folder).parts
                name = inner[0].removesuffix(".py")
                found += [name] if name != "__init__" else []
        return found


def _stars(tree: ast.Module) -> list[ast.ImportFrom]:
    nodes = (node for node, _ in statements(tree))
    return [node for node in nodes if isinstance(node, ast.ImportFrom) and is_star(node)]
