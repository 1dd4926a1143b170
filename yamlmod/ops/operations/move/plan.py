"""Move a layer: remove it from its position and insert it at another, in one proof."""

from __future__ import annotations

from yamlmod.errors import Refusal, one_of
from yamlmod.model.document import Row
from yamlmod.model.network import Network
from yamlmod.ops.chain import Plan, chain, run_plans
from yamlmod.ops.operation import Operation, RecipeOptions
from yamlmod.ops.operations.insert.plan import plan_insert
from yamlmod.ops.operations.insert.request import Moved, Request
from yamlmod.ops.operations.remove.plan import plan_remove
from yamlmod.ops.operations.remove.removable import input_count, joins
from yamlmod.ops.outcome import Outcome
from yamlmod.ops.positions import resolve_positions
from yamlmod.ops.rows import nominal_channels
from yamlmod.registry.catalogue import find


def move(
    model: Network, layer: int, *, after: int | None = None, before: int | None = None
) -> Outcome:
    """Move ``layer`` after or before another; both are indices of the original.

    The row keeps its words and its comment; the index in the comment follows if it was right.
    """
    return chain(model, move_plans(model, layer, after=after, before=before))


def move_plans(
    model: Network, layer: int, *, after: int | None = None, before: int | None = None
) -> list[Plan]:
    if (after is None) == (before is None):
        raise Refusal("usage", "give the new position with --after SEL or --before SEL, not both")
    target = after if after is not None else before
    if target is None or target == layer:
        raise Refusal("usage", f"{model.document.describe(layer)} cannot be moved next to itself")
    there = target - (layer < target)

    def put_back(current: Network) -> Outcome:
        words = [str(there)]
        positions = resolve_positions(
            current,
            after=words if after is not None else (),
            before=words if before is not None else (),
        )
        row = model.document.rows[layer]
        first = _first_arg(current, row, positions[0].after)
        moved = Moved(model.document, row, first)
        values = list(row.args) if first is None else [first, *row.args[1:]]
        # What was asked for spoke of the original; its number here would mislead.
        places = tuple(position._replace(asked="moved") for position in positions)
        return plan_insert(current, Request(row.module, places, values, moved=moved))

    def take_away(current: Network) -> Outcome:
        _refuse_several(current, layer)
        return plan_remove(current, [layer])

    return [take_away, put_back]


def _refuse_several(model: Network, layer: int) -> None:
    """Refuse to move a layer that joins inputs: it would lose some."""
    targets = [read.target for read in model.graph.reads[layer]]
    if not targets or not joins(model, layer) or layer == model.graph.head:
        return
    row, describe = model.document.rows[layer], model.document.describe
    raise Refusal(
        "joins-inputs",
        f"{describe(layer)} joins {input_count(targets)} "
        f"({one_of([describe(target) for target in targets])}); what its readers should read "
        "instead, and what it should read at its new position, is a design decision",
        place=model.document.place(row.start, row.end),
        hint="insert it at the new position with --from, then remove this one with --from",
    )


def _first_arg(model: Network, row: Row, source: int) -> int | None:
    """Return the channels that the moved row needs at its place, None where its own are right."""
    template = find(row.module)
    if template is None or not template.takes_nominal or source < 0 or not row.args:
        return None
    nominal = nominal_channels(model, source)
    return None if nominal == row.args[0] else nominal


def _from_recipe(model: Network, options: RecipeOptions) -> Outcome:
    layer = options.layer(model, "move")
    after, before = (
        options.layer(model, key) if key in options.values else None for key in ("after", "before")
    )
    return run_plans(model, move_plans(model, layer, after=after, before=before))


OPERATION = Operation("move", ("after", "before"), _from_recipe)
