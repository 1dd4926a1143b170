"""Plan a scale deeper than the deepest: a stage of the backbone, a step up, a step down."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from yamlmod.model.graph import reachable
from yamlmod.model.network import Network
from yamlmod.ops.operations.add_head.copies import Copies, CopyPlace, offsets, same_ratio, step_down
from yamlmod.ops.operations.add_head.replay import Target
from yamlmod.ops.operations.add_head.scale import PlannedScale, no_pattern, out_copies
from yamlmod.ops.operations.add_head.widths import node_channels
from yamlmod.ops.pyramid import Pyramid, no_pyramid
from yamlmod.ops.stages import backbone_stages

Moves = list[tuple[int, int, Target]]


def plan_coarser(model: Network, pyramid: Pyramid, wanted: int) -> PlannedScale:
    """Plan the scale of stride ``wanted``, twice the head's last."""
    copies = Copies(model, pyramid, up=True)
    last = max(pyramid.inputs)
    if last not in pyramid.falls or last // 2 not in pyramid.rises:
        raise no_pattern(model)
    rise, fall = pyramid.rises[last // 2], pyramid.falls[last]
    node, finer = pyramid.downs[last], pyramid.downs[last // 2]
    moves: Moves = []
    if pyramid.deepest >= wanted:
        # The neck comes from this scale already: only the way down does not reach it.
        top = pyramid.ups[wanted]
        pairs = offsets(model, rise, pyramid.rises[last])
        roles: dict[int, Target] = {old: ("old", new) for old, new in pairs.items()}
        roles[pyramid.ups[last]] = ("old", top)
        block = Fraction(node_channels(model, top), node_channels(model, pyramid.ups[last]))
    else:
        top = pyramid.ups[last]
        deep = _deeper_backbone(model, copies, last, top, moves)
        new_up = _step_up(model, copies, rise, top, deep, moves)
        roles = {**new_up, top: deep}
        block = Fraction(1)
    roles[finer] = ("old", node)
    widths = node_channels(model, finer), node_channels(model, node)
    ratios = step_down(model, fall, finer, widths, block)
    through: Target = ("old", node)
    new_down = copies.copy(fall, roles, CopyPlace(node), through, ratios)
    source = out_copies(copies, last, new_down[node], block, above=False)
    return PlannedScale(copies, tuple(moves), source, finer=False)


def _step_up(
    model: Network, copies: Copies, rise: Sequence[int], top: int, deep: Target, moves: Moves
) -> dict[int, Target]:
    """Copy the first step up; what read its start reads the copy's end."""
    end = rise[-1]
    ratio = Fraction(node_channels(model, top), node_channels(model, end))
    is_backbone = model.rows[top].section == "backbone"
    if is_backbone and model.rows[top + 1].section == "backbone":
        raise no_pyramid(
            model,
            f"the neck begins at {model.document.describe(top)}, which is not "
            "the last layer of the backbone",
            top,
        )
    place = CopyPlace(top, opens=is_backbone)
    made = copies.copy(rise, {top: deep}, place, ("old", top), same_ratio(rise, ratio))
    for read in model.readers(top):
        if model.rows[read.reader].section != "backbone":
            moves[:] = [move for move in moves if move[:2] != (read.reader, read.slot)]
            moves.append((read.reader, read.slot, made[end]))
    return made


def _deeper_backbone(model: Network, copies: Copies, last: int, top: int, moves: Moves) -> Target:
    """Copy a stage of the backbone; return where the neck begins then.

    The rows that the last stage shares with the one before it stay; what follows them, such as
    SPPF, goes one stride deeper. Rows of the stage before that the last one lacks come first, as in
    YOLOv5's P6 networks.
    """
    stages = backbone_stages(model, copies.pyramid, last)
    before, stage, shared = stages
    previous = copies.pyramid.taps[last // 2]
    joint = stage[shared - 1]
    place, through = CopyPlace(joint), ("old", joint)
    ratio = Fraction(node_channels(model, joint), node_channels(model, before[shared - 1]))
    roles: dict[int, Target] = {
        old: ("old", new) for old, new in zip(before, stage[:shared], strict=False)
    }
    rest = before[shared:]
    if rest:
        made = copies.copy(rest, roles, place, through, same_ratio(rest, ratio))
        tap = made[rest[-1]]
    else:
        tap = ("old", joint)
    same = same_ratio(stage[:shared], Fraction(1))
    roles = {previous: tap}
    end = copies.copy(stage[:shared], roles, place, through, same)[joint]
    inputs = [[read.target for read in reads] for reads in model.graph.reads]
    tail = reachable(inputs, [top]) - {*stage[:shared]}
    moves += [(r.reader, r.slot, end) for r in model.readers(joint) if r.reader in tail]
    copies.stages = {last: tap, last * 2: end}
    return end if joint == top else ("old", top)
