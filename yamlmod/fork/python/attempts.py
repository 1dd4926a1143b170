"""What a ``try`` around imports leaves bound: its body, or the handler of its ImportError."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING

from yamlmod.fork.python.answers import Answer, Missing
from yamlmod.fork.python.blocks import Block, Parts, ends
from yamlmod.fork.python.modules import Elsewhere, NoModule
from yamlmod.fork.python.parsed import Parsed

if TYPE_CHECKING:
    from yamlmod.fork.python.lookup import Lookup

_CATCHES = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
_PLAIN = (ast.Pass, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class Attempts:
    """Decides between the body of a ``try`` and its handlers."""

    def __init__(self, lookup: Lookup):
        self.lookup = lookup

    def outcomes(self, file: Parsed, parts: Parts, name: str) -> list[Answer | None]:
        """Return what the whole statement binds a name to; None: it may not bind it."""
        final = self._scan(file, parts.final, name)
        if None not in final:
            return final
        runs = self.body_runs(file, parts)
        found: list[Answer | None] = []
        if runs is not False:
            after = self._scan(file, parts.after, name)
            found += [one for one in after if one is not None]
            found += self._scan(file, parts.body, name) if None in after else []
        if runs is not True:
            body = [one for one in self._scan(file, parts.body, name) if one is not None]
            for handler, block in parts.handlers:
                if ends(block) or (runs is False and not catches(handler)):
                    continue
                inner = [None] if handler.name == name else self._scan(file, block, name)
                # The body may have bound the name before it failed.
                found += inner if None not in inner or runs is False else [*inner, *body]
        return [*(one for one in final if one is not None), *(found or [None])]

    def body_runs(self, file: Parsed, parts: Parts) -> bool | None:
        """Return whether the body comes to its end; None: that depends on what is installed."""
        verdicts = [
            self._statement_runs(file, node)
            for node in (parts.body.statements if parts.body is not None else ())
        ]
        if any(one is False for one in verdicts):
            return False
        return None if None in verdicts else True

    def _statement_runs(self, file: Parsed, node: ast.stmt) -> bool | None:
        if isinstance(node, _PLAIN):
            return True
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            return True
        if isinstance(node, ast.Import):
            places = [self.lookup.modules.find(file.path, one.name) for one in node.names]
            if any(isinstance(one, NoModule) for one in places):
                return False
            outside = [one.dotted for one in places if isinstance(one, Elsewhere)]
            known = all(one.partition(".")[0] in sys.stdlib_module_names for one in outside)
            return True if known else None
        if isinstance(node, ast.ImportFrom):
            return self._from_runs(file, node)
        return None

    def _from_runs(self, file: Parsed, node: ast.ImportFrom) -> bool | None:
        place = self.lookup.modules.find(file.path, node.module or "", node.level)
        if isinstance(place, NoModule):
            return False
        if isinstance(place, Elsewhere):
            return None
        names = [one.name for one in node.names if one.name != "*"]
        answers = [self.lookup.from_module(file.path, node, one) for one in names]
        return not any(isinstance(one, Missing) for one in answers)

    def _scan(self, file: Parsed, block: Block | None, name: str) -> list[Answer | None]:
        return [None] if block is None else self.lookup.scan(file, block, name)


def catches(handler: ast.ExceptHandler) -> bool:
    """Return whether a handler takes an ImportError."""
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(ast.unparse(one) in _CATCHES for one in types)
