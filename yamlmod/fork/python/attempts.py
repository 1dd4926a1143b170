"""Evaluate a ``try`` around imports: its body, or the handler of its ImportError."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING

from yamlmod.fork.python.answers import Answer, ErrorName, Missing
from yamlmod.fork.python.blocks import BlockParts, StatementBlock, ends
from yamlmod.fork.python.imported import OrderMattersError
from yamlmod.fork.python.modules import Elsewhere, ModuleFile, NoModule
from yamlmod.fork.python.parsed import ParsedFile

if TYPE_CHECKING:
    from yamlmod.fork.python.lookup import Lookup, Position

_ALL = {"Exception", "BaseException"}
_CATCHES = {
    "ImportError": {"ImportError", *_ALL},
    "ModuleNotFoundError": {"ImportError", "ModuleNotFoundError", *_ALL},
    "NameError": {"NameError", *_ALL},
    "AttributeError": {"AttributeError", *_ALL},
}
_NO_MODULE: ErrorName = "ModuleNotFoundError"
_STANDARD = sys.stdlib_module_names
PLAIN = (ast.Pass, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class Attempts:
    """Decides between the body of a ``try`` and its handlers."""

    def __init__(self, lookup: Lookup):
        self.lookup = lookup

    def outcomes(self, file: ParsedFile, parts: BlockParts, name: str) -> list[Answer | None]:
        """Return what the whole statement binds a name to; None: it may not bind it."""
        final = self._scan(file, parts.final, name)
        if None not in final:
            return final
        runs, error, stop = self.body_runs(file, parts)
        found: list[Answer | None] = []
        if runs is not False:
            after = self._scan(file, parts.after, name)
            found += [one for one in after if one is not None]
            found += self._scan(file, parts.body, name) if None in after else []
        if runs is not True:
            # The body may have bound the name before it failed.
            body = self._scan(file, parts.body, name, stop)
            before = body if runs is False else [*body, None]
            for handler, block in parts.handlers:
                if ends(block) or (runs is False and not catches(handler, error)):
                    continue
                inner = [None] if handler.name == name else self._scan(file, block, name)
                found += [one for one in inner if one is not None]
                found += before if None in inner else []
                if runs is False:
                    break
        return [*(one for one in final if one is not None), *(found or [None])]

    def body_runs(
        self, file: ParsedFile, parts: BlockParts
    ) -> tuple[bool | None, ErrorName, Position | None]:
        """Check whether the body comes to its end; None: that depends on what is installed.

        Where it does not, the error and the statement that raises it follow.
        """
        sure: bool | None = True
        for node in parts.body.statements if parts.body is not None else ():
            verdict, error = self._statement_runs(file, node)
            if verdict is False:
                return False, error, (node.lineno, node.col_offset)
            sure = sure if verdict else None
        return sure, "ImportError", None

    def _statement_runs(self, file: ParsedFile, node: ast.stmt) -> tuple[bool | None, ErrorName]:
        if failed := self.lookup.stops.failed.get((file.path, (node.lineno, node.col_offset))):
            return False, failed
        if isinstance(node, PLAIN):
            return True, "ImportError"
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            return True, "ImportError"
        if isinstance(node, ast.Import):
            return self._places_run(file, [(name.name, 0) for name in node.names]), _NO_MODULE
        if isinstance(node, ast.ImportFrom):
            runs = self._places_run(file, [(node.module or "", node.level)])
            names = [name.name for name in node.names if name.name != "*"]
            answers = (
                [self.lookup.imported.from_module(file.path, node, name) for name in names]
                if runs
                else []
            )
            if any(isinstance(answer, Missing) for answer in answers):
                return False, "ImportError"
            outside = node.level == 0 and (node.module or "").partition(".")[0] in _STANDARD
            return (None if runs and outside else runs), _NO_MODULE
        return None, "ImportError"

    def _places_run(self, file: ParsedFile, modules: list[tuple[str, int]]) -> bool | None:
        """Check whether modules can be imported; None where one is not in the tree."""
        runs: bool | None = True
        for dotted, level in modules:
            place = self.lookup.modules.find(file.path, dotted, level)
            if isinstance(place, NoModule):
                return False
            if isinstance(place, ModuleFile) and not self.lookup.stops.ordered:
                raise OrderMattersError(place.path)
            if isinstance(place, Elsewhere) and dotted.partition(".")[0] not in _STANDARD:
                runs = None
        return runs

    def _scan(
        self,
        file: ParsedFile,
        block: StatementBlock | None,
        name: str,
        stop: Position | None = None,
    ) -> list[Answer | None]:
        return [None] if block is None else self.lookup.scan(file, block, name, stop)


def catches(handler: ast.ExceptHandler, error: ErrorName) -> bool:
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(ast.unparse(one) in _CATCHES[error] for one in types)
