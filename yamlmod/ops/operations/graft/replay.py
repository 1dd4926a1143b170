"""Replay a graft on labels: other rows in the backbone, and other layers for all that read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from yamlmod.errors import ProofFailedError
from yamlmod.ops.labels import IMAGE_LABEL, Label, LabelNet


class Graft(NamedTuple):
    """The first ``size`` rows give way to ``rows``, plain data of the other file.

    ``links`` holds (reader, slot, row of the new backbone) for every read of an old one.
    """

    size: int
    rows: Sequence[Any]
    links: Sequence[tuple[int, int, int]]

    def replay(self, net: LabelNet) -> None:
        old, rest = net.order[: self.size], net.order[self.size :]
        new = [net.new_label() for _ in self.rows]
        links = {(net.order[reader], slot): new[row] for reader, slot, row in self.links}
        for position, (label, row) in enumerate(zip(new, self.rows, strict=True)):
            values = list(row[0]) if isinstance(row[0], list) else [row[0]]
            above = new[:position] or [IMAGE_LABEL]
            net.rows[label] = list(row)
            net.values[label] = values
            net.inputs[label] = [above[v] if v < 0 else new[v] for v in values]
        became: dict[Label, Label] = {}
        gone = set(old)
        for label in rest:
            for slot, source in enumerate(net.inputs[label]):
                if source not in gone:
                    continue
                if (label, slot) not in links:
                    raise ProofFailedError(f"{label} would read a layer of the old backbone")
                target = links.pop((label, slot))
                if became.setdefault(source, target) != target:
                    raise ProofFailedError(f"what read {source} would read two layers")
                net.inputs[label][slot] = target
        if links:
            raise ProofFailedError(f"{next(iter(links))} did not read the backbone")
        for label in old:
            del net.inputs[label]
        net.order = [*new, *rest]
