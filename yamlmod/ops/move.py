"""Move a layer: removed from its place and inserted at another, in one proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from yamlmod.errors import Refusal
from yamlmod.model.parse import load_plain
from yamlmod.ops.chain import Plan, chain
from yamlmod.ops.insert import Moved, Request, plan_insert
from yamlmod.ops.outcome import Outcome
from yamlmod.ops.positions import Model, resolve_positions
from yamlmod.ops.remove import plan_remove
from yamlmod.ops.rows import nominal_channels
from yamlmod.registry.catalogue import find


def move(
    model: Model, layer: int, *, after: int | None = None, before: int | None = None
) -> Outcome:
    """Move ``layer`` behind or in front of another; both speak of the original's indices.

    The row keeps its words and its comment; the index in the comment follows if it was right.
    """
    return chain(model, move_plans(model, layer, after=after, before=before))


def move_plans(
    model: Model, layer: int, *, after: int | None = None, before: int | None = None
) -> list[Plan]:
    """Return the two steps of a move, for a chain."""
    if (after is None) == (before is None):
        raise Refusal("usage", "say where to: --after SEL or --before SEL, one of them")
    target = after if after is not None else before
    if target is None or target == layer:
        raise Refusal("usage", f"{model.document.describe(layer)} cannot be moved next to itself")
    there = target - (layer < target)

    def put_back(current: Model) -> Outcome:
        words = [str(there)]
        positions = resolve_positions(
            current,
            after=words if after is not None else (),
            before=words if before is not None else (),
        )
        row = model.document.rows[layer]
        plain = load_plain(model.document.text, model.document.shown)
        _, repeats, module, args = [*plain["backbone"], *plain["head"]][layer]
        values = _args(current, module, args, positions[0].after)
        moved = Moved(model.document, row, repeats, None if values == args else values)
        # What was asked for spoke of the original; its number here would mislead.
        places = tuple(replace(position, asked="moved") for position in positions)
        return plan_insert(current, Request(module, places, values, moved=moved))

    return [lambda current: plan_remove(current, [layer]), put_back]


def _args(model: Model, module: str, args: Sequence[Any], source: int) -> list[Any]:
    """Return the moved row's args: nominal channels, where they are part of it, fit the place."""
    template = find(module)
    if template is None or not template.takes_nominal or source < 0 or not args:
        return list(args)
    return [nominal_channels(model, source), *args[1:]]
