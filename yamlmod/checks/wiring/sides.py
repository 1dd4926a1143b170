"""Choose between a new layer and the one before it, if a number may name both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from yamlmod.checks.wiring.hypotheses import Hypothesis
from yamlmod.checks.wiring.views import Difference, View
from yamlmod.model.graph import reachable
from yamlmod.model.refs import IMAGE


def sides(
    view: View, hypothesis: Hypothesis, reader: int, items: Sequence[Difference]
) -> Mapping[int, int]:
    """Return the layer for each slot that changes, in the row of ``reader``."""
    found = {item.slot: _side(view, hypothesis, item) for item in items}
    if reader == view.head:
        found |= dict(_moved_by_accident(view, hypothesis, items))
    return found


def _side(view: View, hypothesis: Hypothesis, item: Difference) -> int:
    """The layer of the base, or a new one if all its other readers go through that."""
    if hypothesis.offset is not None or len(item.wanted) == 1:
        return hypothesis.wanted(item)
    kept = item.wanted[0]
    for layer in reversed(item.wanted[1:]):
        if view.file.through(layer, [layer])[-1] != kept or _is_numbered(view, kept, item.value):
            continue
        # A number that is wrong itself says nothing.
        wrong = {other.reader for other in view.differences if other.place == kept}
        if layer == kept + 1 and set(view.file.readers[kept]) - wrong == {layer}:
            return layer
    return kept


def _is_numbered(view: View, kept: int, number: int) -> bool:
    """Check whether the author counted the layer by a number, and the new one behind it further."""
    comments = [view.file.rows[layer].comment for layer in (kept, kept + 1)]
    counted = [None if comment is None else comment.value for comment in comments]
    return counted == [number, number + 1]


def _moved_by_accident(
    view: View, hypothesis: Hypothesis, items: Sequence[Difference]
) -> Iterator[tuple[int, int]]:
    """Further inputs of a head whose numbers are all wrong by one amount.

    One that reads past a new layer of its own, which all others go through, does so by accident.
    """
    offset = hypothesis.offset
    shifts = {item.value - item.number for item in items if item.number is not None}
    if offset is None and len(shifts) != 1:
        return
    done = {item.slot for item in items}
    inputs = view.file.inputs[view.head]
    for slot, (layer, gate) in enumerate((layer, layer + 1) for layer in inputs):
        own = layer not in view.alignment.added and view.is_new_behind(gate, layer)
        readers = set(view.file.readers[layer]) - {view.head}
        if slot not in done and own and readers == {gate} and offset in (None, -1):
            yield slot, gate


def passed_by(view: View, inputs: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield inputs of the head whose layer got a new one directly behind it, with the new one."""
    added = set(view.alignment.added)
    for layer in inputs:
        if layer + 1 in added and view.file.inputs[layer + 1] == (layer,):
            yield layer, layer + 1


def taken_over(view: View) -> Hypothesis | None:
    """New rows that read the head's inputs by their numbers in the base."""
    base, alignment = view.base.wiring, view.alignment
    moved = {
        ref.value: kept
        for ref in base.rows[-1].refs
        if ref.value >= 0 and (kept := alignment.to_new(ref.value)) is not None
    }
    readers = list(_single_reads(view, moved))
    if {value for _, value in readers} != set(moved) or not moved:
        return None
    alive = reachable([list(i) for i in view.file.inputs], [view.head])
    if all(layer in alive for layer in moved.values()):
        return None
    some = [
        Difference(reader, 0, value, value, value, value, (moved[value],))
        for reader, value in readers
        if moved[value] not in (value, IMAGE) and moved[value] < reader
    ]
    words = "these rows read the head's inputs by their old numbers"
    return Hypothesis("taken-over", words, some, alone=True) if some else None


def _single_reads(view: View, moved: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    for layer in view.alignment.added:
        row = view.file.rows[layer]
        if len(row.refs) == 1 and row.refs[0].value in moved:
            yield layer, row.refs[0].value
