"""Read a network's feature pyramid: taps of the backbone, the way up, the way down, head inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from yamlmod.errors import Refusal, one_of
from yamlmod.model.graph import reachable
from yamlmod.model.known_modules import INPUT_GROUPS
from yamlmod.model.network import Network
from yamlmod.model.refs import IMAGE
from yamlmod.ops.taps import backbone_taps

Rows = tuple[int, ...]


class Pyramid(NamedTuple):
    """The layers of a network by stride.

    taps: the last layer of each stage of the backbone. ups: the layer that each step up starts or
    ends with, from the deepest stride to the finest. downs: the same for the way down.
    rises: the rows of the step that ends in ``ups`` of a stride; falls: of one that ends in
    ``downs``. outs: rows between the way down and the head. inputs: what the head reads.
    """

    taps: Mapping[int, int]
    ups: Mapping[int, int]
    downs: Mapping[int, int]
    rises: Mapping[int, Rows]
    falls: Mapping[int, Rows]
    outs: Mapping[int, Rows]
    inputs: Mapping[int, int]

    @property
    def finest(self) -> int:
        return min(self.ups)

    @property
    def deepest(self) -> int:
        return max(self.ups)


def level_name(stride: float) -> str:
    """Return `P3` for stride 8."""
    return f"P{int(stride).bit_length() - 1}"


def read_pyramid(model: Network) -> Pyramid:
    """Return the pyramid of a network. Raises Refusal where its neck has another form."""
    return _PyramidReader(model).pyramid()


def no_pyramid(model: Network, why: str, layer: int | None = None) -> Refusal:
    row = model.document.head if layer is None or layer < 0 else model.rows[layer]
    return Refusal(
        "not-a-pyramid",
        why,
        place=model.document.place(row.start, row.end),
        hint="a neck is read as steps up (Upsample, then a join) and steps down (a layer of "
        "stride 2, then a join), as in YOLOv5 to YOLO26",
    )


class _PyramidReader:
    """Reads one network; ``neck`` are the rows of the head table without the head itself."""

    def __init__(self, model: Network) -> None:
        self.model = model
        self.head = model.graph.head
        neck = (row.index for row in model.rows if row.section == "head")
        self.neck = frozenset(neck) - {self.head}
        self._above: dict[int, frozenset[int]] = {}

    def pyramid(self) -> Pyramid:
        inputs = self._head_inputs()
        strides = sorted(inputs)
        first = strides[0]
        count = self._out_rows(inputs[first], len(strides))
        downs, outs = {}, {}
        for stride, layer in inputs.items():
            way = self._chain(layer, count)
            downs[stride], outs[stride] = way[-1], tuple(reversed(way[:-1]))
        finest = self._turn(downs[first])
        downs |= self._missing_downs(finest, downs[first])
        falls = self._falls(downs)
        ups, rises = self._way_up(finest)
        return Pyramid(backbone_taps(self.model), ups, downs, rises, falls, outs, inputs)

    def stride(self, layer: int) -> int:
        value = 1.0 if layer == IMAGE else self.model.shapes[layer].stride
        if value is None:
            raise self._unknown(layer)
        if value < 1 or value != int(value):
            raise no_pyramid(self.model, f"{self._name(layer)} has stride {value:g}", layer)
        return int(value)

    def _unknown(self, layer: int) -> Refusal:
        model = self.model
        above = sorted(i for i in (*self.above(layer), layer) if model.shapes[i].stride is None)
        row = model.rows[above[0]]
        what = "" if model.kind(row.module) else ", a module that yamlmod does not know"
        return Refusal(
            "unknown-stride",
            f"the stride of {self._name(layer)} is not known: it depends on "
            f"{self._name(above[0])}{what}",
            place=model.document.place(row.start, row.end),
            hint="scales are found by stride; a class of the registry (`yamlmod new`) has one",
        )

    def _name(self, layer: int) -> str:
        return self.model.document.describe(layer)

    def above(self, layer: int) -> frozenset[int]:
        """Return every layer that leads to one, itself left out."""
        if layer not in self._above:
            inputs = [self.reads(i) for i in range(layer + 1)]
            self._above[layer] = reachable(inputs, [layer]) - {layer}
        return self._above[layer]

    def reads(self, layer: int) -> list[int]:
        return [read.target for read in self.model.graph.reads[layer]]

    def _head_inputs(self) -> dict[int, int]:
        model, head = self.model, self.model.document.head
        place = model.document.place(head.start, head.end)
        name = self._name(self.head)
        if not head.listed or not head.refs:
            what = "collects its inputs" if head.listed else "reads one layer"
            raise Refusal("not-a-head", f"{name} {what}: it has no list of scales", place=place)
        groups = INPUT_GROUPS.get(head.module, 1)
        if groups > 1:
            raise Refusal(
                "grouped-inputs",
                f"{name} reads each scale {groups} times, and each time another branch: one more "
                "scale would need a branch in each",
                place=place,
                hint="use the model's inference form (gelan, yolov9 converted), whose head reads "
                "each scale once",
            )
        others = [i for i in model.roots if i != self.head and model.is_head(i)]
        if others:
            raise Refusal(
                "several-heads",
                f"besides {name} there is {one_of([self._name(i) for i in others])}",
                place=place,
            )
        layers = self.reads(self.head)
        strides = [self.stride(layer) for layer in layers]
        doubled = [strides[0] * 2**i for i in range(len(strides))]
        if strides != doubled or strides[0] & (strides[0] - 1):
            raise no_pyramid(
                model, f"{name} reads strides {one_of([str(s) for s in strides])}, in this order"
            )
        return dict(zip(strides, layers, strict=True))

    def _chain(self, layer: int, count: int) -> list[int]:
        """Return a layer and ``count`` layers above it, one input each."""
        way = [layer]
        for _ in range(count):
            reads = self.reads(way[-1])
            if len(reads) != 1 or reads[0] not in self.neck:
                raise no_pyramid(self.model, f"{self._name(layer)} is fed in another way", layer)
            way.append(reads[0])
        return way

    def _out_rows(self, layer: int, scales: int) -> int:
        """Return how many rows stand between the way down and the head, from the finest scale."""
        if scales == 1:
            return 0
        count, stride = 0, self.stride(layer)
        while len({read.reader for read in self.model.readers(layer)}) < 2:
            is_read = any(read.reader != self.head for read in self.model.readers(layer))
            reads = self.reads(layer)
            ends = len(reads) != 1 or reads[0] not in self.neck or self.stride(reads[0]) != stride
            if is_read and not count:
                return 0  # the head does not read the layer where the neck turns
            if ends:
                raise no_pyramid(
                    self.model,
                    f"no layer but the head is fed by {self._name(layer)}: the neck has no way "
                    "down from it",
                    layer,
                )
            layer, count = reads[0], count + 1
        return count

    def _turn(self, layer: int) -> int:
        """Return the neck's finest layer on the way to the first head input, where it turns."""
        least = self.stride(layer)
        for above in sorted(self.above(layer) & self.neck):
            if self.model.shapes[above].stride is not None:
                least = min(least, self.stride(above))
        if least == self.stride(layer):
            return layer
        return max(i for i in self.above(layer) & self.neck if self.stride(i) == least)

    def _missing_downs(self, finest: int, first: int) -> dict[int, int]:
        """Return the nodes between the turn and the first scale that the head reads."""
        found: dict[int, int] = {}
        stride, goal = self.stride(finest), self.stride(first)
        if stride == goal:
            return {}
        found[stride] = finest
        below = [i for i in self.above(first) if finest in self.above(i)]
        while (stride := stride * 2) < goal:
            # The last layer of a stride that is read by a deeper one.
            nodes = [
                i
                for i in below
                if self.stride(i) == stride
                and any(
                    self.stride(r.reader) > stride
                    for r in self.model.readers(i)
                    if r.reader in below
                )
            ]
            if not nodes:
                raise no_pyramid(self.model, f"the way down has no layer of stride {stride}", first)
            found[stride] = max(nodes)
        return found

    def _falls(self, downs: Mapping[int, int]) -> dict[int, Rows]:
        falls = {}
        strides = sorted(downs)
        for fine, coarse in pairwise(strides):
            source, goal = downs[fine], downs[coarse]
            if source not in self.above(goal):
                raise no_pyramid(
                    self.model,
                    f"{self._name(goal)} is not reached from {self._name(source)}: the neck has no "
                    f"way down from {level_name(fine)} to {level_name(coarse)}",
                    goal,
                )
            rows = (self.above(goal) | {goal}) & self.neck
            falls[coarse] = tuple(sorted(rows - self.above(source) - {source}))
        return falls

    def _way_up(self, finest: int) -> tuple[dict[int, int], dict[int, Rows]]:
        stride = self.stride(finest)
        ups = {stride: finest}
        rises: dict[int, Rows] = {}
        reduced: int | None = None
        layer = finest
        while True:
            chain = self._rise(layer)
            if chain is None:
                return ups, rises
            is_top = not any(
                self.model.shapes[i].stride == 4 * stride for i in self.above(chain[0]) & self.neck
            )
            if not is_top or reduced is None:
                reduced = self._reduced(chain, finest, is_top)
            if reduced >= len(chain):
                raise no_pyramid(
                    self.model, f"the step up to {self._name(layer)} begins in another way", layer
                )
            start = chain[reduced]
            rows = (self.above(layer) | {layer}) & self.neck
            rises[stride] = tuple(sorted(rows - self.above(start) - {start}))
            stride, layer = stride * 2, start
            ups[stride] = layer

    def _rise(self, layer: int) -> list[int] | None:
        """Return the layers above the upsampling that leads to ``layer``, nearest first.

        They end at the backbone, at a join, or at another stride. None where nothing upsamples.
        """
        stride = self.stride(layer)
        rows = (self.above(layer) | {layer}) & self.neck
        same = [i for i in rows if self.model.shapes[i].stride == stride]
        lifts = [
            i for i in same if any(self._known(t) == 2 * stride for t in self.reads(i) if t >= 0)
        ]
        if not lifts:
            return None
        if len(lifts) > 1 or len(self.reads(lifts[0])) != 1:
            raise no_pyramid(
                self.model, f"several layers upsample on the way to {self._name(layer)}", layer
            )
        chain = self.reads(lifts[0])
        while chain[-1] in self.neck:
            reads = self.reads(chain[-1])
            if len(reads) != 1 or self._known(reads[0]) != 2 * stride:
                break
            chain.append(reads[0])
        return chain

    def _known(self, layer: int) -> float | None:
        return 1.0 if layer == IMAGE else self.model.shapes[layer].stride

    def _reduced(self, chain: Sequence[int], finest: int, is_top: bool) -> int:
        """Return how many layers are between the start of a step and its upsampling.

        The start is like the step's own end; else it is what is above a single Conv.
        """
        if is_top and chain[-1] not in self.neck:
            return len(chain) - 1
        for count, layer in enumerate(chain):
            if layer in self.neck and self._look(layer) == self._look(finest):
                return count
        convolves = len(chain) > 1 and self.model.rows[chain[0]].module == "Conv"
        return 1 if convolves else 0

    def _look(self, layer: int) -> tuple[str, tuple[str, ...]]:
        rows = self.model.rows
        above = tuple(rows[i].module if i >= 0 else "" for i in self.reads(layer))
        return rows[layer].module, above
