"""Insert layers: the new rows, and every reference and index comment behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from yamlmod.edits import Edit, apply_edits
from yamlmod.errors import Refusal, one_of
from yamlmod.model.document import Document, Row
from yamlmod.model.graph import Read, reader_names
from yamlmod.model.layout import NewRow, rows_after, rows_opening, trailing_comment
from yamlmod.model.refs import ANY_SPELLING, IMAGE, SpellingRule, spell, spell_for_fork
from yamlmod.model.render import render_args, render_moved, render_row
from yamlmod.ops import proof
from yamlmod.ops.liveness import lost_layers
from yamlmod.ops.outcome import Consumer, NewLayer, Outcome
from yamlmod.ops.positions import Model, Position, claimed_reads, read_model
from yamlmod.ops.proof import Insertion, prove
from yamlmod.ops.rows import args_for, module_name
from yamlmod.ops.shift import GrowingShift, renumber_comments
from yamlmod.registry.catalogue import find


@dataclass(frozen=True)
class Moved:
    """An old row that goes to a new place: where its words stand, and new args if it needs them."""

    document: Document
    row: Row
    repeats: Any
    args: list[Any] | None


@dataclass(frozen=True)
class Request:
    """What to insert and on which side its readers shall be."""

    module: str
    positions: tuple[Position, ...]
    args: list[Any] | None = None
    keep_skips: bool = False
    readers: tuple[int, ...] | None = None
    allow_dead: bool = False
    # The layers it reads (--from), where that is not just the one it stands behind.
    sources: tuple[int, ...] | None = None
    moved: Moved | None = None
    spelling: SpellingRule = field(default=ANY_SPELLING)


@dataclass(frozen=True)
class _New:
    """A planned layer: its place, its final index, its args and the reads it takes over."""

    position: Position
    index: int
    module: str
    args: list[Any]
    claims: tuple[Read, ...]
    sources: tuple[int, ...] | None = None
    moved: Moved | None = None


def insert(model: Model, request: Request) -> Outcome:
    """Insert the layers of ``request``; the result is proven, or an error is raised."""
    outcome = plan_insert(model, request)
    prove(model.document, outcome.text, outcome.steps, request.spelling)
    return outcome


def plan_insert(model: Model, request: Request) -> Outcome:
    """Insert like :func:`insert`, but leave the proof to the caller."""
    module, warnings = module_name(request.module), _module_warnings(request)
    _check_readers(model, request)
    _check_sources(model, request)
    new = _plan(model, request, module)
    shift = GrowingShift([item.position.after for item in new])
    edits, consumers = _rewire(model, new, shift, request.spelling)
    renumbered = len(edits)
    comments, wrong = renumber_comments(model.document.text, model.document.rows, shift)
    text = apply_edits(
        model.document.text, [*edits, *comments, *_new_lines(model.document, new, shift)]
    )
    mapping = tuple(shift(row.index) for row in model.document.rows)
    if not request.allow_dead:
        _check_alive(model, text, mapping, new)
    return Outcome(
        model=model,
        text=text,
        inserted=tuple(_told(model, item, shift) for item in new),
        consumers=tuple(consumers),
        renumbered=renumbered,
        comments=len(comments),
        wrong_comments=tuple(wrong),
        warnings=tuple(warnings + _neighbour_warnings(model, new)),
        steps=(Insertion([_claim(item) for item in new]),),
        mapping=mapping,
    )


def _claim(item: _New) -> proof.NewLayer:
    claims = frozenset((read.reader, read.slot) for read in item.claims)
    repeats = 1 if item.moved is None else item.moved.repeats
    place = item.position.after
    return proof.NewLayer(place, item.module, item.args, claims, item.sources, repeats)


def _module_warnings(request: Request) -> list[str]:
    """Warn of a class the registry does not know; refuse it where its args are not given."""
    if find(request.module) is not None or request.moved is not None:
        return []
    name = module_name(request.module)
    if request.args is None:
        raise Refusal(
            "unknown-module",
            f"the registry does not know {name}, so its args cannot be derived",
            hint="give them as they shall stand in the row, for example --args '[]' or "
            "--args '[256]'; `yamlmod list` shows the known modules",
        )
    return [f"{name} is not in the registry: its args and channels are taken as given"]


def _check_readers(model: Model, request: Request) -> None:
    if request.readers is None:
        return
    if request.keep_skips:
        raise Refusal("usage", "--keep-skips and --readers both choose the readers; give one")
    if all(position.edge is not None for position in request.positions):
        raise Refusal("usage", "--edge names its reader already; leave --readers out")
    places = [position.after for position in request.positions if position.edge is None]
    reads = [read for place in places for read in model.graph.readers(place)]
    for reader in request.readers:
        if all(read.reader != reader for read in reads):
            behind = one_of([model.document.describe(place) for place in places])
            names = one_of(reader_names(model.document, reads)) or "nobody"
            raise Refusal(
                "not-a-reader",
                f"--readers: {model.document.describe(reader)} does not read {behind}",
                hint=f"it is read by {names}",
            )


def _plan(model: Model, request: Request, module: str) -> list[_New]:
    taken: dict[tuple[int, int], Position] = {}
    new: list[_New] = []
    for count, position in enumerate(request.positions):
        claims = claimed_reads(model, position, request.keep_skips, request.readers)
        for read in claims:
            other = taken.setdefault((read.reader, read.slot), position)
            if other is not position:
                raise Refusal(
                    "conflict",
                    f"{other.asked} and {position.asked} both take over what "
                    f"{model.document.describe(read.reader)} reads",
                    hint="to stack two layers, insert one and then the other behind it",
                )
        if any(p.after == position.after and not claims for p in request.positions[:count]):
            raise Refusal("conflict", f"{position.asked} names a place that is taken already")
        args = args_for(model, request.module, position, request.args)
        _check_claims(model, request, position, claims)
        index = position.after + 1 + count
        new.append(
            _New(position, index, module, args, tuple(claims), request.sources, request.moved)
        )
    return new


def _check_sources(model: Model, request: Request) -> None:
    if request.sources is None:
        return
    if len(request.positions) != 1:
        raise Refusal("usage", "--from goes with one position; several layers need several runs")
    position = request.positions[0]
    for source in request.sources:
        if source > position.after:
            raise Refusal(
                "reads-below",
                f"--from: the new layer stands behind {model.document.describe(position.after)} "
                f"and cannot read {model.document.describe(source)} below it",
                hint=f"put it behind layer {max(request.sources)}",
            )


def _check_claims(
    model: Model, request: Request, position: Position, claims: Sequence[Read]
) -> None:
    """Refuse a layer whose readers would lose what they read: it must read it in their stead."""
    if request.sources is None or position.after in request.sources or not claims:
        return
    lost = model.document.describe(position.after)
    raise Refusal(
        "source-lost",
        f"the readers of {lost} would read the new layer, which --from does not let read {lost}",
        hint=f"add {position.after} to --from, or leave the readers where they are: --readers none",
    )


def _rewire(
    model: Model, new: Sequence[_New], shift: GrowingShift, rule: SpellingRule
) -> tuple[list[Edit], list[Consumer]]:
    """Return the edits of all references, and the consumers next to the new layers."""
    served = {(read.reader, read.slot): item for item in new for read in item.claims}
    places = {item.position.after for item in new}
    edits: list[Edit] = []
    consumers: list[Consumer] = []
    for row in model.document.rows:
        reader = shift(row.index)
        in_head = row.index == model.graph.head
        # A head with an empty `from` has reads but no numbers to rewrite.
        for read, ref in zip(model.graph.reads[row.index], row.refs, strict=False):
            item = served.get((read.reader, read.slot))
            wanted = item.index if item else shift(read.target)
            if wanted == IMAGE and reader != 0:
                raise Refusal(
                    "reads-image",
                    f"{model.document.describe(row.index)} would have to read the image past the "
                    "new layer, which only layer 0 can",
                    place=model.document.place(ref.start, ref.end),
                )
            value = _respell(ref.value, reader, wanted, row.listed, in_head, rule)
            if value != ref.value:
                edits.append(Edit(ref.start, ref.end, str(value)))
            if item or read.target in places:
                name = item.module if item else model.document.rows[read.target].module
                side = "through" if item else "bypass"
                change = (read.slot, ref.value, value, wanted, name, side)
                consumers.append(Consumer(row.index, reader, row.module, *change))
    return edits, consumers


def _respell(
    old: int, reader: int, wanted: int, listed: bool, in_head: bool, rule: SpellingRule
) -> int:
    if spell(reader, wanted, old < 0) == old:
        return old  # what stands there and stays right is not ours to change
    return spell_for_fork(reader, wanted, old < 0, listed, in_head, rule)


def _new_lines(document: Document, new: Sequence[_New], shift: GrowingShift) -> list[Edit]:
    edits: list[Edit] = []
    groups: dict[tuple[int, bool], list[_New]] = {}
    for item in new:
        groups.setdefault((item.position.after, item.position.opens), []).append(item)
    for (after, opens), items in groups.items():
        on_top = after == IMAGE or opens
        neighbour: Row = document.rows[after + 1] if on_top else document.rows[after]
        lines = [
            _new_row(document, neighbour, item, _from(item, number, shift))
            for number, item in enumerate(items)
        ]
        if on_top:
            edits += rows_opening(document, document.section_of(neighbour), lines)
        else:
            edits += rows_after(document, neighbour, lines)
    return edits


def _new_row(document: Document, neighbour: Row, item: _New, source: int | list[int]) -> NewRow:
    moved = item.moved
    if moved is None:
        return NewRow(render_row(document, neighbour, source, 1, item.module, item.args))
    args = None if moved.args is None else render_args(document, neighbour, moved.args)
    comment = trailing_comment(moved.document, moved.row)
    index = moved.row.comment
    if index is not None and index.value == moved.row.index:
        comment = comment.replace(str(index.value), str(item.index), 1)
    return NewRow(render_moved(moved.document, document, neighbour, moved.row, args), comment)


def _from(item: _New, number: int, shift: GrowingShift) -> int | list[int]:
    """Return the `from` of a new row; ``number`` counts the new rows above it at its place."""
    return -1 - number if item.sources is None else [shift(layer) for layer in item.sources]


def _check_alive(
    model: Model, text: str, mapping: Sequence[int | None], new: Sequence[_New]
) -> None:
    after = read_model(text, model.document.shown)
    lost = lost_layers(model, after, mapping, [item.index for item in new])
    if not lost:
        return
    names = one_of([after.document.describe(layer) for layer in lost])
    place = model.document.rows[max(new[0].position.after, 0)]
    readers = [read for item in new for read in model.graph.readers(item.position.after)]
    told = one_of(reader_names(model.document, readers)) or "nobody"
    raise Refusal(
        "dead-layer",
        f"the output of {names} would no longer reach the head",
        place=model.document.place(place.start, place.end),
        hint=f"layer {model.document.describe(new[0].position.after)} is read by {told}; "
        "choose its readers with --readers, or permit it with --allow-dead",
    )


def _neighbour_warnings(model: Model, new: Sequence[_New]) -> list[str]:
    found = []
    rows = model.document.rows
    for item in new:
        around = {item.position.after, *(read.reader for read in item.claims)}
        same = sorted(i for i in around if i >= 0 and rows[i].module == item.module)
        if same:
            found.append(
                f"{item.position.asked}: the new {item.module} stands next to another, "
                f"layer {one_of([str(i) for i in same])} of the original"
            )
    return found


def _told(model: Model, item: _New, shift: GrowingShift) -> NewLayer:
    source = item.position.after
    name = "the image" if source == IMAGE else model.document.rows[source].module
    args, asked = tuple(item.args), item.position.asked
    return NewLayer(item.index, item.module, args, shift(source), name, asked)
