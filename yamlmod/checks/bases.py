"""The architectures that a file may be derived from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Literal

from yamlmod.model.document import Document, Ref, Row
from yamlmod.model.network import Network
from yamlmod.model.parse import value_key
from yamlmod.model.refs import IMAGE, target
from yamlmod.model.wiring import Wiring
from yamlmod.registry.official import OfficialGraph, OfficialRow, official_graphs, official_kinds

Origin = Literal["given", "official", "sibling"]


@dataclass(frozen=True, eq=False, repr=False)
class Base:
    """One architecture to compare with.

    ``smaller`` are the numbers, by row and slot, in the network that it is a variant of; ``free``
    are the inputs of the variant that are the author's choice; ``lateral`` those that read a
    lateral convolution, where others read the block in front of it.
    """

    name: str
    origin: Origin
    graph: Wiring | OfficialGraph
    smaller: Mapping[tuple[int, int], int] = field(default_factory=dict)
    free: frozenset[tuple[int, int]] = frozenset()
    lateral: frozenset[tuple[int, int]] = frozenset()

    @property
    def is_drawn(self) -> bool:
        """Tell whether it is a variant that users draw by hand, and not a published network."""
        return bool(self.smaller)

    @property
    def has_weights(self) -> bool:
        """Tell whether weights of it may be around: none of official P2 variants were published."""
        return not self.is_drawn and not (self.origin == "official" and self.name.endswith("-p2"))

    @cached_property
    def wiring(self) -> Wiring:
        # Of many official ones a few are compared: the others are never wired.
        if isinstance(self.graph, Wiring):
            return self.graph
        return wiring_of_rows(self.graph.rows, self.graph.backbone)

    @cached_property
    def words(self) -> Counter[tuple[str, str]]:
        """Module and args of every row, in any order: a fast measure of similarity."""
        if isinstance(self.graph, Wiring):
            return row_words(self.graph.rows)
        words = _official_words()
        return Counter(words[kind] for kind in self.graph.kinds)

    @cached_property
    def neck_words(self) -> Counter[tuple[str, str]]:
        if isinstance(self.graph, Wiring):
            return row_words(row for row in self.graph.rows if row.section == "head")
        words = _official_words()
        return Counter(words[kind] for kind in self.graph.kinds[self.graph.backbone :])

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


def wiring_of_rows(layers: Sequence[OfficialRow], backbone: int) -> Wiring:
    rows = []
    for index, (module, source, repeats, args) in enumerate(layers):
        listed = isinstance(source, list)
        refs = tuple(Ref(v, 0, 0) for v in (source if isinstance(source, list) else [source]))
        section = "backbone" if index < backbone else "head"
        rows.append(Row(index, section, 0, 0, refs, listed, repeats, module, args, (), True, None))
    inputs = tuple(
        tuple(target(row.index, ref.value) if row.index else IMAGE for ref in row.refs)
        for row in rows
    )
    return Wiring(tuple(rows), inputs)


def likeness(one: Counter[tuple[str, str]], other: Counter[tuple[str, str]]) -> float:
    common = sum((one & other).values())
    return 2 * common / (sum(one.values()) + sum(other.values()) or 1)
