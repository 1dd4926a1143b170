"""Evaluate import statements: a module, a name, a star import, a submodule."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from yamlmod.fork.python.answers import (
    Answer,
    Definition,
    ImportHop,
    Missing,
    OutsideTree,
    Unknown,
    as_module,
    with_hop,
)
from yamlmod.fork.python.modules import Elsewhere, ModuleFile, NoModule
from yamlmod.fork.python.parsed import ParsedFile

if TYPE_CHECKING:
    from yamlmod.fork.python.lookup import Lookup

# What branches leave a name bound to; None: one of them does not bind it.
Outcomes = list[Answer | None]
_NOT_THERE = Missing("")


class OrderMattersError(Exception):
    """An import of everything may run in a circle: what it brings depends on the order."""


class Imported:
    """Follows import statements."""

    def __init__(self, lookup: Lookup):
        self.lookup = lookup

    def module_answer(
        self, importer: str, dotted: str, level: int, hop: ImportHop | None
    ) -> Answer:
        """Return the answer that represents a whole module."""
        place = self.lookup.modules.find(importer, dotted, level)
        hops = (hop,) if hop is not None else ()
        if isinstance(place, Elsewhere):
            return OutsideTree(place.dotted, hops)
        if isinstance(place, NoModule):
            return Missing(place.why, "ModuleNotFoundError", hops)
        return as_module(place, hops)

    def from_module(self, importer: str, node: ast.ImportFrom, name: str) -> Answer:
        """Return what `from MODULE import NAME` in a file brings."""
        hop = hop_of(importer, node, name)
        whole = self.module_answer(importer, node.module or "", node.level, hop)
        if not isinstance(whole, Definition):
            return self.lookup.member(whole, name, importer)
        place = self.lookup.modules.find(importer, node.module or "", node.level)
        if not isinstance(place, ModuleFile):
            return whole
        stop = self.lookup.stops.of(importer, node, place.path)
        answer = _NOT_THERE if place.is_folder else self.lookup.of_module(place.path, name, stop)
        if isinstance(answer, (Definition, OutsideTree)):
            self._refuse_race(place, name)
        if isinstance(answer, Missing):
            inner = self.lookup.modules.submodule(place, name)
            if inner is not None:
                return as_module(inner, (hop,))
            if place.is_folder:
                return OutsideTree(f"{place.path.replace('/', '.')}.{name}", (hop,))
            why = f"cannot import name '{name}' from {place.path}"
            if stop is not None and stop[0] < sys.maxsize:
                why += ", which is only partly imported then (circular import)"
            return Missing(why, "ImportError", (hop, *answer.hops))
        return with_hop(answer, hop)

    def last_of(self, importer: str, node: ast.Import, dotted: str) -> Answer:
        """Return what `import a.b as c` binds: the attribute b of a, whatever that is by then."""
        module, _, last = dotted.rpartition(".")
        made = ast.ImportFrom(module, [ast.alias(last)], 0)
        return self.from_module(importer, ast.copy_location(made, node), last)

    def star(self, importer: str, node: ast.ImportFrom, name: str) -> Outcomes:
        """Return what an import of everything binds a name to; None: it may not bind it."""
        place = self.lookup.modules.find(importer, node.module or "", node.level)
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
        file = self.lookup.parsed.get(place.path)
        if not isinstance(file, str) and name in file.block.names:
            self._refuse_circle(importer, place)
        stop = self.lookup.stops.of(importer, node, place.path)
        listed = self.lookup.lists.of(place.path, stop)
        if listed is None and name.startswith("_"):
            return [None]
        if listed is not None and not listed.reason and name not in listed.names:
            return [None]
        answer = self.lookup.of_module(place.path, name, stop)
        inner = self.lookup.modules.submodule(place, name)
        if inner is not None or not isinstance(answer, Missing):
            self._refuse_circle(importer, place)
        unsure = listed is None and not self.lookup.stops.ordered
        if isinstance(answer, Missing) and inner is not None and (unsure or listed is not None):
            # The list loads it; without one it is there if something has imported it before.
            answer = replace(as_module(inner), conditional=unsure)
        if isinstance(answer, Missing):
            return [None]
        answer = with_hop(answer, hop)
        sure = listed is None or name in listed.names
        return [answer] if sure and not _may_lack(answer) else [answer, None]

    def _refuse_circle(self, importer: str, place: ModuleFile) -> None:
        if not self.lookup.stops.ordered and self.lookup.may_import(place.path, importer):
            raise OrderMattersError(place.path)

    def _refuse_race(self, place: ModuleFile, name: str) -> None:
        """Ask for the order where a submodule may take the place of a name of its package."""
        if self.lookup.stops.ordered or self.lookup.modules.submodule(place, name) is None:
            return
        file = self.lookup.parsed.get(place.path)
        if isinstance(file, str) or any(
            None not in self.by_way(file, node, name) for node in file.block.statements
        ):
            return
        raise OrderMattersError(place.path)

    def by_way(self, file: ParsedFile, node: ast.stmt, name: str) -> Outcomes:
        """Return the submodule that an import in a package's ``__init__`` binds by the way."""
        submodules = self.lookup.parsed.submodules
        if (
            submodules is None
            or self.lookup.stops.ordered
            or not isinstance(node, (ast.Import, ast.ImportFrom))
        ):
            return [None]
        if not file.path.endswith("__init__.py") or name not in submodules(file.path, node):
            return [None]
        hop = hop_of(file.path, node, name)
        inner = self.lookup.modules.submodule(ModuleFile(file.path), name)
        return [None] if inner is None else [as_module(inner, (hop,))]


def hop_of(path: str, node: ast.stmt, name: str = "") -> ImportHop:
    """Return a statement as a hop; of an import only the part about ``name``."""
    if isinstance(node, ast.ImportFrom):
        return ImportHop(
            path, node.lineno, f"from {'.' * node.level}{node.module or ''} import {name}"
        )
    return ImportHop(path, node.lineno, ast.unparse(node)[:100])


def _may_lack(answer: Answer) -> bool:
    if isinstance(answer, Unknown):
        return answer.maybe_missing
    return isinstance(answer, (Definition, OutsideTree)) and answer.conditional
