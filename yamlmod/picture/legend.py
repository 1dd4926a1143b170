"""Legend and notes, below the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from yamlmod.picture.figure import GroupBox, Label, LegendItem, Rect
from yamlmod.picture.metrics import shortened, text_width
from yamlmod.picture.scene import (
    ADDED,
    CHANGED,
    MOVED,
    REMOVED,
    REPLACED,
    REWIRED,
    RIGHT,
    WRONG,
    Scene,
)
from yamlmod.picture.words import words

_SIZE = 10.0
_SAMPLE, _LINE = 20.0, 18.0
_CATEGORIES = ("conv", "block", "pool", "attention", "up", "join", "head", "other")
_LAYER_CHANGES = (ADDED, REMOVED, REPLACED, MOVED, CHANGED)
_LINK_CHANGES = (ADDED, REMOVED, REWIRED, WRONG, RIGHT)


class Below(NamedTuple):
    """What is below the drawing, and where it ends."""

    items: tuple[LegendItem, ...]
    texts: tuple[Label, ...]
    bottom: float
    width: float

    def fitted(self, text: Label) -> Label:
        """Return a text that is not wider than the drawing."""
        room = self.width - 2 * text.x
        return text._replace(text=shortened(text.text, room, text.size, text.bold))


def below(scene: Scene, groups: Sequence[GroupBox], width: float, top: float) -> Below:
    """Place the legend of what occurs in the scene, then its notes."""
    margin = 12.0
    x, y = margin, top
    items: list[LegendItem] = []
    for kind, name, text in _samples(scene, bool(groups)):
        room = _SAMPLE + 6 + text_width(text, _SIZE) + 14
        if items and x + room > width - margin:
            x, y = margin, y + _LINE
        rect = Rect(x, y, _SAMPLE, 12.0)
        label = Label(text, x + _SAMPLE + 6, y + 10, _SIZE, False, "start")
        items.append(LegendItem(kind, name, rect, label))
        x += room
    if items:
        y += _LINE + 4
    texts = []
    for note in scene.notes:
        for line in _wrapped(note, width - 2 * margin):
            texts.append(Label(line, margin, y + 9, _SIZE, False, "start"))
            y += 14
    return Below(tuple(items), tuple(texts), y, width)


def _samples(scene: Scene, has_groups: bool) -> list[tuple[str, str, str]]:
    lang = scene.lang
    categories = {node.category for node in scene.nodes if not node.change}
    samples = [("category", name, words(name, lang)) for name in _CATEGORIES if name in categories]
    if has_groups:
        samples.append(("group", "group", words("group", lang)))
    changes = {node.change for node in scene.nodes}
    samples += [("layer", name, words(name, lang)) for name in _LAYER_CHANGES if name in changes]
    severities = {node.severity for node in scene.nodes}
    samples += [
        ("severity", name, words(name, lang))
        for name in ("error", "warning", "note")
        if name in severities
    ]
    if any(node.is_dead for node in scene.nodes):
        samples.append(("dead", "dead", words("dead", lang)))
    links = {link.change for link in scene.links}
    return samples + [
        ("link", name, words(name, lang))
        for name in _LINK_CHANGES
        if name in links and not (name in (ADDED, REMOVED) and name in changes)
    ]


def _wrapped(text: str, width: float) -> list[str]:
    """Break a note into lines, between words where there are any."""
    lines = [""]
    for word in _pieces(text):
        if lines[-1] and text_width(lines[-1] + word.rstrip(), _SIZE) > width:
            lines.append("")
        lines[-1] += word
    return [shortened(line.strip(), width, _SIZE) for line in lines][:6]


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for word in text[:1000].split(" "):
        wide = [sign for sign in word if ord(sign) > 0x2E7F]
        pieces += [*word[:-1], word[-1:] + " "] if wide else [word + " "]
    return pieces
