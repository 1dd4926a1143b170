"""Compare a file with the architectures that it may be derived from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Literal

from yamlmod.model.align import Alignment, align
from yamlmod.model.document import Document, Ref, Row
from yamlmod.model.network import Network
from yamlmod.model.parse import value_key
from yamlmod.model.reads import ReadChanges, compare_reads
from yamlmod.model.refs import IMAGE, target
from yamlmod.model.wiring import Wiring
from yamlmod.registry.official import OfficialGraph, official_graphs, official_kinds

Origin = Literal["given", "official", "sibling"]

_TRIED = 3


@dataclass(frozen=True, eq=False)
class Base:
    """One architecture to compare with."""

    name: str
    origin: Origin
    graph: Wiring | OfficialGraph

    @cached_property
    def wiring(self) -> Wiring:
        # Of many official ones a few are compared: the others are never wired.
        return self.graph if isinstance(self.graph, Wiring) else _official_wiring(self.graph)

    @cached_property
    def words(self) -> Counter[tuple[str, str]]:
        """Module and args of every row, in any order: a fast measure of similarity."""
        if isinstance(self.graph, Wiring):
            return row_words(self.graph.rows)
        words = _official_words()
        return Counter(words[kind] for kind in self.graph.kinds)

    @cached_property
    def form(self) -> list[int]:
        """Number of inputs of every row."""
        if isinstance(self.graph, Wiring):
            return [len(inputs) for inputs in self.graph.inputs]
        sources = self.graph.sources
        return [len(source) if isinstance(source, list) else 1 for source in sources]

    @property
    def backbone(self) -> int:
        return sum(row.section == "backbone" for row in self.wiring.rows)


@dataclass(frozen=True, eq=False)
class Compared:
    """A file aligned with one base."""

    base: Base
    alignment: Alignment
    reads: ReadChanges
    replaced: tuple[tuple[int, int], ...]

    @property
    def distance(self) -> int:
        """Number of layers that were inserted, removed or replaced."""
        return len(self.alignment.added) + len(self.alignment.removed) + len(self.replaced)


def row_words(rows: Iterable[Row]) -> Counter[tuple[str, str]]:
    return Counter((row.module, value_key(row.args)) for row in rows)


@cache
def _official_words() -> tuple[tuple[str, str], ...]:
    return tuple((module, value_key(args)) for module, args in official_kinds())


def base_of(document: Document, origin: Origin) -> Base:
    return Base(document.shown, origin, Network.lenient(document, {}).wiring)


@cache
def official_bases() -> tuple[Base, ...]:
    return tuple(Base(graph.name, "official", graph) for graph in official_graphs())


def _official_wiring(graph: OfficialGraph) -> Wiring:
    rows = []
    for index, (module, source, repeats, args) in enumerate(graph.rows):
        listed = isinstance(source, list)
        refs = tuple(Ref(v, 0, 0) for v in (source if isinstance(source, list) else [source]))
        section = "backbone" if index < graph.backbone else "head"
        rows.append(Row(index, section, 0, 0, refs, listed, repeats, module, args, (), True, None))
    inputs = tuple(
        tuple(target(row.index, ref.value) if row.index else IMAGE for ref in row.refs)
        for row in rows
    )
    return Wiring(tuple(rows), inputs)


def compare_with(base: Base, file: Wiring) -> Compared:
    alignment = align(base.wiring, file)
    reads = compare_reads(base.wiring, file, alignment)
    old, new = base.wiring.rows, file.rows
    replaced = tuple((a, b) for a, b in alignment.pairs if old[a].module != new[b].module)
    return Compared(base, alignment, reads, replaced)


def nearest(file: Wiring, bases: Sequence[Base]) -> list[Compared]:
    """Compare with the most similar bases, the nearest first."""
    words = row_words(file.rows)
    ranked = sorted(bases, key=lambda base: -_likeness(words, base))[:_TRIED]
    compared = [compare_with(base, file) for base in ranked]
    return sorted(compared, key=lambda item: (item.distance, len(item.reads.rewired)))


def same_form(file: Wiring, bases: Sequence[Base]) -> list[Base]:
    """Find bases with the same number of inputs in every row: same plan, other modules."""
    form = [len(inputs) for inputs in file.inputs]
    return [base for base in bases if base.form == form]


def _likeness(words: Counter[tuple[str, str]], base: Base) -> float:
    common = sum((words & base.words).values())
    return 2 * common / (sum(words.values()) + sum(base.words.values()))
