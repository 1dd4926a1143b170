"""The layers and connections to draw, before any of them has a position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias

from yamlmod.model.document import Row

Lang: TypeAlias = Literal["en", "zh"]
LANGS: tuple[Lang, ...] = ("en", "zh")

# What a layer or a connection is in a difference, and in a check.
ADDED, REMOVED, REPLACED, MOVED, CHANGED = "added", "removed", "replaced", "moved", "changed"
REWIRED, WRONG, RIGHT = "rewired", "wrong", "right"


class SceneLink(NamedTuple):
    """One `from` reference: positions in the scene, the slot, and the numbers in the file."""

    source: int
    target: int
    slot: int
    numbers: tuple[int, int]
    change: str = ""


class SceneNode(NamedTuple):
    """One layer: its number in its own file, the words on it and what it is.

    ``key`` is unique in a scene; ``stride`` is None where it is not known.
    """

    key: str
    number: int
    module: str
    category: str
    lines: tuple[str, ...]
    title: str
    stride: float | None
    is_head: bool = False
    change: str = ""
    is_dead: bool = False
    severity: str = ""
    is_ghost: bool = False
    row: Row | None = None
    facts: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Scene:
    """All that one drawing shows. The first node is the image.

    ``in_file_order``: too few strides are known for rows by stride. ``notes`` go below the drawing.
    """

    title: str
    nodes: tuple[SceneNode, ...]
    links: tuple[SceneLink, ...]
    lang: Lang = "en"
    in_file_order: bool = False
    notes: tuple[str, ...] = ()
