"""Resolve the positions of an insertion from the words of a command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from yamlmod.errors import Refusal, one_of
from yamlmod.model.graph import Read, is_output_row, reader_names
from yamlmod.model.known_modules import MANY_OUTPUTS
from yamlmod.model.network import Network
from yamlmod.model.refs import IMAGE


class Position(NamedTuple):
    """A position: the layer above the new one, and which readers the new layer serves.

    edge: the one reader whose reads move, or None for the command's general rule.
    opens: the line opens the section of the layer below, where the two differ.
    source: the layer that the new one reads, where that is not the one above (`--at-end`).
    """

    after: int
    asked: str
    edge: int | None = None
    opens: bool = False
    source: int | None = None

    @property
    def reads(self) -> int:
        """Return the layer that the new one reads."""
        return self.after if self.source is None else self.source


def resolve_positions(
    model: Network,
    at: Sequence[int] = (),
    after: Sequence[str] = (),
    before: Sequence[str] = (),
    edge: Sequence[str] = (),
    at_end: bool = False,
) -> list[Position]:
    """Return the places that a command names, sorted; all speak of the original's indices."""
    positions = [_at(model, number) for number in at]
    for word in after:
        layers = model.select_many(word)
        positions += [Position(layer, _asked("--after", word, layer)) for layer in layers]
    for word in before:
        positions += [_before(model, word, layer) for layer in model.select_many(word)]
    if at_end and (not edge or positions):
        raise Refusal(
            "usage",
            "--at-end goes with --edge A:B alone: it puts the new row directly before B",
            hint="for example --edge 17:24 --edge 20:24 --edge 23:24 --at-end",
        )
    positions += [_edge(model, word, at_end) for word in edge]
    if not positions:
        raise Refusal(
            "no-position",
            "give a position: --at N, --after SEL, --before SEL or --edge A:B",
            hint="`yamlmod show CFG` lists the layers",
        )
    for position in positions:
        _check(model, position)
    return sorted(positions, key=lambda position: (position.after, position.reads))


def _at(model: Network, number: int) -> Position:
    last = model.graph.head
    if not 0 <= number <= last:
        raise Refusal(
            "no-such-layer",
            f"--at {number}: {model.document.shown} has layers 0 to "
            f"{last}, so a new layer can get an index from 0 to {last}",
        )
    return Position(number - 1, f"--at {number}")


def _asked(flag: str, word: str, layer: int) -> str:
    """Return how a position was asked for, with the index that the word turned out to be."""
    return f"{flag} {word}" if word == str(layer) else f"{flag} {word} = {layer}"


def _before(model: Network, word: str, layer: int) -> Position:
    above = layer - 1
    reads = model.graph.reads[layer]
    if all(read.target != above for read in reads):
        read_names = one_of([model.document.describe(read.target) for read in reads]) or "nothing"
        source = reads[0].target if reads else above
        raise Refusal(
            "not-in-sequence",
            f"--before {word}: layer {model.document.describe(layer)} does not read the layer "
            f"above it ({model.document.describe(above)}); it reads {read_names}",
            place=model.document.place(*model.document.rows[layer].spans[0]),
            hint=f"--edge {source}:{layer} inserts the new layer on that connection only, "
            f"--after {source} after its source, for all readers",
        )
    rows = model.document.rows
    opens = above >= 0 and rows[above].section != rows[layer].section
    return Position(above, _asked("--before", word, layer), opens=opens)


def _edge(model: Network, word: str, at_end: bool) -> Position:
    source_word, colon, reader_word = word.partition(":")
    if not colon or ":" in reader_word or not source_word.strip() or not reader_word.strip():
        raise Refusal(
            "bad-selector",
            f"--edge {word}: write A:B, the layer that is read and its "
            "reader, for example --edge 4:16",
        )
    source, reader = model.select(source_word), model.select(reader_word)
    reads = model.readers(source)
    if all(read.reader != reader for read in reads):
        names = one_of(reader_names(model.document, reads)) or "no layer"
        raise Refusal(
            "no-such-edge",
            f"--edge {word}: layer {model.document.describe(reader)} "
            f"does not read {model.document.describe(source)}",
            hint=f"{model.document.describe(source)} is read by {names}",
        )
    if at_end:
        above = reader - 1
        return Position(above, f"--edge {word} --at-end", edge=reader, source=source)
    return Position(source, f"--edge {word}", edge=reader)


def _check(model: Network, position: Position) -> None:
    if position.reads == IMAGE:
        return
    refusal = _objection(model, position)
    if refusal is not None:
        code, message, hint = refusal
        row = model.document.rows[position.reads]
        place = model.document.place(row.start, row.end)
        raise Refusal(code, f"{position.asked}: {message}", place=place, hint=hint)


def _objection(model: Network, position: Position) -> tuple[str, str, str] | None:
    """Return the code, sentence and hint of what forbids a layer at this place, or None.

    The place in the file is left to the caller: to count lines for each of many would be quadratic.
    """
    document, layer = model.document, position.reads
    if layer == model.graph.head:
        return (
            "behind-head",
            f"{document.describe(layer)} is the head; no layer would read a layer after it",
            "",
        )
    if model.is_head(layer):
        return (
            "behind-head",
            f"{document.describe(layer)} is a head, whose output no layer can take",
            "",
        )
    if document.rows[layer].module in MANY_OUTPUTS:
        return (
            "many-outputs",
            f"{document.describe(layer)} returns a list of tensors, which a new layer cannot take",
            "insert it after the layer that reads one of them",
        )
    head = document.head
    if head.listed and not head.refs and is_output_row(document, document.rows[layer]):
        return (
            "output-row",
            "the head has an empty `from` and collects every row of na*(nc+5) channels, "
            f"{document.describe(layer)} among them; a layer after it would be collected as well",
            f"insert it before: --before {layer}",
        )
    return None


def claimed_reads(
    model: Network, position: Position, keep_skips: bool, readers: Sequence[int] | None
) -> Sequence[Read]:
    """Return the reads of the place's layer that move to the new layer."""
    reads = model.readers(position.reads)
    if position.edge is not None:
        return [read for read in reads if read.reader == position.edge]
    if readers is not None:
        return [read for read in reads if read.reader in readers]
    if keep_skips:
        return [read for read in reads if read.value == -1 or read.reader == model.graph.head]
    return reads
