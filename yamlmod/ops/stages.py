"""Compare the last two stages of a backbone: which rows repeat, and which only end it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from yamlmod.errors import Refusal
from yamlmod.model.network import Network
from yamlmod.ops.pyramid import Pyramid, no_pyramid


class Stages(NamedTuple):
    """The rows of the stage that ends at the last stride but one, and of the last one.

    The first ``shared`` rows of both are the same classes, wired in the same way. What follows them
    in the last one, such as SPPF, is not repeated.
    """

    before: tuple[int, ...]
    last: tuple[int, ...]
    shared: int

    @property
    def ends(self) -> tuple[int, int]:
        """Return the last row that both share, in the last stage and in the one before it."""
        return self.last[self.shared - 1], self.before[self.shared - 1]


def backbone_stages(model: Network, pyramid: Pyramid, stride: int) -> Stages:
    """Return the stages whose strides are half of ``stride``, and ``stride``."""
    taps = pyramid.taps
    if not all(s in taps for s in (stride, stride // 2, stride // 4)):
        head = model.document.head
        raise Refusal(
            "no-pattern",
            f"the backbone has no two stages that lead to stride {stride}",
            place=model.document.place(head.start, head.end),
        )
    before = _stage(model, taps[stride // 4], taps[stride // 2])
    last = _stage(model, taps[stride // 2], taps[stride])
    shared = _shared(model, before, last)
    if not shared:
        raise Refusal(
            "no-stage",
            f"the last stage of the backbone does not begin as the one before it, with "
            f"{model.rows[before[0]].module}",
            place=model.document.place(*model.rows[last[0]].spans[2]),
            hint="the stage of a deeper scale is a copy of those rows",
        )
    return Stages(tuple(before), tuple(last), shared)


def _stage(model: Network, begin: int, end: int) -> list[int]:
    """Return the rows of a stage, which read one another and the stage before."""
    rows = list(range(begin + 1, end + 1))
    for layer in rows:
        for read in model.graph.reads[layer]:
            if read.target < begin:
                raise no_pyramid(
                    model,
                    f"{model.document.describe(layer)} reads past the stage before it",
                    layer,
                )
    return rows


def _shared(model: Network, before: Sequence[int], last: Sequence[int]) -> int:
    """Return how many rows two stages have in common from the beginning."""
    count = 0
    for first, second in zip(before, last, strict=False):
        one, other = model.rows[first], model.rows[second]
        if one.module != other.module or not _same_inputs(model, first, second):
            break
        count += 1
    # What the rest reads must be one layer.
    while count:
        inner = last[: count - 1]
        rest = range(last[count - 1] + 1, len(model.rows))
        if not any(read.target in inner for i in rest for read in model.graph.reads[i]):
            break
        count -= 1
    return count


def _same_inputs(model: Network, first: int, second: int) -> bool:
    distances = [
        [read.target - layer for read in model.graph.reads[layer]] for layer in (first, second)
    ]
    return distances[0] == distances[1]
