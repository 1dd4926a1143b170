"""Put the findings of a check on a scene: wrong connections, dead layers, marked boxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from yamlmod.picture.scene import RIGHT, WRONG, Scene, SceneLink, SceneNode
from yamlmod.picture.words import words
from yamlmod.safe_text import visible_line

_MOST_NOTES = 12
_ORDER = ("error", "warning", "note")


@dataclass(frozen=True)
class LayerMark:
    """What was found about a layer, in sentences; the worst of it."""

    severity: str
    messages: tuple[str, ...]


@dataclass(frozen=True)
class Marks:
    """Findings by place. ``right`` gives the layer that each wrong reference should read.

    References are (layer, slot). ``lines`` are all findings, for the notes.
    """

    right: Mapping[tuple[int, int], int] = field(default_factory=dict)
    dead: frozenset[int] = frozenset()
    layers: Mapping[int, LayerMark] = field(default_factory=dict)
    lines: tuple[str, ...] = ()


def marked(scene: Scene, marks: Marks) -> Scene:
    """Return the scene with the findings on it."""
    links: list[SceneLink] = []
    for link in scene.links:
        reader = link.numbers[1]
        if link.change != "removed" and (reader, link.slot) in marks.right:
            link = link._replace(change=WRONG)
        links.append(link)
    place = {node.number: at for at, node in enumerate(scene.nodes) if not node.is_ghost}
    for (reader, slot), target in sorted(marks.right.items()):
        if target in place and reader in place:
            ends = place[target], place[reader]
            links.append(SceneLink(*ends, slot, (target, reader), RIGHT))
    links.sort(key=lambda link: (link.target, link.slot, link.change == RIGHT))
    lines = marks.lines[:_MOST_NOTES]
    if len(marks.lines) > _MOST_NOTES:
        lines += (words("more", scene.lang, len(marks.lines) - _MOST_NOTES),)
    notes = tuple(map(visible_line, lines)) or (words("no findings", scene.lang),)
    return replace(
        scene,
        nodes=tuple(_node(node, marks) for node in scene.nodes),
        links=tuple(links),
        notes=(*scene.notes, *notes),
    )


def _node(node: SceneNode, marks: Marks) -> SceneNode:
    if node.is_ghost or node.row is None:
        return node
    mark = marks.layers.get(node.number)
    is_dead = node.number in marks.dead
    if mark is None:
        return node._replace(is_dead=is_dead)
    title = "\n".join([node.title, *map(visible_line, mark.messages)])
    facts = {**node.facts, "findings": [visible_line(text) for text in mark.messages]}
    return node._replace(is_dead=is_dead, severity=mark.severity, title=title, facts=facts)


def worst(severities: list[str]) -> str:
    return min(severities, key=_ORDER.index)
