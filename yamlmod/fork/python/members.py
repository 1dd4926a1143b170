"""Look up attributes of modules and classes, and names inside a scope."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from yamlmod.fork.python.answers import (
    Answer,
    Definition,
    Missing,
    OutsideTree,
    Unknown,
    as_module,
    joined,
    with_hop,
)
from yamlmod.fork.python.blocks import StatementBlock, block_of, same_scope
from yamlmod.fork.python.modules import ModuleFile
from yamlmod.fork.python.parsed import ParsedFile

if TYPE_CHECKING:
    from yamlmod.fork.python.lookup import Lookup, Position


class Members:
    """What is looked up inside of something."""

    def __init__(self, lookup: Lookup):
        self.lookup = lookup
        self._blocks: dict[int, StatementBlock] = {}

    def member(self, answer: Answer, name: str, importer: str) -> Answer:
        """Return what the attribute of something denotes."""
        if isinstance(answer, OutsideTree):
            return OutsideTree(f"{answer.dotted}.{name}", answer.hops, answer.conditional)
        if isinstance(answer, Missing):
            return answer
        if isinstance(answer, Unknown):
            return Unknown(answer.reason, answer.hops)
        if answer.kind == "module":
            return self._of_part(answer, name, importer)
        if answer.kind == "class" and isinstance(answer.node, ast.ClassDef):
            return self._of_class(answer, answer.node, name)
        return Unknown(f"{answer.path}:{answer.line}: {answer.name} is a value", answer.hops)

    def _of_part(self, module: Definition, name: str, importer: str) -> Answer:
        place = ModuleFile(module.path, is_folder=not module.path.endswith(".py"))
        answer: Answer = Missing(
            f"module {module.path} has no attribute '{name}'", "AttributeError"
        )
        if not place.is_folder:
            answer = self.lookup.of_module(module.path, name, None)
        if isinstance(answer, Missing):
            inner = self.lookup.modules.submodule(place, name)
            if inner is not None:
                whole = as_module(inner, module.hops)
                sure = place.is_folder or self._imports(importer, inner)
                return whole if sure else replace(whole, conditional=True)
            answer = Missing(answer.why, "AttributeError", answer.hops)
        for hop in reversed(module.hops):
            answer = with_hop(answer, hop)
        return answer

    def _imports(self, importer: str, module: ModuleFile) -> bool:
        """Check whether a file itself imports a module by a statement of its own."""
        file = self.lookup.parsed.get(importer)
        for node in ast.walk(file.source.tree) if not isinstance(file, str) else ():
            if isinstance(node, ast.Import):
                places = [self.lookup.modules.find(importer, name.name) for name in node.names]
            elif isinstance(node, ast.ImportFrom):
                places = [self.lookup.modules.find(importer, node.module or "", node.level)]
            else:
                continue
            for place in places:
                if isinstance(place, ModuleFile) and module.path in (place.path, *place.packages):
                    return True
        return False

    def _of_class(self, owner: Definition, node: ast.ClassDef, name: str) -> Answer:
        file = self.lookup.parsed.get(owner.path)
        if isinstance(file, str):
            return Unknown(file)
        with self.lookup.deeper():
            local = self.local(file, node, name, None)
            if isinstance(local, Definition) and local.path == owner.path:
                dotted = f"{owner.name}.{local.name}"
                return Definition(
                    local.path, local.kind, dotted, local.line, local.node, owner.hops
                )
            if local is not None:
                return local
            for base in node.bases:
                parent = self.lookup.expression(owner.path, base, (node.lineno, node.col_offset))
                if isinstance(parent, Definition) and parent.kind == "class":
                    answer = self.member(parent, name, owner.path)
                    if not isinstance(answer, Unknown):
                        return answer
                    if answer.reason.startswith("no class"):
                        continue
                return Unknown(f"{name} may come from {ast.unparse(base)[:60]}", owner.hops)
        return Unknown(f"no class statement of {owner.name} binds {name}", owner.hops)

    def local(
        self, file: ParsedFile, node: ast.AST, name: str, position: Position | None
    ) -> Answer | None:
        """Return what a name denotes in a function or class, None where it is not its own."""
        body: list[ast.stmt] = getattr(node, "body", [])
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            arguments = node.args
            given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            given += [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
            for part in body if "global" in file.source.segment(node) else ():
                if any(isinstance(p, ast.Global) and name in p.names for p in same_scope(part)):
                    return None
        else:
            given = []
        block = self._blocks.get(id(node))
        if block is None:
            block = self._blocks[id(node)] = block_of(body)
        if name not in block.names:
            if any(one.arg == name for one in given):
                return Unknown(f"{name} is a parameter of {getattr(node, 'name', 'a function')}")
            return None
        outcomes = self.lookup.scan(file, block, name, position)
        if isinstance(node, ast.ClassDef):
            return None if all(o is None for o in outcomes) else joined(outcomes, Missing(""))
        if any(one.arg == name for one in given) and None in outcomes:
            return Unknown(f"{name} is a parameter of {getattr(node, 'name', 'a function')}")
        if all(outcome is None for outcome in outcomes):
            return Unknown(f"{name} is a local name that has no value yet")
        return joined(outcomes, Missing(""))
