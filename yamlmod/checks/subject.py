"""What the rules look at: one document with everything that is derived from it, once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from yamlmod.checks.bases import Base, Compared, compare_with, nearest, official_bases
from yamlmod.checks.finding import Finding, Fix, Reference, Severity
from yamlmod.checks.misnumbered import Wrong, misnumbered
from yamlmod.edits import Edit
from yamlmod.errors import Refusal
from yamlmod.model.build_answer import BuildAnswer
from yamlmod.model.channels import Shape, Shapes
from yamlmod.model.document import Document, Row
from yamlmod.model.graph import Graph, Unresolved
from yamlmod.model.known_modules import ATTENTION, JOINS, KNOWN, Kind, template_kind
from yamlmod.model.network import Network
from yamlmod.model.parse import load_plain
from yamlmod.model.parser_facts import Builder
from yamlmod.model.wiring import Wiring
from yamlmod.registry.catalogue import find
from yamlmod.registry.template import Template

KindsOf = Callable[[Iterable[str]], Mapping[str, Kind]]
"""Says what is known of modules besides the built-in table: the registry's, a fork's."""


def no_kinds(modules: Iterable[str]) -> Mapping[str, Kind]:
    """Know nothing besides the built-in table."""
    return {}


@dataclass(frozen=True, eq=False)
class Subject:
    """A document under check.

    ``base`` is the architecture it was made from, where that is known; ``siblings`` are clean files
    whose rows are some of this file's.
    """

    document: Document
    kinds_of: KindsOf = no_kinds
    base: Base | None = None
    siblings: Sequence[Base] = ()
    builder: Builder | None = None

    @cached_property
    def network(self) -> Network:
        """Return the file as a network, with references that lead nowhere apart."""
        return Network.lenient(self.document, self._kinds())

    @property
    def graph(self) -> Graph:
        """Return the reads that lead somewhere."""
        return self.network.graph

    @property
    def unresolved(self) -> tuple[Unresolved, ...]:
        """Return the references that lead nowhere."""
        return self.network.unresolved

    @property
    def wiring(self) -> Wiring:
        """Return who reads whom, with references that lead nowhere in their slots."""
        return self.network.wiring

    @property
    def shapes(self) -> Shapes:
        """Return channels and strides; a row with a reference that leads nowhere has none."""
        return self.network.shapes

    @property
    def alive(self) -> frozenset[int]:
        """Return the layers whose output reaches a head, or that work by side effect."""
        return self.network.alive

    @cached_property
    def compared(self) -> Sequence[Compared]:
        """Return the file beside the bases it may have been made from, the nearest first."""
        if self.base is not None:
            return [compare_with(self.base, self.wiring)]
        official = nearest(self.wiring, official_bases())
        beside = [compare_with(sibling, self.wiring) for sibling in self.siblings]
        # An official base wins among equals: a sibling may have the same mistake.
        return sorted([*official, *beside], key=lambda item: item.distance)

    @cached_property
    def wrong_reads(self) -> Sequence[Wrong]:
        """Return the reads that do not lead where they led in the nearest base."""
        if not self.compared:
            return ()
        return misnumbered(self.compared[0], self.wiring, self.stride_conflicts)

    def stride_conflicts(self, changed: Mapping[int, tuple[int, ...]]) -> int:
        """Return how many layers join different strides when some layers read something else."""
        shapes = self.network.shapes_with(changed)
        count = 0
        for row in filter(self.joins_strides, self.rows):
            targets = changed.get(row.index) or self.network.known_inputs(row.index)
            strides = {shapes[target].stride for target in targets} - {None}
            count += len(strides) > 1
        return count

    def joins_strides(self, row: Row) -> bool:
        """Tell whether a row's inputs have to be of one stride."""
        kind = self.kind(row)
        return kind is not None and kind.channels in JOINS and kind.stride != "last"

    @property
    def rows(self) -> Sequence[Row]:
        """Return every layer."""
        return self.document.rows

    @cached_property
    def built(self) -> BuildAnswer | None:
        """Return what the fork makes of the file, None where no fork was given."""
        ask = None if self.builder is None else self.builder.ask
        if ask is None:
            return None
        return ask(load_plain(self.document.text, self.document.shown))

    def kind(self, row: Row) -> Kind | None:
        """Return what is known of a row's module."""
        return self.network.kinds.get(row.module)

    def _kinds(self) -> Mapping[str, Kind]:
        modules = {row.module for row in self.rows}
        told = self.kinds_of(modules)
        kinds = {}
        for module in modules:
            kind = told.get(module) or KNOWN.get(module) or _registered(module)
            if self.builder is not None:
                kind = _in_fork(self.builder, module, kind)
            if kind is not None:
                kinds[module] = kind
        return kinds

    def is_head(self, row: Row) -> bool:
        """Tell whether a row gives the network's result: the last one, or a known head."""
        return self.network.is_head(row.index)

    def is_attention(self, row: Row) -> bool:
        """Tell whether a row is an attention layer: by the registry, or by its name."""
        name = row.module
        return name in ATTENTION or "ttention" in name or template_of(name) is not None

    def inputs(self, row: Row) -> list[Shape] | None:
        """Return the shapes a row reads, None where one of its references leads nowhere."""
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
        """Return a finding on a row, or on a span within it."""
        start, end = span if span is not None else (row.start, row.end)
        place = self.document.place(start, end)
        return Finding(rule, severity, place, message, help, row.index, actual, expected, fix)


def _in_fork(builder: Builder, module: str, kind: Kind | None) -> Kind | None:
    """Return a module's kind as the fork's own branches give its channels."""
    if module in builder.kinds:
        return builder.kinds[module] if kind is None else kind._replace(channels="scaled")
    plain_else = module not in builder.branched and builder.plain_else
    if kind is not None and kind.channels == "scaled" and plain_else and "." not in module:
        return kind._replace(channels="same")
    return kind


def _registered(module: str) -> Kind | None:
    """Return the kind of a template that is found only when asked for: an installed pack's."""
    template = template_of(module)
    if template is None:
        return None
    return template_kind(template.takes_nominal, [one.name for one in template.arguments])


@lru_cache(maxsize=512)
def template_of(module: str) -> Template | None:
    """Return the registry's template for a module, by the name as it is spelled in the YAML.

    Templates of one's own count: those of yamlmod.toml, of the user's folder and of packs.
    """
    try:
        template = find(module)
    except Refusal:  # somebody's template of this name cannot be read: nothing is known of it
        return None
    # `simam` might be another class.
    return template if template is not None and module in template.names else None


def reference_edits(row: Row, values: Sequence[int]) -> tuple[Edit, ...]:
    """Return the edits that give a row these numbers in its `from` column."""
    pairs = zip(row.refs, values, strict=True)
    return tuple(Edit(r.start, r.end, str(v)) for r, v in pairs if r.value != v)


def spelled(row: Row, values: Sequence[int]) -> int | list[int]:
    """Return numbers in a row's own form: a list, or a single number."""
    return list(values) if row.listed else values[0]


def number(value: Any) -> int | None:
    """Return a plain integer, None for anything else (True is no number)."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
