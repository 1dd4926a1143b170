"""Add a detection scale: its branch up and down, the head's input, its row of anchors."""

from __future__ import annotations

import re

from yamlmod.edits import Edit, apply_edits
from yamlmod.errors import Refusal, one_of
from yamlmod.model.network import Network
from yamlmod.ops.chain import Plan, chain, run_plans
from yamlmod.ops.index_shift import renumber_comments
from yamlmod.ops.level_words import head_list_edits
from yamlmod.ops.network import read_network
from yamlmod.ops.operation import Operation, RecipeOptions
from yamlmod.ops.operations.add_head.coarser import plan_coarser
from yamlmod.ops.operations.add_head.finer import plan_finer
from yamlmod.ops.operations.add_head.replay import AddedScale, Target
from yamlmod.ops.operations.add_head.scale import PlannedScale
from yamlmod.ops.operations.add_head.text import (
    Numbers,
    anchor_edit,
    final_numbers,
    head_edit,
    reference_edits,
    row_edits,
)
from yamlmod.ops.outcome import Consumer, NewLayer, Outcome
from yamlmod.ops.pyramid import Pyramid, level_name, no_pyramid, read_pyramid

_LEVEL = re.compile(r"[Pp]([1-9])")


def add_head(model: Network, level: str) -> Outcome:
    """Add the scale ``level`` (`P2`, `P6`) to the head. Proven, or an error is raised."""
    return chain(model, add_head_plans(level))


def add_head_plans(level: str) -> list[Plan]:
    return [lambda current: plan_add_head(current, level)]


def plan_add_head(model: Network, level: str) -> Outcome:
    """Add a scale like :func:`add_head`, but leave the proof to the caller."""
    stride = _stride_of(level)
    pyramid = read_pyramid(model)
    slot = _slot(model, pyramid, stride)
    anchors = _anchors(model, len(pyramid.inputs))
    planned = (plan_coarser if slot else plan_finer)(model, pyramid, stride)
    outcome = _outcome(model, pyramid, planned, slot, anchors)
    _check_strides(outcome, min(stride, min(pyramid.inputs)))
    return outcome


def _check_strides(outcome: Outcome, first: int) -> None:
    """Refuse a network whose scales did not come out at their strides: its steps differ."""
    model = read_network(outcome.text, outcome.model.document.shown)
    strides = [model.shapes[read.target].stride for read in model.graph.reads[model.graph.head]]
    if strides != [first * 2**i for i in range(len(strides))]:
        raise no_pyramid(
            outcome.model,
            "a copy of the neighbouring scale would not come out at the strides "
            f"{one_of([str(first * 2**i) for i in range(len(strides))])}",
        )


def _stride_of(level: str) -> int:
    match = _LEVEL.fullmatch(level.strip())
    if match is None:
        raise Refusal(
            "bad-level",
            f"{level!r} is no detection scale",
            hint="write P2, P3, ... P7: the number says the stride, 2 to its power",
        )
    return int(2 ** int(match[1]))


