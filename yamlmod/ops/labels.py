"""Model a network as labels, on which the proof replays the steps of an edit.

Layers are labels, a row is a plain list as a YAML loader gives it, and numbers are derived from the
order of the labels. The planning of edits uses spans, graphs and arithmetic instead; nothing here,
and no `replay.py` of an operation, may import the room `model` (tests/house/test_rooms.py). No
`assert`: the proof also runs under `python -O`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

Label = tuple[str, int]
IMAGE_LABEL: Label = ("image", 0)


class ReplayStep(Protocol):
    """What an operation asks the proof to confirm; indices are those of the file before the step.

    A step is plain data and, in ``replay``, the same change by the route of the labels.
    """

    def replay(self, net: LabelNet) -> None:
        """Make this change; raises ProofFailedError where it cannot be right."""


class LabelNet:
    """A model as labels: their order, what each one reads, and how it spells that.

    ``settings`` is the file without its tables; ``side_effects`` are modules alive by themselves.
    """

    def __init__(self, data: Mapping[str, Any], side_effects: Collection[str] = ()):
        self.settings = {**data, "backbone": None, "head": None}
        self.side_effects = side_effects
        self.rows: dict[Label, list[Any]] = {}
        self.values: dict[Label, list[int]] = {}
        self.inputs: dict[Label, list[Label]] = {}
        # The layer after which a new layer was inserted: its readers read that one before.
        self.through: dict[Label, Label] = {}
        # The rows that the last removal took out, with the number of their inputs.
        self.gone: list[tuple[list[Any], int]] = []
        rows = table_rows(data)
        self.order: list[Label] = [("old", i) for i in range(len(rows))]
        self._new = 0
        for position, row in enumerate(rows):
            label = self.order[position]
            self.rows[label] = list(row)
            self.values[label] = list(row[0]) if isinstance(row[0], list) else [row[0]]
            # Python's own indexing answers what a negative number names.
            above = self.order[:position] or [IMAGE_LABEL]
            self.inputs[label] = [above[v] if v < 0 else self.order[v] for v in self.values[label]]

    def label(self, layer: int) -> Label:
        return self.order[layer] if layer >= 0 else IMAGE_LABEL

    def new_label(self) -> Label:
        self._new += 1
        return ("new", self._new)

    def alive(self) -> set[Label]:
        """Return the layers whose output reaches the last one, or that work by side effect."""
        waiting = [label for label in self.order if self.rows[label][2] in self.side_effects]
        waiting.append(self.order[-1])
        alive: set[Label] = {IMAGE_LABEL}
        while waiting:
            label = waiting.pop()
            if label not in alive:
                alive.add(label)
                waiting += self.inputs[label]
        return alive

    def wiring(self, without: Collection[Label] = ()) -> dict[Label, list[Label]]:
        """Return what each layer reads, seen through the layers ``without``."""

        def seen(label: Label) -> Label:
            while label in without:
                label = self.through[label]
            return label

        return {
            label: [seen(source) for source in inputs]
            for label, inputs in self.inputs.items()
            if label not in without
        }

    def respell(self, misreads: Callable[[int, bool, bool], bool]) -> None:
        """Give every reference its number: in the style it had, or in the one the fork reads."""
        index = {label: position for position, label in enumerate(self.order)}
        index[IMAGE_LABEL] = -1
        for label in self.order:
            values = self.values[label]
            listed = isinstance(self.rows[label][0], list)
            for slot, source in enumerate(self.inputs[label]):
                distance, absolute = index[source] - index[label], index[source]
                value = distance if values[slot] < 0 or source == IMAGE_LABEL else absolute
                fresh = value != values[slot] and label[0] == "old"
                if fresh and misreads(value, listed, label == self.order[-1]):
                    value = absolute if value < 0 else distance
                values[slot] = value

    def written(self) -> list[list[Any]]:
        rows = []
        for label in self.order:
            first, *rest = self.rows[label]
            values = self.values[label]
            rows.append([list(values) if isinstance(first, list) else values[0], *rest])
        return rows


def table_rows(data: Mapping[str, Any]) -> Sequence[list[Any]]:
    return [*data["backbone"], *data["head"]]
