"""Plan a scale finer than the finest: a step up from it, and a step down back to it."""

from __future__ import annotations

from fractions import Fraction

from yamlmod.model.network import Network
from yamlmod.ops.operations.add_head.copies import Copies, CopyPlace, offsets, same_ratio, step_down
from yamlmod.ops.operations.add_head.replay import Target
from yamlmod.ops.operations.add_head.scale import PlannedScale, no_pattern, out_copies
from yamlmod.ops.operations.add_head.widths import finer_ratio, node_channels, scaled
from yamlmod.ops.pyramid import Pyramid


def plan_finer(model: Network, pyramid: Pyramid, wanted: int) -> PlannedScale:
    """Plan the scale of stride ``wanted``, half of the head's first."""
    copies = Copies(model, pyramid, up=False)
    first = min(pyramid.inputs)
    if pyramid.finest <= wanted:
        # The neck goes through this scale already: only the head does not read it.
        node: Target = ("old", pyramid.downs[wanted])
        source = out_copies(copies, first, node, Fraction(1, 2), above=True)
        return PlannedScale(copies, (), source, finer=True)
    up = pyramid.ups[first]
    if first not in pyramid.rises or first * 2 not in pyramid.falls:
        raise no_pattern(model)
    deeper = pyramid.ups[first * 2]
    taps = pyramid.taps.get(first, -1), pyramid.taps.get(wanted, -1)
    ratio = finer_ratio(model, up, deeper, taps) if min(taps) >= 0 else Fraction(1, 2)
    rise, fall = pyramid.rises[first], pyramid.falls[first * 2]
    place = CopyPlace(up)
    through: Target = ("old", up)
    new_up = copies.copy(rise, {deeper: ("old", up)}, place, through, same_ratio(rise, ratio))
    here, down = node_channels(model, up), pyramid.downs[first * 2]
    back = Fraction(here, node_channels(model, down))
    widths = (here, scaled(here, ratio))
    # A join may read a row within the step up, such as the block in front of an attention layer.
    inner = offsets(model, pyramid.rises.get(first * 2, ()), rise)
    roles: dict[int, Target] = {old: ("old", new) for old, new in inner.items()}
    roles |= {**new_up, up: new_up[up], deeper: through}
    new_down = copies.copy(fall, roles, place, through, step_down(model, fall, up, widths, back))
    source = out_copies(copies, first, new_up[up], ratio, above=True)
    moves = tuple((read.reader, read.slot, new_down[down]) for read in model.readers(up))
    return PlannedScale(copies, moves, source, finer=True)
