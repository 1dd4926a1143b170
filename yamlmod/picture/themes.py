"""Colours and line styles; a change is told apart by both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from yamlmod.picture.figure import Box


class BoxStyle(NamedTuple):
    """Fill, border and text of a box. ``dash`` is empty for a full line."""

    fill: str
    line: str
    text: str
    width: float = 1.0
    dash: str = ""
    is_double: bool = False


class LineStyle(NamedTuple):
    """Colour, width and dash of a connection."""

    line: str
    width: float = 1.2
    dash: str = ""


class Theme(NamedTuple):
    """One set of colours. ``fills`` are by category, ``changes`` by what a layer or link is."""

    name: str
    paper: str
    text: str
    muted: str
    rule: str
    edge: str
    fills: Mapping[str, tuple[str, str]]
    changes: Mapping[str, str]
    soft: Mapping[str, str]

    def box(self, category: str, change: str = "", severity: str = "") -> BoxStyle:
        fill, line = self.fills.get(category, self.fills["other"])
        style = BoxStyle(fill, line, self.text)
        if severity in ("error", "warning", "note"):
            dash = {"error": "", "warning": "6 2", "note": "2 2"}[severity]
            style = style._replace(line=self.changes[severity], width=2.2, dash=dash)
        if not change:
            return style
        line, fill = self.changes[change], self.soft[change]
        text = self.muted if change == "removed" else self.text
        width, dash, is_double = _BOXES[change]
        return BoxStyle(fill, line, text, width, dash, is_double)

    def edge_style(self, change: str) -> LineStyle:
        if not change:
            return LineStyle(self.edge)
        width, dash = _EDGES[change]
        return LineStyle(self.changes[change], width, dash)

    def of(self, box: Box) -> BoxStyle:
        if box.node.is_ghost:
            ghost = self.box(box.node.category, "removed")
            return ghost._replace(line=self.changes[box.node.change])
        return self.box(box.node.category, box.node.change, box.node.severity)


_BOXES: Mapping[str, tuple[float, str, bool]] = {
    "added": (2.4, "", False),
    "removed": (1.4, "4 3", False),
    "replaced": (1.2, "", True),
    "moved": (2.0, "9 3 2 3", False),
    "changed": (1.8, "1.5 2.5", False),
}
_EDGES: Mapping[str, tuple[float, str]] = {
    "added": (2.2, ""),
    "removed": (1.2, "4 3"),
    "rewired": (2.2, "9 3 2 3"),
    "wrong": (2.4, ""),
    "right": (1.8, "6 3"),
}
# Okabe and Ito's palette, which colour-blind readers can tell apart.
_CHANGES = {
    "added": "#007a59",
    "removed": "#8a8a8a",
    "replaced": "#0072b2",
    "moved": "#a8487f",
    "changed": "#b07400",
    "rewired": "#d55e00",
    "wrong": "#c00000",
    "right": "#007a59",
    "error": "#c00000",
    "warning": "#d55e00",
    "note": "#0072b2",
}
_LIGHT_CHANGES = {
    "added": "#3fd0a4",
    "removed": "#8b93a0",
    "replaced": "#6fbdf2",
    "moved": "#e79bc6",
    "changed": "#e8b93c",
    "rewired": "#ff9a4d",
    "wrong": "#ff6b6b",
    "right": "#3fd0a4",
    "error": "#ff6b6b",
    "warning": "#ff9a4d",
    "note": "#6fbdf2",
}
_SOFT = {
    "added": "#d8f3ea",
    "removed": "#ffffff",
    "replaced": "#d9ecf8",
    "moved": "#f8e4ef",
    "changed": "#fbf0d5",
}
_PLAIN = ("conv", "block", "pool", "attention", "up", "join", "head", "other", "image", "group")

COLOR = Theme(
    "color", "#ffffff", "#1c2330", "#5b6472", "#d4d8df", "#5b6472",
    {
        "conv": ("#e3edf8", "#7f9fc4"),
        "block": ("#e4f2e3", "#7fb07c"),
        "pool": ("#fdf1d6", "#cba452"),
        "attention": ("#f6e0ec", "#c07fa4"),
        "up": ("#e0f2f3", "#68aab0"),
        "join": ("#efeff2", "#9aa0ab"),
        "head": ("#fbe3da", "#cf8568"),
        "other": ("#ffffff", "#8a8f99"),
        "image": ("#ffffff", "#5b6472"),
        "group": ("#f4f6f9", "#7f8aa0"),
    },
    _CHANGES, _SOFT,
)  # fmt: skip
MONO = Theme(
    "mono", "#ffffff", "#000000", "#444444", "#bbbbbb", "#333333",
    {
        **dict.fromkeys(_PLAIN, ("#ffffff", "#000000")),
        "up": ("#f4f4f4", "#000000"),
        "join": ("#e9e9e9", "#000000"),
        "block": ("#dcdcdc", "#000000"),
        "pool": ("#cdcdcd", "#000000"),
        "attention": ("#b9b9b9", "#000000"),
        "head": ("#dcdcdc", "#000000"),
    },
    {**dict.fromkeys(_CHANGES, "#000000"), "removed": "#777777"},
    {**dict.fromkeys(_SOFT, "#ffffff"), "added": "#dddddd"},
)  # fmt: skip
DARK = Theme(
    "dark", "#14181f", "#e8ebf0", "#98a1b0", "#2c3440", "#8d97a6",
    {
        "conv": ("#1d3048", "#5f8cbd"),
        "block": ("#1e3a24", "#63a068"),
        "pool": ("#40341a", "#c29d4b"),
        "attention": ("#43243a", "#c27fab"),
        "up": ("#173a3d", "#55a4ab"),
        "join": ("#2a303a", "#7f8896"),
        "head": ("#462a20", "#cf8568"),
        "other": ("#14181f", "#98a1b0"),
        "image": ("#14181f", "#98a1b0"),
        "group": ("#1c222c", "#7f8aa0"),
    },
    _LIGHT_CHANGES,
    {
        "added": "#10382d",
        "removed": "#14181f",
        "replaced": "#12324a",
        "moved": "#43243a",
        "changed": "#40341a",
    },
)  # fmt: skip
THEMES = {theme.name: theme for theme in (COLOR, MONO, DARK)}
