"""Build the graph of layers from the `from` columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from yamlmod.errors import Refusal
from yamlmod.model.document import Document, Row
from yamlmod.model.known_modules import SIDE_EFFECT
from yamlmod.model.refs import IMAGE, target


class Read(NamedTuple):
    """One reference: layer ``reader`` reads ``target`` in place ``slot`` of its `from`."""

    reader: int
    slot: int
    target: int
    value: int


class Graph(NamedTuple):
    """The reads of a document, by reader and by target."""

    reads: tuple[tuple[Read, ...], ...]
    head: int

    def readers(self, layer: int) -> list[Read]:
        """Return every read of ``layer``, in the order of the file."""
        return [read for reads in self.reads for read in reads if read.target == layer]

    def alive(self, roots: Iterable[int] = ()) -> frozenset[int]:
        """Return the layers whose output reaches the head or one of ``roots``."""
        inputs = [[read.target for read in reads] for reads in self.reads]
        return reachable(inputs, [self.head, *roots])


def reachable(inputs: list[list[int]], roots: Iterable[int]) -> frozenset[int]:
    """Return ``roots`` and all that leads to them, over each layer's list of inputs."""
    found: set[int] = set()
    waiting = [root for root in roots if root != IMAGE]
    while waiting:
        layer = waiting.pop()
        if layer not in found:
            found.add(layer)
            waiting += [source for source in inputs[layer] if source != IMAGE]
    return frozenset(found)


class Unresolved(NamedTuple):
    """A reference that no layer above its row can answer, and what it names."""

    reader: int
    slot: int
    value: int
    what: str
    error: Refusal


def build_graph(document: Document) -> Graph:
    """Resolve every reference. Raises Refusal for one that no layer above can answer."""
    graph, unresolved = resolve(document)
    if unresolved:
        raise unresolved[0].error
    return graph


def resolve(document: Document) -> tuple[Graph, tuple[Unresolved, ...]]:
    """Resolve what can be resolved; references that have no target are returned apart."""
    unresolved: list[Unresolved] = []
    reads = tuple(tuple(_reads(document, row, unresolved)) for row in document.rows)
    return Graph(reads, document.head.index), tuple(unresolved)


def _reads(document: Document, row: Row, unresolved: list[Unresolved]) -> Iterator[Read]:
    if row.listed and not row.refs:
        yield from _head_reads(document, row, unresolved)
        return
    for slot, ref in enumerate(row.refs):
        layer = target(row.index, ref.value)
        first_row_reads_image = row.index == 0 and ref.value == -1
        if 0 <= layer < row.index or first_row_reads_image:
            yield Read(row.index, slot, layer, ref.value)
            continue
        what = _what(ref.value, layer, row.index, document)
        error = Refusal(
            "bad-reference",
            f"layer {row.index} {row.module} reads {what}",
            place=document.place(ref.start, ref.end),
            hint="fix the file first: an unresolved reference cannot be updated (a fork that "
            "counts one row as several layers is not supported)",
        )
        unresolved.append(Unresolved(row.index, slot, ref.value, what, error))


def _what(value: int, layer: int, reader: int, document: Document) -> str:
    if layer == reader:
        return "itself"
    if layer >= len(document.rows):
        return f"layer {layer}, which does not exist: the last is {len(document.rows) - 1}"
    if layer > reader:
        return f"layer {layer}, which is below it"
    return f"{value}, which is above the first layer"


def _head_reads(document: Document, row: Row, unresolved: list[Unresolved]) -> Iterator[Read]:
    """Yield what a head with an empty `from` reads: YOLOv5 v1.0 collects the output rows."""
    if row.index != document.head.index:
        error = Refusal(
            "bad-reference",
            f"layer {row.index} {row.module} has no input",
            place=document.place(*row.spans[0]),
            hint="only a head may have an empty `from` (YOLOv5 v1.0)",
        )
        unresolved.append(Unresolved(row.index, 0, 0, "nothing", error))
        return
    outputs = [r.index for r in document.rows[:-1] if is_output_row(document, r)]
    # v1.0 lists them from the deepest to the shallowest; the parser defines the order.
    for slot, layer in enumerate(outputs):
        yield Read(row.index, slot, layer, layer)


def is_output_row(document: Document, row: Row) -> bool:
    """Check whether a row's channels are na * (nc + 5), which v1.0 takes for a head input."""
    if not row.args:
        return False
    first = row.args[0]
    if isinstance(first, str):
        return names_outputs(first)
    return isinstance(first, int) and first == outputs_per_cell(document.settings)


def names_outputs(value: Any) -> bool:
    """Return whether a value of a row's args is the parser's name for na * (nc + 5)."""
    return isinstance(value, str) and "".join(value.split()) in ("na*(nc+5)", "no")


def outputs_per_cell(settings: Any) -> int | None:
    """Return na * (nc + 5) where the file gives anchors and classes, else None."""
    anchors, classes = settings.get("anchors"), settings.get("nc")
    if not isinstance(classes, int):
        return None
    if isinstance(anchors, list) and anchors and isinstance(anchors[0], list):
        return len(anchors[0]) // 2 * (classes + 5)
    return anchors * (classes + 5) if isinstance(anchors, int) else None


def side_effects(rows: Iterable[Row]) -> list[int]:
    """Find the layers that are alive although no layer reads them."""
    return [row.index for row in rows if row.module in SIDE_EFFECT]


def reader_names(document: Document, reads: Iterable[Read]) -> list[str]:
    """Return each reader once, as `17 C3`."""
    slots: dict[int, list[int]] = defaultdict(list)
    for read in reads:
        slots[read.reader].append(read.slot)
    return [document.describe(reader) for reader in slots]