def _slot(model: Network, pyramid: Pyramid, stride: int) -> int:
    """Return the new input's place among the head's: first or last."""
    inputs = pyramid.inputs
    first, last = min(inputs), max(inputs)
    if stride in (first // 2, last * 2) and stride >= 2:
        return 0 if stride < first else len(inputs)
    head = model.document.head
    place = model.document.place(head.start, head.end)
    name, level = model.document.describe(head.index), level_name(stride)
    if stride in inputs:
        read = model.document.describe(inputs[stride])
        raise Refusal("has-scale", f"{name} has {level} already: {read}", place=place)
    nearest = level_name(first // 2 if stride < first else last * 2)
    has = level_name(first)
    if first != last:
        has += f" to {level_name(last)}"
    raise Refusal(
        "not-next",
        f"{name} has {has}, and {level} is not next to {'it' if first == last else 'them'}",
        place=place,
        hint=f"add {nearest} first",
    )


def _anchors(model: Network, inputs: int) -> bool:
    """Return whether there is a list of anchors to extend; refuse args by scale."""
    document = model.document
    for value in document.head.args:
        if isinstance(value, list) and len(value) == inputs:
            raise Refusal(
                "args-by-scale",
                f"the args of {document.describe(document.head.index)} hold a list with one entry "
                f"for each of its {inputs} inputs, and which the new scale needs is not known",
                place=document.place(*document.head.spans[3]),
                hint="add the entry by hand, together with the scale",
            )
    if not document.anchors:
        return False
    rows = document.settings.get("anchors")
    if len(document.anchors) != inputs:
        raise Refusal(
            "anchors-differ",
            f"there are {len(document.anchors)} rows of anchors for {inputs} head inputs",
            place=document.place(*document.anchors[0]),
        )
    if not _are_numbers(rows):
        raise Refusal(
            "anchors-differ",
            "a row of anchors holds something else than numbers",
            place=document.place(*document.anchors[0]),
        )
    return True


def _are_numbers(value: object) -> bool:
    if isinstance(value, list):
        return all(map(_are_numbers, value))
    return type(value) in (int, float)


def _outcome(
    model: Network, pyramid: Pyramid, planned: PlannedScale, slot: int, anchors: bool
) -> Outcome:
    document, copies = model.document, planned.copies
    head = document.head
    numbers = final_numbers(len(document.rows), copies)
    moves = {(reader, place): target for reader, place, target in planned.moves}
    references = reference_edits(model, moves, numbers)
    in_head = [edit for edit in references if head.start <= edit.start < head.end]
    others = [edit for edit in references if not head.start <= edit.start < head.end]
    is_negative = all(ref.value < 0 for ref in head.refs)
    source = numbers.of(planned.source)
    value = source - numbers.old[head.index] if is_negative else source
    comments, wrong = renumber_comments(document.text, document.rows, numbers.old)
    edits = [
        *others,
        *head_edit(head, document.text, slot, value, in_head),
        *comments,
        *row_edits(model, copies, numbers),
        *_head_comment(model, pyramid, slot),
    ]
    if anchors:
        edits.append(anchor_edit(document, slot, planned.finer))
    step = AddedScale(
        tuple(copies.rows),
        planned.moves,
        slot,
        planned.source,
        slot if anchors else None,
        planned.finer,
    )
    return Outcome(
        model=model,
        text=apply_edits(document.text, edits),
        inserted=tuple(_new_layers(model, planned, numbers)),
        consumers=tuple(_consumers(model, planned, numbers)),
        renumbered=len(references),
        comments=len(comments),
        wrong_comments=tuple(wrong),
        told=tuple(_report(model, pyramid, planned, numbers, slot, anchors)),
        steps=(step,),
        mapping=numbers.old,
    )


def _head_comment(model: Network, pyramid: Pyramid, slot: int) -> list[Edit]:
    old = [level_name(stride) for stride in sorted(pyramid.inputs)]
    new = level_name(min(pyramid.inputs) // 2 if slot == 0 else max(pyramid.inputs) * 2)
    levels = [new, *old] if slot == 0 else [*old, new]
    return head_list_edits(model.document, model.document.head, old, levels)


def _name(model: Network, planned: PlannedScale, target: Target) -> str:
    kind, position = target
    layer = planned.copies.rows[position].pattern if kind == "new" else position
    return "the image" if layer < 0 else model.rows[layer].module


def _new_layers(model: Network, planned: PlannedScale, numbers: Numbers) -> list[NewLayer]:
    layers = []
    for position, copy in enumerate(planned.copies.rows):
        row = model.rows[copy.pattern]
        args = list(row.args)
        for argument, channels in copy.widths:
            args[argument] = channels
        source = copy.sources[0]
        asked = f"as {copy.pattern}"
        name = _name(model, planned, source)
        number = numbers.new[position]
        layers.append(NewLayer(number, row.module, tuple(args), numbers.of(source), name, asked))
    return sorted(layers)


def _consumers(model: Network, planned: PlannedScale, numbers: Numbers) -> list[Consumer]:
    consumers = []
    for reader, slot, target in planned.moves:
        row = model.rows[reader]
        old = row.refs[slot].value
        now = numbers.old[reader]
        wanted = numbers.of(target)
        value = wanted - now if old < 0 else wanted
        name = _name(model, planned, target)
        consumers.append(
            Consumer(reader, now, row.module, slot, old, value, wanted, name, "through")
        )
    return consumers


def _report(
    model: Network,
    pyramid: Pyramid,
    planned: PlannedScale,
    numbers: Numbers,
    slot: int,
    anchors: bool,
) -> list[str]:
    head = model.document.head
    stride = min(pyramid.inputs) // 2 if slot == 0 else max(pyramid.inputs) * 2
    source = f"{numbers.of(planned.source)} {_name(model, planned, planned.source)}"
    number = numbers.old[head.index]
    lines = [f"{number} {head.module} reads {source} for {level_name(stride)}/{stride}"]
    if anchors:
        how = "half" if planned.finer else "twice"
        lines.append(
            f"a row of anchors was added ({how} the size of its neighbour): recompute anchors for "
            "your data"
        )
    return lines


def _from_recipe(model: Network, options: RecipeOptions) -> Outcome:
    level = options.module("add-head", "add-head takes a scale, such as P2 or P6")
    return run_plans(model, add_head_plans(level))


OPERATION = Operation("add-head", (), _from_recipe)
