"""Which names a file of the fork sees at its top level, star imports followed."""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass, field

from yamlmod.errors import Refusal
from yamlmod.fork.files import Files
from yamlmod.fork.modules import file_of, is_star, written
from yamlmod.fork.python.bindings import Binding, bindings, statements
from yamlmod.fork.python.source import Source, read_source

_DEPTH = 8


@dataclass
class Seen:
    """The names of one file: every class by the places that define it, in the order they run."""

    names: set[str] = field(default_factory=set)
    classes: dict[str, list[tuple[Source, ast.ClassDef]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    # An import of everything that leads out of the tree, or into a file that does not parse.
    open: bool = False
    # The modules outside of the tree that such imports name.
    beyond: set[str] = field(default_factory=set)


def seen_names(files: Files, path: str) -> Seen:
    """Return what a file binds, with what its star imports bring."""
    return _Reader(files).file(path, 0)


class _Reader:
    """Follows imports within the tree, each file once on the way."""

    def __init__(self, files: Files):
        self.files = files
        self.way: list[str] = []
        self.done: dict[str, Seen] = {}

    def file(self, path: str, depth: int) -> Seen:
        if path in self.done:
            return self.done[path]
        source = self._source(path)
        seen = Seen()
        if source is None or depth > _DEPTH or path in self.way:
            seen.open = source is None or depth > _DEPTH
            return seen
        self.way.append(path)
        # Each file is read once, so a tree of many packages costs what its files cost.
        self.done[path] = seen
        by_node: dict[int, list[Binding]] = defaultdict(list)
        for one in bindings(source.tree):
            by_node[id(one.node)].append(one)
        for node, _ in statements(source.tree):
            if isinstance(node, ast.ImportFrom) and is_star(node):
                self._star(seen, source, node, depth)
            for one in by_node[id(node)]:
                seen.names.add(one.name)
                self._class(seen, source, node, one, depth)
        self.way.pop()
        return seen

    def _source(self, path: str) -> Source | None:
        try:
            return read_source(self.files, path)
        except Refusal:
            return None

    def _star(self, seen: Seen, source: Source, node: ast.ImportFrom, depth: int) -> None:
        path = file_of(self.files, source.path, written(node))
        if not path:
            seen.open = True
            seen.beyond.add(written(node))
            return
        if path == source.path:  # a common.py that imports everything from itself
            return
        other = self.file(path, depth + 1)
        exported = self._exports(path)
        public = {n for n in other.names if (n in exported if exported else n[:1] != "_")}
        seen.names |= public
        seen.open |= other.open
        seen.beyond |= other.beyond
        for name in public & other.classes.keys():
            seen.classes[name] += other.classes[name]

    def _exports(self, path: str) -> set[str]:
        """Return a literal `__all__`, empty where there is none."""
        source = self._source(path)
        for node in source.tree.body if source is not None else []:
            if (
                isinstance(node, ast.Assign)
                and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets)
                and isinstance(node.value, (ast.List, ast.Tuple))
            ):
                return {
                    e.value
                    for e in node.value.elts
                    if isinstance(e, ast.Constant) and isinstance(e.value, str)
                }
        return set()

    def _class(self, seen: Seen, source: Source, node: ast.stmt, one: Binding, depth: int) -> None:
        if isinstance(node, ast.ClassDef):
            seen.classes[one.name].append((source, node))
        elif isinstance(node, ast.ImportFrom):
            path = file_of(self.files, source.path, written(node))
            wanted = one.target.rpartition(".")[2]
            if path and path not in self.way:
                found = self.file(path, depth + 1).classes.get(wanted, [])
                # An import of a name takes the place of what had it.
                seen.classes[one.name] = list(found[-1:])
