"""Drop a detection scale: the head's input, its row of anchors, and the branch that only fed it."""

from __future__ import annotations

from yamlmod.edits import apply_edits
from yamlmod.errors import Refusal
from yamlmod.model.known_modules import INPUT_GROUPS
from yamlmod.model.layout import items_removal, trailing_comment
from yamlmod.model.network import Network
from yamlmod.ops.chain import Plan, chain, run_plans
from yamlmod.ops.operation import Operation, RecipeOptions
from yamlmod.ops.operations.drop_head.replay import DroppedInput
from yamlmod.ops.operations.drop_head.whole import sources_to, tidied, whole_branch
from yamlmod.ops.operations.remove.plan import take_out
from yamlmod.ops.outcome import Outcome


def drop_head(model: Network, layer: int, *, whole: bool = False) -> Outcome:
    """Drop the head's input ``layer`` with all that only served it. Proven, or an error.

    With ``whole`` the steps up and down through an outer scale go too, and its stage of the
    backbone: what `add-head` puts in.
    """
    return chain(model, drop_head_plans(model, layer, whole))


def drop_head_plans(model: Network, layer: int, whole: bool = False) -> list[Plan]:
    if whole:
        return _whole_plans(model, layer)

    def without_branch(current: Network) -> Outcome:
        # The first step took no layer away, so the numbers are still the original's.
        stays = current.alive
        return take_out(current, sorted(model.alive - stays))

    return [lambda current: _without_input(current, layer), without_branch]


def _whole_plans(model: Network, layer: int) -> list[Plan]:
    branch = whole_branch(model, layer)
    sources = sources_to(model, branch.layers, branch.joints)
    return [
        lambda current: tidied(current, branch),
        lambda current: _without_input(current, layer, whole=True),
        lambda current: take_out(current, branch.layers, sources=sources),
    ]


def _without_input(model: Network, layer: int, *, whole: bool = False) -> Outcome:
    head, document = model.document.head, model.document
    slots = [read.slot for read in model.graph.reads[head.index] if read.target == layer]
    place = document.place(head.start, head.end)
    name = document.describe(head.index)
    if not slots or not head.refs:
        raise Refusal(
            "not-a-head-input", f"{name} does not read {document.describe(layer)}", place=place
        )
    if len(slots) > 1:
        raise Refusal(
            "reads-twice",
            f"{name} reads {document.describe(layer)} {len(slots)} times; cannot tell which "
            "one to drop",
            place=place,
        )
    if len(head.refs) < 2:
        raise Refusal("one-scale", f"{name} would be left without an input", place=place)
    (slot,) = slots
    _refuse_groups(model, slot)
    anchor = _anchor(model, slot)
    spans = [(ref.start, ref.end) for ref in head.refs]
    edits = [items_removal(document.text, spans, slot, flow=True)]
    if anchor is not None:
        flow = document.anchors_flow
        edits.append(items_removal(document.text, document.anchors, anchor, flow=flow))
    return Outcome(
        model=model,
        text=apply_edits(document.text, edits),
        told=tuple(_report(model, layer, anchor, whole)),
        steps=(DroppedInput(head.index, slot, anchor),),
        mapping=tuple(range(len(document.rows))),
    )


def _refuse_groups(model: Network, slot: int) -> None:
    """Refuse to take one input from a head that reads each scale in several groups of inputs."""
    head, document = model.document.head, model.document
    groups = INPUT_GROUPS.get(head.module, 1)
    count = len(head.refs)
    if groups == 1 or count % groups:
        return
    scales = count // groups
    others = [read for read in model.graph.reads[head.index] if read.slot % scales == slot % scales]
    named = ", ".join(document.describe(read.target) for read in others)
    raise Refusal(
        "grouped-inputs",
        f"{document.describe(head.index)} reads each scale {groups} times; this one as {named}",
        place=document.place(head.start, head.end),
        hint="drop all inputs of the scale together, by hand; `yamlmod check` says what is left",
    )


def _report(model: Network, layer: int, anchor: int | None, whole: bool) -> list[str]:
    document = model.document
    lines = [f"{document.describe(document.head.index)} no longer reads {document.describe(layer)}"]
    if anchor is not None:
        lines.append(f"row {anchor + 1} of anchors was removed with it")
    if whole:
        return lines
    if any(read.reader != document.head.index for read in model.readers(layer)):
        name = document.describe(layer)
        lines.append(f"{name} stays, as it leads to other scales; --whole drops an outer scale")
    if trailing_comment(document, document.head):
        lines.append("the comment on the head's row was not changed")
    return lines


def _anchor(model: Network, slot: int) -> int | None:
    """Return the row of anchors that belongs to a head input, None where anchors are no list."""
    document = model.document
    inputs = len(document.head.refs)
    for value in document.head.args:
        if isinstance(value, list) and len(value) == inputs:
            raise Refusal(
                "args-by-scale",
                f"the args of {document.describe(document.head.index)} hold a list with one entry "
                f"for each of its {inputs} inputs",
                place=document.place(*document.head.spans[3]),
                hint="remove the entry by hand, together with the input",
            )
    if not document.anchors:
        return None
    if len(document.anchors) != inputs:
        raise Refusal(
            "anchors-differ",
            f"there are {len(document.anchors)} rows of anchors for {inputs} head inputs; "
            "cannot tell which one to drop",
            place=document.place(*document.anchors[0]),
        )
    return slot


def _from_recipe(model: Network, options: RecipeOptions) -> Outcome:
    layer = options.layer(model, "drop-head")
    return run_plans(model, drop_head_plans(model, layer, options.flag("whole")))


OPERATION = Operation("drop-head", ("whole",), _from_recipe)
