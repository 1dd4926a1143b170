"""Find classes that a file's namespace defines more than once."""

from __future__ import annotations

import ast
from collections import defaultdict

from yamlmod.fork.python.answers import class_in
from yamlmod.fork.python.bindings import import_bindings, is_star, statements
from yamlmod.fork.python.import_graph import ImportGraph

Places = dict[str, list[tuple[str, int]]]


def class_places(graph: ImportGraph, path: str) -> Places:
    """Return where each class of a namespace is defined, shadowed definitions included.

    Each is a file and a line, in the order in which they run.
    """
    return _NamespaceReader(graph).read(path)


class _NamespaceReader:
    def __init__(self, graph: ImportGraph):
        self.graph = graph
        self.done: dict[str, Places] = {}

    def read(self, path: str) -> Places:
        if path in self.done:
            return self.done[path]
        places: Places = defaultdict(list)
        self.done[path] = places  # a circle of star imports ends here
        source = self.graph.source(path)
        for node, _ in statements(source.tree) if source is not None else ():
            if isinstance(node, ast.ClassDef):
                places[node.name].append((path, node.lineno))
            elif isinstance(node, ast.ImportFrom) and is_star(node):
                self._star(places, path, node)
            elif isinstance(node, ast.ImportFrom):
                for name, target in import_bindings(node):
                    answer = self.graph.brings(path, node, target.rpartition(".")[2])
                    found = class_in(answer)
                    # An import of a name takes the place of what had it.
                    places[name] = [] if found is None else [(found.path, found.line)]
        return places

    def _star(self, places: Places, path: str, node: ast.ImportFrom) -> None:
        other = self.graph.file_of(path, node)
        if not other or other == path:
            return
        exported = self.graph.exported_names(other).names
        for name, found in list(self.read(other).items()):
            if name in exported:
                places[name] += [one for one in found if one not in places[name]]
