"""Replay a dropped head input on labels, with its row of anchors."""

from __future__ import annotations

from typing import NamedTuple

from yamlmod.errors import ProofFailedError
from yamlmod.ops.labels import LabelNet


class DroppedInput(NamedTuple):
    """One input of the head taken out, and the row of anchors that went with it, if one did."""

    head: int
    slot: int
    anchor: int | None

    def replay(self, net: LabelNet) -> None:
        label = net.order[self.head]
        if label != net.order[-1]:
            raise ProofFailedError(f"{label} is not the head and would lose an input")
        del net.inputs[label][self.slot], net.values[label][self.slot]
        if self.anchor is not None:
            rows = net.settings["anchors"]
            net.settings["anchors"] = [row for i, row in enumerate(rows) if i != self.anchor]
