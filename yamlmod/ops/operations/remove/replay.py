"""Replay a removal on labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from yamlmod.errors import ProofFailedError
from yamlmod.ops.labels import Label, LabelNet


class Removal(NamedTuple):
    """Layers removed at once; their readers read their inputs.

    ``sources`` holds (layer, input) for layers of several inputs: the one that is read instead.
    """

    layers: Sequence[int]
    sources: Sequence[tuple[int, int]] = ()

    def replay(self, net: LabelNet) -> None:
        labels = net.order
        chosen = {labels[layer]: net.label(source) for layer, source in self.sources}
        sources = {labels[i]: chosen.get(labels[i], _in_front(net, i)) for i in self.layers}
        wrong = [label for label, source in chosen.items() if source not in net.inputs[label]]
        if wrong:
            raise ProofFailedError(f"{wrong[0]} does not read what its readers are to read instead")
        joining = {label for label in sources if len(net.inputs[label]) != 1} - set(chosen)
        alive = net.alive() if joining else set()
        net.order = [label for label in labels if label not in sources]
        net.gone = [(net.rows[label], len(net.inputs[label])) for label in sources]
        for label in net.order:
            for slot, source in enumerate(net.inputs[label]):
                while source in sources:
                    if source in joining and label in alive:
                        raise ProofFailedError(f"{label} would read one of the inputs of {source}")
                    source = sources[source]
                net.inputs[label][slot] = source
        for label in sources:
            del net.inputs[label]


def _in_front(net: LabelNet, layer: int) -> Label:
    """Return the input that a layer's readers get in its place: the layer above, if it can."""
    inputs = net.inputs[net.order[layer]]
    above = net.label(layer - 1)
    return above if above in inputs or not inputs else inputs[0]
