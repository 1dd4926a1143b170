"""Insert layers: the new rows, and every reference and index comment after them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from yamlmod.edits import Edit, apply_edits
from yamlmod.errors import Refusal, one_of
from yamlmod.model.document import Document, Row
from yamlmod.model.graph import Read, is_output_row, reader_names
from yamlmod.model.known_modules import KNOWN, SIDE_EFFECT
from yamlmod.model.layout import NewRow, rows_after, rows_opening, trailing_comment
from yamlmod.model.network import Network
from yamlmod.model.refs import IMAGE, SpellingRule, spell, spell_for_fork
from yamlmod.model.render import render_moved, render_row
from yamlmod.ops.as_name import renamed_kind
from yamlmod.ops.index_shift import GrowingShift, renumber_comments
from yamlmod.ops.operation import Operation, RecipeOptions
from yamlmod.ops.operations.insert.new_strides import refuse_new_strides
from yamlmod.ops.operations.insert.replay import Insertion, PlannedLayer
from yamlmod.ops.operations.insert.request import (
    OPTIONS,
    Moved,
    Request,
    check_claims,
    check_list,
    check_readers,
    check_sources,
    module_warnings,
    recipe_request,
)
from yamlmod.ops.outcome import Consumer, NewLayer, Outcome
from yamlmod.ops.positions import Position, claimed_reads
from yamlmod.ops.proof import prove
from yamlmod.ops.rows import args_for, class_name, module_name


class _New(NamedTuple):
    """A planned layer: its place, its final index, its args and the reads it takes over."""

    position: Position
    layer: int
    module: str
    args: list[Any]
    claims: tuple[Read, ...]
    sources: tuple[int, ...] | None = None
    moved: Moved | None = None
    number: int = 1
    # The number by which it reads a layer that is not the one above.
    value: int = -1


def insert(model: Network, request: Request) -> Outcome:
    """Insert the layers of ``request``; the result is proven, or an error is raised."""
    outcome = plan_insert(model, request)
    prove(model.document, outcome.text, outcome.steps, request.spelling)
    return outcome


def plan_insert(model: Network, request: Request) -> Outcome:
    """Insert like :func:`insert`, but leave the proof to the caller."""
    module = _module(request)
    warnings = module_warnings(request)
    check_list(model, request)
    check_readers(model, request)
    check_sources(model, request)
    new = _plan(model, request, module)
    shift = GrowingShift([item.position.after for item in new])
    mapping = shift.mapping(len(model.document.rows))
    edits, consumers = _rewire(model, new, mapping, request.spelling)
    renumbered = len(edits)
    rows = _right_before(model.document.rows, request.moved)
    comments, wrong = renumber_comments(model.document.text, rows, mapping)
    text = apply_edits(
        model.document.text, [*edits, *comments, *_new_lines(model.document, new, shift)]
    )
    if not request.allow_dead:
        _check_alive(model, new)
    template = request.known()
    if template is not None and template.changes_size and request.moved is None:
        refuse_new_strides(model, text, mapping, module)
    return Outcome(
        model=model,
        text=text,
        inserted=tuple(_new_layer(model, item, shift) for item in new),
        consumers=tuple(consumers),
        renumbered=renumbered,
        comments=len(comments),
        wrong_comments=tuple(wrong),
        warnings=tuple(warnings + _neighbour_warnings(model, new)),
        steps=(Insertion([_claim(item) for item in new]),),
        mapping=mapping,
        kinds=renamed_kind(request.template),
    )


def _right_before(rows: Sequence[Row], moved: Moved | None) -> Sequence[Row]:
    """Return the rows without those whose comment became right when a row was removed.

    It was a wrong one of their own, or that of the row that went, where both shared a line.
    """
    if moved is None:
        return rows
    old = [row for row in moved.document.rows if row.index != moved.row.index]
    return [
        row
        for before, row in zip(old, rows, strict=True)
        if before.comment is not None and before.comment.value == before.index
    ]


def _module(request: Request) -> str:
    if request.moved is not None:
        return request.moved.row.module
    if request.template is not None:
        return request.template.name
    return class_name(request.module) if request.verbatim else module_name(request.module)


def _claim(item: _New) -> PlannedLayer:
    claims = frozenset((read.reader, read.slot) for read in item.claims)
    place, moved = item.position.after, item.moved
    if moved is None:
        return PlannedLayer(
            place,
            item.module,
            item.args,
            claims,
            item.sources,
            reads=item.position.source,
            value=item.value,
            number=item.number,
        )
    args = None if moved.first is None else item.args
    listed = moved.row.listed
    return PlannedLayer(place, item.module, args, claims, listed=listed, moved=True)


def _plan(model: Network, request: Request, module: str) -> list[_New]:
    taken: dict[tuple[int, int], Position] = {}
    seen: set[int] = set()
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
                    hint="to stack two layers, insert one, then insert the other after it",
                )
        if not claims and position.after in seen:
            raise Refusal("conflict", f"{position.asked} names a position that is already taken")
        seen.add(position.after)
        # A row that moves keeps its args, whatever the registry thinks of them.
        template = None if request.moved is not None else request.known()
        if request.placed is not None:
            args = list(request.placed[count])
        else:
            args = args_for(model, template, position, request.args, request.sources)
        check_claims(model, request, position, claims)
        index = position.after + 1 + count
        item = _New(position, index, module, args, tuple(claims), request.sources, request.moved)
        new.append(item._replace(number=request.number))
    shift = GrowingShift([item.position.after for item in new])
    return [_spelled(item, shift, request.spelling) for item in new]


def _spelled(item: _New, shift: GrowingShift, rule: SpellingRule) -> _New:
    """Return a layer with the number by which it reads a layer far above."""
    source = item.position.source
    if source is None:
        return item
    value = spell_for_fork(item.layer, shift(source), False, False, False, rule)
    return item._replace(value=value)


def _rewire(
    model: Network, new: Sequence[_New], mapping: Sequence[int], rule: SpellingRule
) -> tuple[list[Edit], list[Consumer]]:
    """Return the edits of all references, and the consumers next to the new layers."""
    first = min(item.position.after for item in new)
    now = [*mapping, IMAGE]  # so that -1, the image, leads to itself
    served = {(read.reader, read.slot): item for item in new for read in item.claims}
    places = {item.position.reads for item in new}
    edits: list[Edit] = []
    consumers: list[Consumer] = []
    for row in model.document.rows[max(first, 0) :]:  # above nothing moves, and nothing reads below
        reader = now[row.index]
        in_head = row.index == model.graph.head
        # A head with an empty `from` has reads but no numbers to rewrite.
        for read, ref in zip(model.graph.reads[row.index], row.refs, strict=False):
            beside = read.target in places
            item = served.get((read.reader, read.slot)) if beside else None
            wanted = item.layer if item else now[read.target]
            if wanted == IMAGE and reader != 0:
                raise Refusal(
                    "reads-image",
                    f"{model.document.describe(row.index)} would have to read the image past the "
                    "new layer; only layer 0 can read the image",
                    place=model.document.place(ref.start, ref.end),
                )
            value = _respell(ref.value, reader, wanted, row.listed, in_head, rule)
            if value != ref.value:
                edits.append(Edit(ref.start, ref.end, str(value)))
            if beside:
                name = item.module if item else model.document.rows[read.target].module
                side = "through" if item else "bypass"
                change = (read.slot, ref.value, value, wanted, name, side)
                consumers.append(Consumer(row.index, reader, row.module, *change))
    return edits, consumers


def _respell(
    old: int, reader: int, wanted: int, listed: bool, in_head: bool, rule: SpellingRule
) -> int:
    if spell(reader, wanted, old < 0) == old:
        return old  # a spelling that is still right is not ours to change
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
        return NewRow(render_row(document, neighbour, source, item.number, item.module, item.args))
    comment = trailing_comment(moved.document, moved.row)
    index = moved.row.comment
    if index is not None and index.value == moved.row.index:
        comment = comment.replace(str(index.value), str(item.layer), 1)
    return NewRow(
        render_moved(moved.document, document, neighbour, moved.row, moved.first), comment
    )


def _from(item: _New, number: int, shift: GrowingShift) -> int | list[int]:
    """Return the `from` of a new row; ``number`` counts the new rows above it at its place."""
    if item.sources is not None:
        return [shift(layer) for layer in item.sources]
    return -1 - number if item.position.source is None else item.value


def _check_alive(model: Network, new: Sequence[_New]) -> None:
    lost = [item for item in new if not _is_alive(model, item)]
    if not lost:
        return
    names = one_of([f"{item.layer} {item.module}" for item in lost])
    source = lost[0].position.reads
    row, name = model.document.rows[max(source, 0)], model.document.describe(source)
    readers = one_of(reader_names(model.document, model.readers(source))) or "no layer"
    hint = (
        f"layer {name} is read by {readers}; choose its readers with --readers, or allow it with "
        "--allow-dead"
    )
    if source >= 0 and source not in model.alive:
        head = model.document.describe(model.graph.head)
        hint = f"layer {name} already does not reach {head}; allow it with --allow-dead"
    raise Refusal(
        "dead-layer",
        f"the output of {names} would no longer reach the head",
        place=model.document.place(row.start, row.end),
        hint=hint,
    )


def _is_alive(model: Network, item: _New) -> bool:
    """Tell whether a new layer's output reaches the head.

    Only new layers can be dead: one that takes over a read also reads what was read (_check_claims
    sees to it), so every path of the old net is still there, through the new layer.
    """
    kind = KNOWN.get(item.module)
    by_itself = item.module in SIDE_EFFECT or (kind is not None and kind.channels == "head")
    if by_itself or any(read.reader in model.alive for read in item.claims):
        return True
    # A head with an empty `from` collects every row that looks like an output.
    head = model.document.head
    like = head._replace(args=tuple(item.args))
    return head.listed and not head.refs and is_output_row(model.document, like)


def _neighbour_warnings(model: Network, new: Sequence[_New]) -> list[str]:
    warnings = []
    rows = model.document.rows
    for item in new:
        around = {item.position.after, *(read.reader for read in item.claims)}
        same = sorted(i for i in around if i >= 0 and rows[i].module == item.module)
        if same:
            warnings.append(
                f"{item.position.asked}: the new {item.module} is next to another one, "
                f"layer {one_of([str(i) for i in same])} of the original"
            )
    return warnings


def _new_layer(model: Network, item: _New, shift: GrowingShift) -> NewLayer:
    source = item.position.reads
    name = "the image" if source == IMAGE else model.document.rows[source].module
    args, asked = tuple(item.args), item.position.asked
    named = item.sources or ()
    sources = tuple((shift(one), model.document.rows[one].module) for one in named if one >= 0)
    return NewLayer(item.layer, item.module, args, shift(source), name, asked, sources)


def _from_recipe(model: Network, options: RecipeOptions) -> Outcome:
    return plan_insert(model, recipe_request(model, options))


OPERATION = Operation("insert", OPTIONS, _from_recipe, permits={"dead-layer": "allow_dead"})
