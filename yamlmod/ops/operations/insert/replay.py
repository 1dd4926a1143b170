"""Replay an insertion on labels; contracting the new layers must give the old wiring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from yamlmod.errors import ProofFailedError
from yamlmod.ops.labels import IMAGE_LABEL, Label, LabelNet


class PlannedLayer(NamedTuple):
    """A layer after ``after`` that takes over the reads (reader, slot) of ``claims``.

    ``reads`` is the layer that it reads instead of ``after``, in the style of ``value``.

    ``sources`` is the list of layers that it reads; None for ``after`` itself, and then
    ``listed`` says that its `from` is a list of one. ``moved``: it is the row that the step before
    took out; ``args`` None are its own.
    """

    after: int
    module: str
    args: Sequence[Any] | None
    claims: frozenset[tuple[int, int]]
    sources: Sequence[int] | None = None
    listed: bool = False
    moved: bool = False
    reads: int | None = None
    value: int = -1
    number: int = 1


class Insertion(NamedTuple):
    """Layers put in at once."""

    layers: Sequence[PlannedLayer]

    def replay(self, net: LabelNet) -> None:
        labels = net.order
        wiring = net.wiring()
        new: dict[Label, list[Label]] = {}  # by the layer before them, in the order asked for
        for layer in self.layers:
            label = net.new_label()
            above = labels[layer.after] if layer.after >= 0 else IMAGE_LABEL
            source = above if layer.reads is None else labels[layer.reads]
            net.through[label] = source
            _claim(net, labels, layer, label)
            new.setdefault(above, []).append(label)
            if layer.sources is None:
                net.inputs[label], net.values[label] = [source], [layer.value]
            else:
                net.inputs[label] = [labels[index] for index in layer.sources]
                net.values[label] = list(layer.sources)
            if layer.claims and source not in net.inputs[label]:
                raise ProofFailedError(f"{label} takes over reads of {source} and does not read it")
            is_list = layer.listed or layer.sources is not None
            first = list(net.values[label]) if is_list else -1
            net.rows[label] = [first, *_rest(net, layer, is_list, len(net.inputs[label]))]
        net.order = [*new.get(IMAGE_LABEL, ())]
        for label in labels:
            net.order += [label, *new.get(label, ())]
        if net.wiring({label for labels in new.values() for label in labels}) != wiring:
            raise ProofFailedError("contracting the new layers does not give the old wiring")


def _claim(net: LabelNet, labels: Sequence[Label], layer: PlannedLayer, label: Label) -> None:
    source = net.through[label]
    for reader, slot in layer.claims:
        inputs = net.inputs[labels[reader]]
        if inputs[slot] != source:
            raise ProofFailedError(f"{labels[reader]} does not read {source} at {slot}")
        inputs[slot] = label


def _rest(net: LabelNet, layer: PlannedLayer, is_list: bool, inputs: int) -> list[Any]:
    """Return number, module and args of a new row; a moved one keeps its own."""
    if not layer.moved:
        return [layer.number, layer.module, list(layer.args or ())]
    if len(net.gone) != 1:
        raise ProofFailedError(f"{len(net.gone)} layers were taken out, and one was moved")
    ((first, repeats, module, args), count) = net.gone[0]
    if count != inputs or isinstance(first, list) is not is_list:
        raise ProofFailedError(f"the moved {module} had {count} inputs and would have {inputs}")
    return [repeats, module, args if layer.args is None else list(layer.args)]
