"""Collect the rows of a new scale: copies of a step of the neck or of a stage, one level on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from yamlmod.errors import Refusal
from yamlmod.model.network import Network
from yamlmod.model.refs import IMAGE
from yamlmod.ops.operations.add_head.replay import CopiedRow, Target
from yamlmod.ops.operations.add_head.widths import new_widths
from yamlmod.ops.pyramid import Pyramid, level_name


class CopyPlace(NamedTuple):
    """Where copies go: after a layer, or at the top of the next table (``opens``)."""

    after: int
    opens: bool = False


class Copies:
    """The new rows so far, with their places and by how many levels they differ."""

    def __init__(self, model: Network, pyramid: Pyramid, up: bool) -> None:
        self.model, self.pyramid, self.up = model, pyramid, up
        self.rows: list[CopiedRow] = []
        self.places: list[CopyPlace] = []
        # The ends of the stages that the new scale itself brings, by stride.
        self.stages: dict[int, Target] = {}

    def copy(
        self,
        rows: Sequence[int],
        roles: Mapping[int, Target],
        place: CopyPlace,
        through: Target,
        ratios: Mapping[int, tuple[Fraction, dict[int, int]]],
    ) -> dict[int, Target]:
        """Add copies of ``rows``; return what each became.

        ``roles`` says which layer takes the place of each that they read; a layer of the backbone
        is replaced by that of the next stride. ``ratios`` holds, for each row, by what its
        channels change, and channels that are given.
        """
        made: dict[int, Target] = {}
        for layer in rows:
            sources = [
                self._role(layer, read.target, {**roles, **made})
                for read in self.model.graph.reads[layer]
            ]
            widths = new_widths(self.model, self.model.rows[layer], *ratios[layer])
            made[layer] = ("new", len(self.rows))
            self.rows.append(CopiedRow(place.after, layer, sources, widths, through))
            self.places.append(place)
        return made

    def _role(self, reader: int, source: int, roles: Mapping[int, Target]) -> Target:
        if source in roles:
            return roles[source]
        model = self.model
        stride = None if source == IMAGE else model.shapes[source].stride
        if stride is not None and model.rows[source].section == "backbone":
            wanted = int(stride * 2 if self.up else stride / 2)
            if wanted in self.stages:
                return self.stages[wanted]
            if wanted in self.pyramid.taps:
                return "old", self.pyramid.taps[wanted]
            raise Refusal(
                "no-tap",
                f"the backbone has no layer of stride {wanted} for {level_name(wanted)}",
                place=model.document.place(*model.rows[reader].spans[0]),
            )
        row = model.rows[reader]
        raise Refusal(
            "not-a-pyramid",
            f"{model.document.describe(reader)} has to be copied for the new scale, and nothing "
            f"takes the place of its input {model.document.describe(source)}",
            place=model.document.place(*row.spans[0]),
            hint="the neck's steps differ from each other; add this scale by hand with `insert`",
        )


def offsets(model: Network, first: Sequence[int], second: Sequence[int]) -> dict[int, int]:
    """Pair the rows of two steps where they are the same, from the beginning."""
    pairs = {}
    for old, new in zip(first, second, strict=False):
        if model.rows[old].module != model.rows[new].module:
            break
        pairs[old] = new
    return pairs


def same_ratio(rows: Sequence[int], ratio: Fraction) -> dict[int, tuple[Fraction, dict[int, int]]]:
    return dict.fromkeys(rows, (ratio, {}))


def step_down(
    model: Network, rows: Sequence[int], source: int, widths: tuple[int, int], ratio: Fraction
) -> dict[int, tuple[Fraction, dict[int, int]]]:
    """Return the ratios of a copied step down.

    The rows that lead from ``source`` to the join go with the channels of their own input,
    ``widths`` (then and now), where they have as many; the others with the node that they end in.
    """
    ratios = {}
    inside: set[int] = {source}
    for layer in rows:
        reads = [read.target for read in model.graph.reads[layer]]
        before = all(target in inside for target in reads)
        if before:
            inside.add(layer)
        ratios[layer] = (ratio, {widths[0]: widths[1]} if before else {})
    return ratios
