"""Facts shared between the functions of a fork: attributes, arguments, lists, findings."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass, field

from yamlmod.fork.numbers.findings import (
    CodePlace,
    KeptOutputs,
    LayerNumber,
    LayerNumberKind,
)
from yamlmod.fork.numbers.meanings import NOTHING, Meaning, Meanings, joined
from yamlmod.fork.parser.parse_model import Function, FunctionNode
from yamlmod.fork.python.answers import Definition
from yamlmod.fork.python.import_graph import ImportGraph

_MAX_STEPS = 1_500_000
_MAX_FUNCTIONS = 800
# Where no constant of the fork is.
_OTHERS = frozenset({*dir(builtins), "torch", "nn", "np", "os", "math", "LOGGER", "logger", "self"})


class TooMuchCodeError(Exception):
    """The fork's code is larger than is looked through; what was found stays."""


@dataclass(frozen=True, eq=False)
class FunctionCode:
    """A function to look through; ``receiver``: its first parameter is the network or a layer."""

    path: str
    node: FunctionNode
    receiver: str = ""


@dataclass
class Knowledge:
    """Grows until nothing is new; the findings are those of the last round."""

    graph: ImportGraph
    parser: str
    function: Function
    attributes: dict[str, Meanings] = field(default_factory=dict)
    lists: dict[str, KeptOutputs] = field(default_factory=dict)
    arguments: dict[ast.AST, dict[str, Meanings]] = field(default_factory=dict)
    returned: dict[ast.AST, Meanings] = field(default_factory=dict)
    methods: dict[str, list[FunctionCode]] = field(default_factory=dict)
    functions: dict[ast.AST, FunctionCode] = field(default_factory=dict)
    classes: set[str] = field(default_factory=set)
    found: dict[object, LayerNumber] = field(default_factory=dict)
    denoted: dict[tuple[str, str], Definition | None] = field(default_factory=dict)
    aliases: dict[str, dict[str, str]] = field(default_factory=dict)
    changed: bool = False
    silent: int = 0
    steps: int = 0

    def step(self) -> None:
        """Count a node."""
        self.steps += 1
        if self.steps > _MAX_STEPS:
            raise TooMuchCodeError

    def add_function(self, code: FunctionCode) -> None:
        """Look through a function too."""
        if code.node not in self.functions and len(self.functions) < _MAX_FUNCTIONS:
            self.functions[code.node] = code
            self.changed = True

    def add_attribute(self, name: str, meanings: Meanings) -> None:
        """Note what an attribute of the network may mean."""
        before = self.attributes.get(name, NOTHING)
        after = joined([before, meanings])
        if after != before:
            self.attributes[name] = after
            self.changed = True

    def add_argument(self, code: FunctionCode, name: str, meanings: Meanings) -> None:
        """Note what a parameter may be given."""
        known = self.arguments.setdefault(code.node, {})
        after = joined([known.get(name, NOTHING), meanings])
        if after != known.get(name, NOTHING):
            known[name] = after
            self.changed = True

    def add_return(self, code: FunctionCode, meanings: Meanings) -> None:
        """Note what a function may give back."""
        before = self.returned.get(code.node, NOTHING)
        after = joined([before, meanings])
        if after != before:
            self.returned[code.node] = after
            self.changed = True

    def add_list(self, name: str, kept: KeptOutputs) -> None:
        """Note that a list holds the layers' outputs."""
        before = self.lists.get(name)
        after = kept if before is None else before | kept
        if after != before:
            self.lists[name] = after
            self.changed = True

    def report(
        self,
        kind: LayerNumberKind,
        one: Meaning,
        *,
        bound: bool = False,
        relative: bool = False,
        operator: str = "==",
        kept: KeptOutputs | None = None,
    ) -> None:
        """Note a finding."""
        if self.silent or one.place is None:
            return
        bound = bound or one.kind == "limit"
        finding = LayerNumber(
            kind,
            one.number,
            one.place,
            self._line(one.place),
            one.end,
            bound,
            relative,
            operator,
            kept or KeptOutputs(all=True),
        )
        self.found[kind, one.number, one.place, bound, relative, operator] = finding

    def is_parser(self, path: str, node: ast.expr) -> bool:
        """Check whether a called name is the parse function."""
        name = self.function.node.name
        last = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
        if last == name:
            return True
        if not isinstance(node, ast.Name):
            return False
        if path not in self.aliases:
            source = self.graph.source(path)
            self.aliases[path] = {} if source is None else _aliases(source.tree)
        return self.aliases[path].get(last) == name

    def definition(self, path: str, node: ast.expr) -> Definition | None:
        """Return the definition in the tree that a name denotes."""
        name = dotted_name(node)
        if not name or name.partition(".")[0] in _OTHERS:
            return None
        if (path, name) not in self.denoted:
            answer = self.graph.denotes(path, name)
            found = answer if isinstance(answer, Definition) else None
            self.denoted[path, name] = found
        return self.denoted[path, name]

    def _line(self, place: CodePlace) -> str:
        source = self.graph.source(place.path)
        lines = [] if source is None else source.text.split("\n")
        return lines[place.line - 1].rstrip("\r") if place.line <= len(lines) else ""


def dotted_name(node: ast.expr) -> str:
    """Return `a.b.c` as it is written, empty for another expression."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _aliases(tree: ast.Module) -> dict[str, str]:
    return {
        alias.asname: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }
