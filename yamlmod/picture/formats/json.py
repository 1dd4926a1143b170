"""JSON: the geometry and the facts behind it, for other programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from yamlmod.picture.drawing import Drawing
from yamlmod.picture.figure import Box, Figure, Label, Rect, Stroke
from yamlmod.picture.themes import Theme

SUFFIXES = (".json",)


def write(drawing: Drawing, theme: Theme) -> str:
    """Return the drawing as one JSON object, in ASCII."""
    data = {"made_by": "yamlmod draw", "scale": drawing.scale, **_figure(drawing.figure)}
    text = json.dumps(data, indent=1).replace("\x7f", "\\u007f")
    return text.replace("##", "#\\u0023").replace("::", ":\\u003a") + "\n"


def _figure(figure: Figure) -> dict[str, Any]:
    if figure.children:
        parts = [{"x": x, "y": y, **_figure(child)} for (x, y), child in figure.children]
        return {"title": figure.title, "width": figure.width, "height": figure.height} | {
            "parts": parts
        }
    return {
        "title": figure.title,
        "width": round(figure.width, 2),
        "height": round(figure.height, 2),
        "layers": list(_layers(figure)),
        "edges": [_edge(stroke, None) for stroke in figure.strokes]
        + [_edge(stroke, group.key) for group in figure.groups for stroke in group.strokes],
        "groups": [
            {"key": g.key, "label": _lines(g.texts), "layers": _numbers(g.boxes), **_place(g.rect)}
            for g in figure.groups
        ],
        "rows": [
            {
                "label": _lines(band.label),
                "top": round(band.top, 2),
                "bottom": round(band.bottom, 2),
            }
            for band in figure.bands
        ],
        "notes": [text.text for text in figure.texts[1:]],
    }


def _layers(figure: Figure) -> Iterator[dict[str, Any]]:
    for box in figure.boxes:
        yield _layer(box, None)
    for group in figure.groups:
        yield from (_layer(box, group.key) for box in group.boxes)


def _layer(box: Box, group: str | None) -> dict[str, Any]:
    node = box.node
    return {
        "key": node.key,
        "index": node.number,
        "module": node.module,
        "category": node.category,
        "label": list(node.lines),
        "change": node.change or None,
        "is_ghost": node.is_ghost,
        "is_dead": node.is_dead,
        "severity": node.severity or None,
        "group": group,
        **_place(box.rect),
        **{name: value for name, value in node.facts.items() if name != "level"},
    }


def _edge(stroke: Stroke, group: str | None) -> dict[str, Any]:
    return {
        "from": stroke.numbers[0],
        "to": stroke.numbers[1],
        "slot": stroke.slot,
        "keys": list(stroke.keys),
        "change": stroke.change or None,
        "group": group,
        "points": [[round(x, 2), round(y, 2)] for x, y in stroke.points],
    }


def _place(rect: Rect) -> dict[str, float]:
    names = ("x", "y", "width", "height")
    return {name: round(value, 2) for name, value in zip(names, rect, strict=True)}


def _numbers(boxes: Sequence[Box]) -> list[int]:
    return [box.node.number for box in boxes]


def _lines(texts: Sequence[Label]) -> list[str]:
    return [text.text for text in texts]
