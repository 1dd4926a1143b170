"""Replay a new detection scale on labels: copied rows, moved reads, the head's input, anchors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from yamlmod.errors import ProofFailedError
from yamlmod.ops.labels import IMAGE_LABEL, Label, LabelNet

Target = tuple[str, int]
"""A layer of the file before the step (`old`, its number), or a new one (`new`, its position)."""


class CopiedRow(NamedTuple):
    """A row after ``after`` (-1: at the top) that repeats the row ``pattern`` elsewhere.

    ``sources`` are its inputs, in the pattern's style. ``widths`` holds (argument, value) for the
    args that differ. Where the scale is taken out again, its readers read ``through``.
    """

    after: int
    pattern: int
    sources: Sequence[Target]
    widths: Sequence[tuple[int, int]]
    through: Target


class AddedScale(NamedTuple):
    """A new scale: its rows, the reads (reader, slot) that move to one of them, the head's input.

    ``slot`` is its place among the head's inputs, and its row's among the anchors, which are the
    neighbour's halved (``finer``) or doubled; None where anchors are no list.
    """

    rows: Sequence[CopiedRow]
    moves: Sequence[tuple[int, int, Target]]
    slot: int
    source: Target
    anchors: int | None
    finer: bool

    def replay(self, net: LabelNet) -> None:
        old, wiring = list(net.order), net.wiring()
        new = [net.new_label() for _ in self.rows]

        def found(target: Target) -> Label:
            kind, position = target
            if kind == "new":
                return new[position]
            return old[position] if position >= 0 else IMAGE_LABEL

        after: dict[Label, list[Label]] = {}
        for label, row in zip(new, self.rows, strict=True):
            _copy(net, old[row.pattern], label, row)
            net.inputs[label] = [found(source) for source in row.sources]
            net.through[label] = found(row.through)
            above = old[row.after] if row.after >= 0 else IMAGE_LABEL
            after.setdefault(above, []).append(label)
        for reader, slot, target in self.moves:
            net.inputs[old[reader]][slot] = found(target)
        net.order = [*after.get(IMAGE_LABEL, ())]
        for label in old:
            net.order += [label, *after.get(label, ())]
        seen = net.wiring(set(new))
        if seen != wiring:
            raise ProofFailedError("without the new scale the old wiring does not come back")
        self._join(net, found(self.source))

    def _join(self, net: LabelNet, source: Label) -> None:
        head = net.order[-1]
        net.inputs[head].insert(self.slot, source)
        net.values[head].insert(self.slot, -1 if max(net.values[head]) < 0 else 0)
        if self.anchors is None:
            return
        rows = list(net.settings["anchors"])
        pattern = rows[0] if self.finer else rows[-1]
        rows.insert(self.slot, _scaled(pattern, self.finer))
        net.settings["anchors"] = rows


def _copy(net: LabelNet, pattern: Label, label: Label, row: CopiedRow) -> None:
    first, number, module, args = net.rows[pattern]
    values = list(args)
    for position, value in row.widths:
        if type(values[position]) is not int:
            raise ProofFailedError(f"argument {position} of {module} is no number of channels")
        values[position] = value
    if len(row.sources) != len(net.values[pattern]):
        raise ProofFailedError(f"a copy of {module} has {len(row.sources)} inputs")
    net.rows[label] = [first, number, module, values]
    net.values[label] = list(net.values[pattern])


def _scaled(anchors: Any, finer: bool) -> Any:
    """Return a row of anchors at half or double the size, whole numbers as whole numbers."""
    if isinstance(anchors, list):
        return [_scaled(value, finer) for value in anchors]
    if type(anchors) is int:
        return max(1, (anchors + 1) // 2) if finer else anchors * 2
    if type(anchors) is float:
        return float(f"{anchors / 2 if finer else anchors * 2:.6g}")
    raise ProofFailedError(f"{anchors!r} among the anchors is no number")
