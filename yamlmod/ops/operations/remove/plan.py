"""Remove layers: the inverse of an insertion."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from yamlmod.edits import Edit, apply_edits
from yamlmod.errors import Refusal, one_of
from yamlmod.model.document import Document, Row
from yamlmod.model.graph import reachable
from yamlmod.model.layout import row_removal
from yamlmod.model.network import Network
from yamlmod.model.refs import IMAGE, spell
from yamlmod.ops.index_shift import ShrinkingShift, renumber_comments
from yamlmod.ops.operation import Operation, RecipeOptions
from yamlmod.ops.operations.remove import removable
from yamlmod.ops.operations.remove.replay import Removal
from yamlmod.ops.outcome import Consumer, Outcome
from yamlmod.ops.proof import prove

Sources = Mapping[int, int]
"""For layers with several inputs: the input that the layers after them read instead."""


def remove(
    model: Network, layers: Sequence[int], *, cascade: bool = False, sources: Collection[int] = ()
) -> Outcome:
    """Remove ``layers``; their readers read their inputs. Proven, or an error is raised.

    With ``cascade`` the layers that only fed the removed ones are removed as well.
    ``sources`` holds, for each layer of several inputs, the one that is read instead of it.
    """
    outcome = plan_remove(model, layers, cascade=cascade, sources=sources)
    prove(model.document, outcome.text, outcome.steps)
    return outcome


def plan_remove(
    model: Network, layers: Sequence[int], *, cascade: bool = False, sources: Collection[int] = ()
) -> Outcome:
    """Remove like :func:`remove`, but leave the proof to the caller."""
    chosen = removable.choose(model, layers, sources)
    warnings = [
        warning
        for layer in sorted(set(layers))
        for warning in removable.check(model, layer, chosen.get(layer))
    ]
    cut = cut_off(model, layers, chosen) if cascade else []
    return take_out(model, sorted({*layers, *cut}), warnings, chosen)


def cut_off(model: Network, layers: Sequence[int], sources: Sources | None = None) -> list[int]:
    """Return the layers that would no longer reach a head without ``layers``."""
    inputs = [
        [_source(model, read.target, layers, sources) for read in reads]
        for reads in model.graph.reads
    ]
    stays = reachable(inputs, [root for root in model.roots if root not in layers])
    return [i for i in sorted(model.alive) if i not in stays and i not in layers]


def take_out(
    model: Network,
    chosen: Sequence[int],
    warnings: Sequence[str] = (),
    sources: Sources | None = None,
) -> Outcome:
    """Remove layers whose readers can do without them, which the caller has checked."""
    gone = frozenset(chosen)
    _check_sections(model, gone)
    shift = ShrinkingShift(chosen)
    mapping = shift.mapping(len(model.document.rows))
    edits, consumers, notes = _rewire(model, shift, gone, sources)
    comments, wrong = renumber_comments(model.document.text, model.document.rows, mapping)
    document = _edited(model.document, [*edits, *comments])
    text = document.text
    for layer in reversed(chosen):
        # One at a time from below, each among the neighbours that it then has.
        row = document.rows[layer]
        removal = row_removal(document, row)
        if layer == chosen[0]:  # the last of them: no span is asked for any more
            text = apply_edits(document.text, removal)
        else:
            document = _edited(document, removal, row)
    messages = [
        *warnings,
        *_dead_warnings(model, mapping, gone, sources),
        *notes,
    ]
    return Outcome(
        model=model,
        text=text,
        removed=tuple(chosen),
        consumers=tuple(consumers),
        renumbered=len(edits),
        comments=len(comments),
        wrong_comments=tuple(wrong),
        warnings=tuple(messages),
        steps=(Removal(chosen, tuple((sources or {}).items())),),
        mapping=mapping,
    )


def _check_sections(model: Network, chosen: Collection[int]) -> None:
    for section in model.document.sections:
        if all(row.index in chosen for row in section.rows):
            raise Refusal("empty-table", f"this would leave no row in `{section.name}`")


def _rewire(
    model: Network, shift: ShrinkingShift, chosen: Collection[int], sources: Sources | None
) -> tuple[list[Edit], list[Consumer], list[str]]:
    edits: list[Edit] = []
    consumers: list[Consumer] = []
    notes: list[str] = []
    for row in model.document.rows:
        if row.index in chosen:
            continue
        reader = shift(row.index)
        targets = []
        for read, ref in zip(model.graph.reads[row.index], row.refs, strict=False):
            source = _source(model, read.target, chosen, sources)
            wanted = shift(source)
            if wanted == IMAGE and reader != 0:
                raise Refusal(
                    "reads-image",
                    f"{model.document.describe(row.index)} would have to "
                    "read the image; only layer 0 can read it",
                    place=model.document.place(ref.start, ref.end),
                )
            value = spell(reader, wanted, ref.value < 0)
            targets.append(wanted)
            if value != ref.value:
                edits.append(Edit(ref.start, ref.end, str(value)))
            if source != read.target:
                notes += removable.dead_reader_note(model, row.index, read.target, source)
                name = "the image" if source == IMAGE else model.document.rows[source].module
                consumers.append(
                    Consumer(
                        row.index,
                        reader,
                        row.module,
                        read.slot,
                        ref.value,
                        value,
                        wanted,
                        name,
                        "input",
                    )
                )
        notes += _duplicates(model, row, targets)
    return edits, consumers, notes


def _source(
    model: Network, layer: int, chosen: Collection[int], sources: Sources | None = None
) -> int:
    while layer in chosen:
        source = sources.get(layer) if sources else None
        layer = removable.input_of(model, layer) if source is None else source
    return layer


def _duplicates(model: Network, row: Row, targets: list[int]) -> list[str]:
    before = [read.target for read in model.graph.reads[row.index]]
    if len(set(targets)) == len(targets) or len(set(before)) < len(before):
        return []
    twice = one_of([str(t) for t in sorted({t for t in targets if targets.count(t) > 1})])
    return [f"{model.document.describe(row.index)} now reads layer {twice} twice"]


def _dead_warnings(
    model: Network,
    mapping: Sequence[int | None],
    chosen: Collection[int],
    sources: Sources | None,
) -> list[str]:
    staying = [row.index for row in model.document.rows if mapping[row.index] is not None]
    inputs = [
        [
            _now(mapping, _source(model, read.target, chosen, sources))
            for read in model.graph.reads[layer]
        ]
        for layer in staying
    ]
    head = model.document.head
    if head.listed and not head.refs:  # it collects outputs, and not what fed a removed one
        reads = model.graph.reads[head.index]
        inputs[-1] = [_now(mapping, read.target) for read in reads if read.target not in chosen]
    modules = [model.document.rows[layer].module for layer in staying]
    roots = [at for root in model.roots if (at := mapping[root]) is not None]
    stays = reachable(inputs, roots)
    kept = [at for layer in sorted(model.alive) if (at := mapping[layer]) is not None]
    lost = [layer for layer in kept if layer not in stays]
    names = one_of([f"{layer} {modules[layer]}" for layer in lost])
    return [f"the output of {names} no longer reaches the head"] if lost else []


def _now(mapping: Sequence[int | None], layer: int) -> int:
    index = IMAGE if layer == IMAGE else mapping[layer]
    return IMAGE if index is None else index


def _edited(document: Document, edits: Sequence[Edit], gone: Row | None = None) -> Document:
    """Return the document after edits, as far as the removal of a row asks: text, spans of rows.

    Every edit lies inside a row or between rows, so a span moves by what changed in front of it.
    """
    ends, moves, total = [], [], 0
    for edit in sorted(edits):
        total += len(edit.text) - (edit.end - edit.start)
        ends.append(edit.end)
        moves.append(total)

    def moved(position: int) -> int:
        count = bisect_right(ends, position)
        return position + (moves[count - 1] if count else 0)

    sections = tuple(
        section._replace(
            start=moved(section.start),
            rows=tuple(
                row._replace(start=moved(row.start), end=moved(row.end))
                for row in section.rows
                if row is not gone
            ),
        )
        for section in document.sections
    )
    return replace(document, text=apply_edits(document.text, edits), sections=sections)


def _from_recipe(model: Network, options: RecipeOptions) -> Outcome:
    layers = options.layers(model, "remove")
    if not layers:
        raise options.refusal("remove names no layer")
    sources = options.layers(model, "from") or ()
    return plan_remove(model, layers, cascade=options.flag("cascade"), sources=sources)


OPERATION = Operation("remove", ("cascade", "from"), _from_recipe)
