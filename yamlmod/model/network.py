"""One model YAML as a network: rows, inputs, channels, strides, live layers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from yamlmod.model.channels import Shape, Shapes, infer_shapes
from yamlmod.model.document import Document, Row
from yamlmod.model.graph import Graph, Read, Unresolved, build_graph, resolve
from yamlmod.model.known_modules import KNOWN, SIDE_EFFECT, Kind
from yamlmod.model.parse import value_key
from yamlmod.model.refs import IMAGE
from yamlmod.model.strides import Stride, relative_strides
from yamlmod.model.wiring import NOWHERE, Wiring

if TYPE_CHECKING:
    from yamlmod.model.select import Selector

# As many rows like the first ones are the beginning of a second backbone, and no coincidence.
_STREAM = 5
# By this number forks with two images name the second one; it is no distance.
_SECOND_IMAGE = -4


@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """A document with all that follows from it: what every operation and every check starts from.

    ``kinds`` says what is known of the file's modules besides the built-in table, ``unresolved``
    are references that have no target, which only a check lives with.
    """

    document: Document
    graph: Graph
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    unresolved: tuple[Unresolved, ...] = ()

    @classmethod
    def strict(cls, document: Document, kinds: Mapping[str, Kind]) -> Network:
        """Wire a document that is to be edited. Raises Refusal for a reference to nowhere."""
        return cls(document, build_graph(document), kinds)

    @classmethod
    def lenient(cls, document: Document, kinds: Mapping[str, Kind]) -> Network:
        """Wire a document that is to be checked."""
        graph, unresolved = resolve(document)
        images = {
            item.reader for item in unresolved if _is_second_image(document.rows, item.reader)
        }
        if images:
            reads = tuple(
                (Read(i, 0, IMAGE, _SECOND_IMAGE),) if i in images else row
                for i, row in enumerate(graph.reads)
            )
            graph = graph._replace(reads=reads)
            unresolved = tuple(item for item in unresolved if item.reader not in images)
        return cls(document, graph, kinds, unresolved)

    @property
    def rows(self) -> Sequence[Row]:
        """Return every layer."""
        return self.document.rows

    def kind(self, module: str) -> Kind | None:
        """Return what is known of a module."""
        return self.kinds.get(module) or KNOWN.get(module)

    def is_head(self, layer: int) -> bool:
        """Check whether a layer gives the network's result: the last one, or a known head."""
        return layer in self._heads

    @cached_property
    def _heads(self) -> frozenset[int]:
        kinds = ((row.index, self.kind(row.module)) for row in self.rows)
        known = (layer for layer, kind in kinds if kind is not None and kind.channels == "head")
        return frozenset((self.graph.head, *known))

    @cached_property
    def roots(self) -> tuple[int, ...]:
        """Return the layers that are alive by themselves: heads, and what works by side effect."""
        return tuple(
            row.index for row in self.rows if row.module in SIDE_EFFECT or self.is_head(row.index)
        )

    @cached_property
    def alive(self) -> frozenset[int]:
        """Return the layers whose output reaches a head, or that work by side effect."""
        return self.graph.alive(self.roots)

    @cached_property
    def _readers(self) -> Mapping[int, list[Read]]:
        readers: dict[int, list[Read]] = defaultdict(list)
        for reads in self.graph.reads:
            for read in reads:
                readers[read.target].append(read)
        return dict(readers)

    def readers(self, layer: int) -> Sequence[Read]:
        """Return every read of ``layer``, in the order of the file."""
        return self._readers.get(layer, ())

    @cached_property
    def wiring(self) -> Wiring:
        """Return the inputs of every layer, with references that have no target in their slots."""
        inputs = [{read.slot: read.target for read in reads} for reads in self.graph.reads]
        for reference in self.unresolved:
            inputs[reference.reader][reference.slot] = NOWHERE
        slots = (tuple(reads[slot] for slot in sorted(reads)) for reads in inputs)
        return Wiring(self.document.rows, tuple(slots))

    @cached_property
    def shapes(self) -> Shapes:
        """Return channels and strides; a row with a reference that has no target has none."""
        graph = self.graph._replace(reads=self._shape_reads)
        return infer_shapes(self.document, graph, self.kinds)

    def _reads_with(self, changed: Mapping[int, tuple[int, ...]]) -> tuple[tuple[Read, ...], ...]:
        reads = list(self._shape_reads)
        for layer, targets in changed.items():
            # What reads a layer that is not above it has no shape, as in an unresolved row.
            exist = all(IMAGE <= target < layer for target in targets)
            reads[layer] = tuple(
                Read(layer, slot, target, target) for slot, target in enumerate(targets) if exist
            )
        return tuple(reads)

    @cached_property
    def _shape_reads(self) -> tuple[tuple[Read, ...], ...]:
        # A second stream may begin anew at an image of its own: its strides are not known.
        unknown = {item.reader for item in self.unresolved} | set(self.second_streams)
        return tuple(() if i in unknown else row for i, row in enumerate(self.graph.reads))

    @cached_property
    def second_streams(self) -> tuple[int, ...]:
        """Return the layers at which the file's own beginning comes again."""
        return tuple(_second_streams(self.rows))

    def strides_with(self, changed: Mapping[int, tuple[int, ...]]) -> Sequence[Stride]:
        """Return the strides, relative ones too, when some layers read something else."""
        if not changed:
            return self.strides
        return relative_strides(self.rows, self._reads_with(changed), self.kinds)

    @cached_property
    def strides(self) -> Sequence[Stride]:
        return relative_strides(self.rows, self._shape_reads, self.kinds)

    def known_inputs(self, layer: int) -> Sequence[int]:
        """Return what a layer reads, nothing where it is not known."""
        return [read.target for read in self._shape_reads[layer]]

    def inputs(self, layer: int) -> list[Shape] | None:
        """Return the shapes that a layer reads, None where a reference of it has no target."""
        if any(item.reader == layer for item in self.unresolved):
            return None
        return [self.shapes[read.target] for read in self.graph.reads[layer]]

    def select(self, word: str) -> int:
        """Return the one layer that a selector names."""
        return self._selector.one(word)

    def select_many(self, word: str) -> list[int]:
        """Return every layer that a selector names."""
        return self._selector.many(word)

    @cached_property
    def _selector(self) -> Selector:
        from yamlmod.model.select import Selector  # `--at N` does without it

        return Selector(self.document, self.graph, self.shapes)


def _is_second_image(rows: Sequence[Row], layer: int) -> bool:
    """Check for a row like the first one that reads the second image of a two-stream network."""
    row, first = rows[layer], rows[0]
    values = [ref.value for ref in row.refs]
    return (
        layer > 0
        and values == [_SECOND_IMAGE]
        and (row.module, row.args)
        == (
            first.module,
            first.args,
        )
    )


def _second_streams(rows: Sequence[Row]) -> Iterator[int]:
    """Yield the rows at which the file's own beginning comes again, word for word."""
    words = [(row.module, value_key(row.args)) for row in rows]
    # The first row may prepare what both streams read.
    starts = [words[top : top + _STREAM] for top in range(2)]
    for index in range(2, len(words) - _STREAM + 1):
        stream = words[index : index + _STREAM]
        if stream in starts and len(set(stream)) > 2:
            yield index
    yield from (row.index for row in rows if _is_second_image(rows, row.index))
