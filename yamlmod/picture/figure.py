"""A drawing as geometry: what every format writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from yamlmod.picture.scene import Lang, SceneNode

Point = tuple[float, float]


class Rect(NamedTuple):
    """An upright rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> Point:
        return self.x + self.width / 2, self.y + self.height / 2


class Label(NamedTuple):
    """A line of text around the point ``x``, ``y`` (its baseline), or from it on."""

    text: str
    x: float
    y: float
    size: float
    bold: bool = False
    anchor: str = "middle"


class Stroke(NamedTuple):
    """One connection: the numbers of its layers and its corners.

    ``is_shared``: the line of another connection, into the same folded layers, shows it as well.
    """

    numbers: tuple[int, int]
    keys: tuple[str, str]
    slot: int
    points: tuple[Point, ...]
    change: str = ""
    is_shared: bool = False


class Box(NamedTuple):
    """One layer with its text."""

    rect: Rect
    node: SceneNode
    texts: tuple[Label, ...]


class GroupBox(NamedTuple):
    """Folded layers: one box that holds a small box for each, with the connections inside."""

    rect: Rect
    key: str
    texts: tuple[Label, ...]
    title: str
    boxes: tuple[Box, ...]
    strokes: tuple[Stroke, ...]


class Band(NamedTuple):
    """The rows of one stride and its label; a line is drawn above all but the first."""

    label: tuple[Label, ...]
    top: float
    bottom: float
    is_first: bool


class LegendItem(NamedTuple):
    """A sample of a box (its category or change) or of a connection, with its text."""

    kind: str
    name: str
    rect: Rect
    text: Label


@dataclass(frozen=True)
class Figure:
    """One drawing. ``children`` are further ones in it, at their offsets."""

    width: float
    height: float
    lang: Lang
    title: str
    boxes: tuple[Box, ...] = ()
    groups: tuple[GroupBox, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    bands: tuple[Band, ...] = ()
    legend: tuple[LegendItem, ...] = ()
    texts: tuple[Label, ...] = ()
    children: tuple[tuple[Point, Figure], ...] = field(default=())
