"""Parse each file of a tree once, and collect its names."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from yamlmod.errors import Refusal, YamlmodError
from yamlmod.fork.files import Files
from yamlmod.fork.python.blocks import ScopeNode, StatementBlock, block_of, same_scope
from yamlmod.fork.python.source import Source, read_source

# The submodules of a package that an import in its own `__init__` binds there.
Submodules = Callable[[str, ast.stmt], Sequence[str]]
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_HOLDERS = (ast.ExceptHandler, ast.match_case)
_DYNAMIC = ("globals()", "exec(", "sys.modules[", "vars()", "setattr(sys")


@dataclass(frozen=True, eq=False)
class ParsedFile:
    """One file: its statements as blocks."""

    source: Source
    block: StatementBlock

    @property
    def path(self) -> str:
        """Return the path, relative to REPO."""
        return self.source.path

    @cached_property
    def dynamic(self) -> str:
        """Return why names may be there that no statement binds, empty where none can be."""
        if "__getattr__" in self.block.names:
            return f"{self.source.shown} has a __getattr__ for its names"
        if not any(word in self.source.text for word in _DYNAMIC):
            return ""
        for node in self.source.tree.body:
            if isinstance(node, _SCOPES):
                continue
            for part in same_scope(node):
                if isinstance(part, ast.Call) and _writes_names(part):
                    return f"{self.source.shown}:{part.lineno} makes names at run time"
                if isinstance(part, ast.Subscript) and isinstance(part.ctx, ast.Store):
                    text = ast.unparse(part.value)
                    if text in ("globals()", "vars()") or text.startswith("sys.modules"):
                        return f"{self.source.shown}:{part.lineno} makes names at run time"
        return ""

    @cached_property
    def set_by_functions(self) -> dict[str, int]:
        """Return the names that functions bind for the module, by `global`, with a line."""
        found: dict[str, int] = {}
        if "global " in self.source.text:
            for node in ast.walk(self.source.tree):
                if isinstance(node, ast.Global):
                    found.update((name, node.lineno) for name in node.names)
        return found

    def scopes(self, position: tuple[int, ...]) -> list[ScopeNode]:
        """Return the functions and classes around a position, the outermost first."""
        line = position[0]
        found: list[ScopeNode] = []
        body: list[ast.stmt] = self.source.tree.body
        while body:
            around = next((n for n in body if n.lineno <= line <= (n.end_lineno or 0)), None)
            if around is None:
                break
            if isinstance(around, _SCOPES) and around.body[0].lineno <= line:
                found.append(around)
            body = [
                one
                for child in ast.iter_child_nodes(around)
                for one in (child.body if isinstance(child, _HOLDERS) else [child])
                if isinstance(one, ast.stmt)
            ]
        return found


class ParsedFiles:
    """Reads and parses on demand. ``submodules`` tells which names an import binds by the way."""

    def __init__(self, files: Files, submodules: Submodules | None = None):
        self.files = files
        self.submodules = submodules
        self._parsed: dict[str, ParsedFile | str] = {}

    def get(self, path: str) -> ParsedFile | str:
        """Return the parsed file, or why it cannot be read."""
        if path not in self._parsed:
            self._parsed[path] = self._read(path)
        return self._parsed[path]

    def paths(self) -> list[str]:
        """Return the files that have been asked for."""
        return list(self._parsed)

    def _read(self, path: str) -> ParsedFile | str:
        try:
            source = read_source(self.files, path)
        except YamlmodError as error:
            # What its text does not let read is said where a name of it is asked for.
            if isinstance(error, Refusal) and error.code in ("outside", "unreadable"):
                self.files.note_unreadable(error)
            return f"{self.files.shown(path)} cannot be read: {error.message}"
        except RecursionError:
            return f"{self.files.shown(path)} is nested too deeply"
        if source is None:
            return f"{self.files.shown(path)} is gone"
        inside = path.rpartition("/")[2] == "__init__.py"
        names = partial(self.submodules, path) if inside and self.submodules else None
        return ParsedFile(source, block_of(source.tree.body, names))


def _writes_names(call: ast.Call) -> bool:
    called = ast.unparse(call.func)
    if called in ("globals().update", "vars().update", "exec", "globals().setdefault"):
        return True
    return called == "setattr" and bool(call.args) and "sys.modules" in ast.unparse(call.args[0])
