"""Turn the layers of a network into labelled nodes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from yamlmod.errors import Refusal, one_of
from yamlmod.model.channels import FAMILY, Scale
from yamlmod.model.document import Row
from yamlmod.model.known_modules import ATTENTION, JOINS, KNOWN
from yamlmod.model.network import Network
from yamlmod.model.refs import IMAGE
from yamlmod.picture.scene import Lang, SceneNode
from yamlmod.picture.strides import DrawnStrides
from yamlmod.picture.words import words
from yamlmod.safe_text import visible_line

# YOLOv5's depth_multiple of each size in `FAMILY`.
_DEPTHS = {"n": 0.33, "s": 0.33, "m": 0.67, "l": 1.0, "x": 1.33}
_LONGEST = 120
_ATTENTION_BLOCKS = ("PSA", "C2PSA", "AIFI")


@dataclass(frozen=True)
class Readings:
    """What a fork's code gives: channels by scale and layer, strides and repeats by layer."""

    channels: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    strides: Mapping[int, float] = field(default_factory=dict)


class LabelMaker(NamedTuple):
    """Labels the layers of one network at one scale."""

    network: Network
    scale: str
    strides: DrawnStrides
    lang: Lang = "en"
    readings: Readings = Readings()

    def image(self) -> SceneNode:
        word = words("image", self.lang)
        return SceneNode("image", IMAGE, "image", "image", (word,), word, 1.0)

    def node(self, row: Row, key: str) -> SceneNode:
        stride = self.strides.layers[row.index]
        channels = self.channels(row.index, self.scale)
        number = self.repeats(row)
        name = visible_line(row.module)
        first = f"{row.index}  {name}" + (f" ×{number}" if number > 1 else "")
        parts = [] if channels is None else [str(channels)]
        level = level_of(stride)
        parts += [level] if level else []
        is_head = self.network.is_head(row.index)
        if not parts and not is_head:
            parts = ["?"]
        return SceneNode(
            key=key,
            number=row.index,
            module=row.module,
            category=category(self.network, row),
            lines=(first, " · ".join(parts)) if parts else (first,),
            title=self._title(row, stride, channels),
            stride=stride,
            is_head=is_head,
            row=row,
            facts=self._facts(row, stride),
        )

    def channels(self, layer: int, scale: str) -> int | None:
        read = self.readings.channels.get(scale, {}).get(layer)
        if read is not None or self.network.is_head(layer):
            return read if not self.network.is_head(layer) else None
        shapes = self.network.shapes
        names = [known.name for known in shapes.scales]
        return shapes[layer].real[names.index(scale)] if scale in names else None

    def repeats(self, row: Row) -> int:
        """Return how often the module is repeated at the scale, as parse_model computes it."""
        count = row.repeats
        if isinstance(count, bool) or not isinstance(count, int) or count <= 1:
            return 1
        return max(round(min(count, 10**6) * depth_of(self.network, self.scale)), 1)

    def _title(self, row: Row, stride: float | None, channels: int | None) -> str:
        graph, lang = self.network.graph, self.lang
        inputs = [self._name(read.target) for read in graph.reads[row.index]]
        users = sorted({read.reader for read in self.network.readers(row.index)})
        lines = [
            f"{row.index} {row.module}",
            f"from {row.from_value}: {', '.join(inputs) or '-'}",
            f"{words('args', lang)}: {self._args(row)}",
            f"n: {clipped(str(row.repeats))}",
        ]
        if channels is not None:
            lines.append(f"{words('channels', lang)}: {channels}")
        if stride is not None:
            level = level_of(stride)
            lines.append(f"{words('stride', lang)}: {stride:g}" + (f" ({level})" if level else ""))
        lines.append(f"{words('readers', lang)}: {', '.join(map(self._name, users)) or '-'}")
        return "\n".join(visible_line(line) for line in lines)

    def _args(self, row: Row) -> str:
        start, end = row.spans[3]
        return clipped(visible_line(" ".join(self.network.document.text[start:end].split())))

    def _name(self, layer: int) -> str:
        if layer == IMAGE:
            return words("image", self.lang)
        return f"{layer} {self.network.rows[layer].module}"

    def _facts(self, row: Row, stride: float | None) -> Mapping[str, Any]:
        names = [scale.name for scale in self.network.shapes.scales] or [self.scale]
        names = list(self.readings.channels) or names
        return {
            "from": row.from_value,
            "reads": [read.target for read in self.network.graph.reads[row.index]],
            "readers": sorted({read.reader for read in self.network.readers(row.index)}),
            "repeats": clipped(str(row.repeats)),
            "args": self._args(row),
            "channels": {name: self.channels(row.index, name) for name in names},
            "stride": None if stride is None else f"{stride:g}",
            "level": level_of(stride),
        }


def clipped(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def level_of(stride: float | None) -> str:
    """Return P3 for stride 8; nothing for the image's own and for strides that are no power."""
    if stride is None or stride < 2:
        return ""
    power = math.log2(stride)
    return f"P{power:.0f}" if power.is_integer() else ""


def chosen_scale(network: Network, asked: str | None) -> str:
    """Return the scale to label: the one asked for, else the file's own or its first."""
    scales: Sequence[Scale] = network.shapes.scales
    if asked is None:
        return scales[0].name
    if asked not in [scale.name for scale in scales]:
        names = [scale.name for scale in scales]
        raise Refusal(
            "unknown-scale",
            f"{network.document.shown} has no scale {visible_line(asked)[:40]!r}",
            hint=f"its scales are {one_of(names, limit=len(names))}",
        )
    return asked


def depth_of(network: Network, scale: str) -> float:
    settings = network.document.settings
    table = settings.get("scales")
    row = table.get(scale) if isinstance(table, dict) else None
    depth = row[0] if isinstance(row, list) and row else settings.get("depth_multiple", 1.0)
    if row is None and scale in FAMILY:
        depth = _DEPTHS[scale]
    is_number = isinstance(depth, (int, float)) and not isinstance(depth, bool)
    return float(depth) if is_number and 0 < depth < 100 else 1.0


def category(network: Network, row: Row) -> str:
    """Return what a layer is for its colour."""
    kind, name = network.kind(row.module), row.module
    if network.is_head(row.index):
        return "head"
    # The modules of the registry are attention layers; those that YOLO has itself are known.
    is_registered = name in network.kinds and name not in KNOWN
    if is_registered and kind is not None and kind.channels in JOINS:
        return "join"
    if is_registered or name in ATTENTION or "ttention" in name or name in _ATTENTION_BLOCKS:
        return "attention"
    if name.startswith(("SPP", "SimSPP")) or "Pool" in name or name in ("MP", "SP"):
        return "pool"
    if kind is None:
        return "other"
    if kind.stride.startswith("up"):
        return "up"
    if kind.channels in JOINS:
        return "join"
    if kind.channels == "scaled":
        return "conv" if kind.stride != "1" or "Conv" in name else "block"
    return "block"
