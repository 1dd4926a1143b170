"""The subject of the rules: one document and everything derived from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from yamlmod.checks.bases import Base
from yamlmod.checks.finding import Finding, Fix, Reference, Severity
from yamlmod.checks.wiring.explanation import Explanation, explanations
from yamlmod.edits import Edit
from yamlmod.errors import Refusal
from yamlmod.model.build_answer import BuildAnswer
from yamlmod.model.channels import Shape, Shapes
from yamlmod.model.document import Document, Row
from yamlmod.model.graph import Graph, Unresolved
from yamlmod.model.known_modules import (
    ATTENTION,
    JOINS,
    KNOWN,
    OF_ONE_INPUT,
    Kind,
    template_kind,
)
from yamlmod.model.network import Network
from yamlmod.model.parse import load_plain
from yamlmod.model.parser_facts import ParserFacts
from yamlmod.model.wiring import Wiring
from yamlmod.registry.catalogue import find

if TYPE_CHECKING:
    from yamlmod.registry.template import Template

_SAME = Kind("same")
_ATTENTION_KINDS = frozenset({"channel", "spatial", "self"})
KindsOf = Callable[[Iterable[str]], Mapping[str, Kind]]
"""Looks up modules beyond the built-in table: those of the registry or a fork."""


def no_kinds(modules: Iterable[str]) -> Mapping[str, Kind]:
    """Know only the built-in table."""
    return {}


@dataclass(frozen=True, eq=False, repr=False)
class Subject:
    """A document under check.

    ``base`` is the architecture it is derived from, if known; ``siblings`` are clean files
    whose rows are a part of this file's.
    """

    document: Document
    kinds_of: KindsOf = no_kinds
    base: Base | None = None
    siblings: Sequence[Base] = ()
    builder: ParserFacts | None = None

    @cached_property
    def network(self) -> Network:
        return Network.lenient(self.document, self._kinds())

    @property
    def graph(self) -> Graph:
        """The resolved references."""
        return self.network.graph

    @property
    def unresolved(self) -> tuple[Unresolved, ...]:
        return self.network.unresolved

    @property
    def wiring(self) -> Wiring:
        """The inputs of every layer, with unresolved references in their slots."""
        return self.network.wiring

    @property
    def shapes(self) -> Shapes:
        """Channels and strides; a row with an unresolved reference has none."""
        return self.network.shapes

    @property
    def alive(self) -> frozenset[int]:
        """Layers whose output reaches a head, or that work by side effect."""
        return self.network.alive

    @cached_property
    def explanations(self) -> Sequence[Explanation]:
        """How each possible base explains the file, the fewest changes and slips first."""
        return explanations(self)

    def joins_strides(self, row: Row) -> bool:
        kind = self.kind(row)
        return kind is not None and kind.channels in JOINS and kind.stride not in OF_ONE_INPUT

    @property
    def rows(self) -> Sequence[Row]:
        return self.document.rows

    @cached_property
    def built(self) -> BuildAnswer | None:
        """The build by the fork's code, None without a fork."""
        ask = None if self.builder is None else self.builder.ask
        if ask is None:
            return None
        return ask(load_plain(self.document.text, self.document.shown))

    def is_run(self, row: Row) -> bool:
        """Check whether the fork's code was seen to run a row: what it does there is no mistake."""
        answer = self.built
        if answer is None or not answer.rows or answer.unread:
            return False
        return all(p.layer is not None and p.layer > row.index for p in answer.problems)

    def kind(self, row: Row) -> Kind | None:
        return self.network.kinds.get(row.module)

    def _kinds(self) -> Mapping[str, Kind]:
        modules = {row.module for row in self.rows}
        known = self.kinds_of(modules)
        kinds = {}
        for module in modules:
            kind = known.get(module) or KNOWN.get(module) or _registered(module)
            if self.builder is not None:
                kind = _in_fork(self.builder, module, kind)
            if kind is not None and not (kind == _SAME and self._widens(module)):
                kinds[module] = kind
        return kinds

    def _widens(self, module: str) -> bool:
        """Check for another module of the same name: a gate gives no more channels than it gets."""
        return any(
            below.module == module
            and [ref.value for ref in below.refs] == [-1]
            and _first(below) > _first(above) > 0
            for above, below in pairwise(self.rows)
        )

    def is_head(self, row: Row) -> bool:
        """Check whether a row is a network output: the last row, or a known head."""
        return self.network.is_head(row.index)

    def is_attention(self, row: Row) -> bool:
        """Check whether a row is an attention layer, by the registry or by its name.

        What YOLO families have themselves, such as GhostConv, is none.
        """
        name = row.module
        if name in ATTENTION or "ttention" in name:
            return True
        template = template_of(name)
        kinds = () if template is None else template.kind
        return name not in KNOWN and not _ATTENTION_KINDS.isdisjoint(kinds)

    def inputs(self, row: Row) -> list[Shape] | None:
        return self.network.inputs(row.index)

    def at_row(
        self,
        rule: str,
        severity: Severity,
        row: Row,
        message: str,
        *,
        span: tuple[int, int] | None = None,
        help: str = "",
        actual: Reference | None = None,
        expected: Reference | None = None,
        fix: Fix | None = None,
    ) -> Finding:
        start, end = span if span is not None else (row.start, row.end)
        place = self.document.place(start, end)
        return Finding(rule, severity, place, message, help, row.index, actual, expected, fix)


def _in_fork(builder: ParserFacts, module: str, kind: Kind | None) -> Kind | None:
    """The kind of a module with its channels as in the fork's own branches."""
    if module in builder.kinds:
        return builder.kinds[module] if kind is None else kind._replace(channels="scaled")
    plain_else = module not in builder.branched and builder.plain_else
    if kind is not None and kind.channels == "scaled" and plain_else and "." not in module:
        return kind._replace(channels="same")
    return kind


def _first(row: Row) -> int:
    first = row.args[0] if row.args else None
    return first if isinstance(first, int) and not isinstance(first, bool) else 0


def _registered(module: str) -> Kind | None:
    """The kind of a template that is found only by name: one of an installed pack."""
    template = template_of(module)
    if template is None:
        return None
    return template_kind(*template.shape_facts)


@lru_cache(maxsize=512)
def template_of(module: str) -> Template | None:
    """Find the registry's template for a module, by its exact name in the YAML.

    This includes templates of yamlmod.toml, of the user folder and of packs. Modules that YOLO
    families bring themselves, such as Conv, are not looked up in packs.
    """
    try:
        template = find(module, in_packs=module not in KNOWN)
    except Refusal:  # a user's template that cannot be read
        return None
    # `simam` might be another class.
    return template if template is not None and module in template.names else None


def reference_edits(row: Row, values: Sequence[int]) -> tuple[Edit, ...]:
    """Edits that write these numbers to a row's `from` column."""
    pairs = zip(row.refs, values, strict=True)
    return tuple(Edit(r.start, r.end, str(v)) for r, v in pairs if r.value != v)


def spelled(row: Row, values: Sequence[int]) -> int | list[int]:
    """Keep a row's own form: a list, or a single number."""
    return list(values) if row.listed else values[0]


def number(value: Any) -> int | None:
    """Return an int, None for anything else, including bool."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
