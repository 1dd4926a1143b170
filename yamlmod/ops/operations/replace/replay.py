"""Replay a replacement on labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from yamlmod.ops.labels import LabelNet


class Replacement(NamedTuple):
    """Another module in a layer's place; a number or args of None keep the row's own."""

    layer: int
    repeats: int | None
    module: str
    args: Sequence[Any] | None

    def replay(self, net: LabelNet) -> None:
        row = net.rows[net.order[self.layer]]
        row[2] = self.module
        if self.repeats is not None:
            row[1] = self.repeats
        if self.args is not None:
            row[3] = list(self.args)
