"""Sizes of boxes and the text and small boxes in them."""

from __future__ import annotations

from collections.abc import Sequence

from yamlmod.picture.figure import Box, GroupBox, Label, Rect, Stroke
from yamlmod.picture.folding import group_name
from yamlmod.picture.metrics import shortened, text_width
from yamlmod.picture.scene import Scene, SceneLink, SceneNode

BASE = 33.0
FIRST, SECOND = 12.0, 10.0
_PAD = 9.0
_NARROWEST, _WIDEST = 92.0, 300.0
_CHIP, _CHIP_GAP, _ARC = 8.0, 4.0, 3.0
_LINES = 30.0


def node_width(node: SceneNode) -> float:
    return _bounded(max(text_width(t, s, b) for t, s, b in _styled(node.lines)))


def _bounded(width: float) -> float:
    return min(max(width + 2 * _PAD, _NARROWEST), _WIDEST)


def _styled(lines: Sequence[str]) -> list[tuple[str, float, bool]]:
    sizes = ((FIRST, True), *(((SECOND, False),) * (len(lines) - 1)))
    return [(line, size, bold) for line, (size, bold) in zip(lines, sizes, strict=True)]


def box_texts(lines: Sequence[str], rect: Rect, top: float | None = None) -> tuple[Label, ...]:
    """Return the lines, cut to the width of the box; in its middle, or from ``top`` on."""
    x, middle = rect.middle
    start = middle - 6.5 * (len(lines) - 1) if top is None else top + 11
    texts = []
    for place, (line, size, bold) in enumerate(_styled(lines)):
        text = shortened(line, rect.width - _PAD, size, bold)
        texts.append(Label(text, x, start + 13 * place + size * 0.36, size, bold))
    return tuple(texts)


def layer_box(node: SceneNode, rect: Rect) -> Box:
    return Box(rect, node, box_texts(node.lines, rect))


class Group:
    """Folded layers: their words, and the arcs that join the small boxes."""

    def __init__(self, scene: Scene, nodes: Sequence[int]) -> None:
        self.scene, self.nodes = scene, nodes
        place = {node: at for at, node in enumerate(nodes)}
        self.links = [
            (place[link.source], place[link.target], link)
            for link in scene.links
            if link.source in place and link.target in place
        ]
        self.levels = _levels(self.links)
        first, last = scene.nodes[nodes[0]], scene.nodes[nodes[-1]]
        self.key = f"{first.key}-{last.key}"
        self.lines = (f"{first.number}–{last.number}  {group_name(scene, nodes)}", *last.lines[1:])

    @property
    def width(self) -> float:
        chips = len(self.nodes) * (_CHIP + _CHIP_GAP) - _CHIP_GAP
        words = max(text_width(t, s, b) for t, s, b in _styled(self.lines))
        return max(_bounded(words), chips + 2 * _PAD)

    @property
    def height(self) -> float:
        return _LINES + self._arcs + _CHIP + 8

    @property
    def _arcs(self) -> float:
        return _ARC * (max(self.levels.values(), default=0) + 1) + 2

    def box(self, rect: Rect) -> GroupBox:
        chips = len(self.nodes) * (_CHIP + _CHIP_GAP) - _CHIP_GAP
        left = rect.middle[0] - chips / 2
        top = rect.y + _LINES + self._arcs
        rects = [
            Rect(left + place * (_CHIP + _CHIP_GAP), top, _CHIP, _CHIP)
            for place in range(len(self.nodes))
        ]
        nodes = [self.scene.nodes[node] for node in self.nodes]
        boxes = tuple(Box(rects[place], node, ()) for place, node in enumerate(nodes))
        title = "\n".join(f"{node.number} {node.module}" for node in nodes)
        strokes = tuple(self._strokes(rects))
        texts = box_texts(self.lines, rect, rect.y)
        return GroupBox(rect, self.key, texts, title, boxes, strokes)

    def _strokes(self, rects: Sequence[Rect]) -> list[Stroke]:
        ports = _ports(self.links)
        strokes = []
        for number, (a, b, link) in enumerate(self.links):
            source_rect, target_rect = rects[a], rects[b]
            if number not in self.levels:
                points = (
                    (source_rect.right, source_rect.middle[1]),
                    (target_rect.x, target_rect.middle[1]),
                )
            else:
                x1, x2 = _port(source_rect, ports[a], number), _port(target_rect, ports[b], number)
                y = source_rect.y - 2 - _ARC * self.levels[number]
                points = ((x1, source_rect.y), (x1, y), (x2, y), (x2, target_rect.y))  # type: ignore[assignment]
            keys = (self.scene.nodes[link.source].key, self.scene.nodes[link.target].key)
            strokes.append(Stroke(link.numbers, keys, link.slot, points, link.change))
        return strokes


def _ports(links: Sequence[tuple[int, int, SceneLink]]) -> dict[int, list[int]]:
    """Return the arcs at each small box from left to right: those that end, then those that go."""
    ports: dict[int, list[tuple[bool, int, int]]] = {}
    for number, (a, b, _) in enumerate(links):
        # The nearest source ends leftmost and the farthest target leaves leftmost: no crossing.
        ports.setdefault(a, []).append((True, -b, number))
        ports.setdefault(b, []).append((False, -a, number))
    return {box: [number for *_, number in sorted(ends)] for box, ends in ports.items()}


def _port(rect: Rect, numbers: Sequence[int], number: int) -> float:
    return rect.x + rect.width * (numbers.index(number) + 1) / (len(numbers) + 1)


def _levels(links: Sequence[tuple[int, int, SceneLink]]) -> dict[int, int]:
    """Return how high each arc is; neighbours are joined straight, once."""
    levels: dict[int, int] = {}
    straight: set[tuple[int, int]] = set()
    order = sorted(range(len(links)), key=lambda n: (links[n][1] - links[n][0], links[n][0], n))
    for number in order:
        a, b, _ = links[number]
        if b - a == 1 and (a, b) not in straight:
            straight.add((a, b))
            continue
        meeting = {
            level
            for other, level in levels.items()
            if links[other][0] <= b and a <= links[other][1]
        }
        levels[number] = next(level for level in range(len(meeting) + 1) if level not in meeting)
    return levels
