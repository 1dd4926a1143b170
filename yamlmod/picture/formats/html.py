"""HTML: one file with every view of the drawing, a table of its layers, and no address."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from yamlmod.picture.drawing import Drawing
from yamlmod.picture.figure import Figure
from yamlmod.picture.formats.svg import attribute, content, inner, num
from yamlmod.picture.geometry import draw_scene
from yamlmod.picture.page.script import SCRIPT
from yamlmod.picture.page.style import style
from yamlmod.picture.page.table import facts_of, table
from yamlmod.picture.scene import Scene, SceneLink
from yamlmod.picture.themes import Theme
from yamlmod.picture.words import words

SUFFIXES = (".html", ".htm")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def write(drawing: Drawing, theme: Theme) -> str:
    """Return a page that works from a file, without a network."""
    lang = drawing.options.lang
    views = list(_views(drawing))
    scenes = [drawing.scene, *drawing.sides[:1]]
    insets = "".join(_insets(drawing, theme))
    title = content(drawing.scene.title)
    lines = [
        "<!DOCTYPE html>",
        f'<html lang="{lang}">',
        "<!-- yamlmod draw -->",
        f'<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
        f'content="{_POLICY}"><meta name="viewport" content="width=device-width">',
        f"<title>{title}</title>",
        f"<style>{style(theme)}</style></head>",
        "<body>",
        f"<header><h1>{title}</h1>{''.join(_buttons(drawing, views))}</header>",
        '<main><div id="stage" tabindex="0">',
        *_figures(views, theme),
        '<div id="tip" role="tooltip" hidden></div></div>',
        f'<aside aria-label="{words("table", lang)}">{table(scenes, drawing)}</aside></main>',
        f"<dialog><button id='close'>{words('close', lang)}</button><div></div></dialog>",
        insets,
        f"<footer>{content(words('keys', lang))}</footer>",
        f'<script type="application/json" id="layers">{_json(facts_of(scenes, lang))}</script>',
        f"<script>{SCRIPT}</script>",
        "</body></html>",
    ]
    return "\n".join(lines) + "\n"


def _views(drawing: Drawing) -> Iterator[tuple[str, Figure]]:
    """Yield the figures of the page; the first is the one that is shown."""
    fold = drawing.options.fold
    main = draw_scene(drawing.scene, fold)
    yield "main", main
    if main.groups:
        yield "open", draw_scene(drawing.scene, False)
    for name, side in zip(("before", "after"), drawing.sides, strict=False):
        yield name, draw_scene(side, fold)


def _figures(views: Sequence[tuple[str, Figure]], theme: Theme) -> Iterator[str]:
    for number, (name, figure) in enumerate(views):
        hidden = " hidden" if number else ""
        yield f'<svg data-view="{name}"{hidden} {_size(figure)}>'
        yield from inner(figure, theme, f"{name}-")
        yield "</svg>"


def _size(figure: Figure) -> str:
    width, height = num(figure.width), num(figure.height)
    return f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'


def _buttons(drawing: Drawing, views: Sequence[tuple[str, Figure]]) -> Iterator[str]:
    lang = drawing.options.lang
    names = {
        "main": "difference" if drawing.sides else "fold",
        "open": "unfold",
        "before": "show before",
        "after": "show after",
    }
    if len(views) > 1:
        for number, (name, _) in enumerate(views):
            pressed = "false" if number else "true"
            word = words(names[name], lang)
            yield f'<button data-view="{name}" aria-pressed="{pressed}">{word}</button>'
    for act, word in (("in", "zoom in"), ("out", "zoom out"), ("fit", "fit")):
        yield f'<button data-act="{act}">{words(word, lang)}</button>'


def _insets(drawing: Drawing, theme: Theme) -> Iterator[str]:
    """Yield a template for each folded group: its layers, drawn with what they read."""
    for scene in (drawing.scene, *drawing.sides):
        for group in draw_scene(scene, drawing.options.fold).groups:
            keys = {box.node.key for box in group.boxes}
            figure = draw_scene(_part(scene, keys, group.texts[0].text), False)
            prefix = f"inset-{group.key}-"
            body = "".join(inner(figure, theme, prefix))
            yield (
                f'<template id="inset-{attribute(group.key)}"><svg {_size(figure)}>{body}</svg>'
                "</template>"
            )
        return  # groups hold no change: those of the other views are the same


def _part(scene: Scene, keys: set[str], title: str) -> Scene:
    """Return the layers of a group as a scene of their own, below what they read."""
    inside = [place for place, node in enumerate(scene.nodes) if node.key in keys]
    reads = {link.source for link in scene.links if link.target in inside} - set(inside)
    order = [*sorted(reads), *inside]
    at = {old: new for new, old in enumerate(order)}
    entry = dict.fromkeys(reads)
    nodes = tuple(
        scene.nodes[old]._replace(category="image") if old in entry else scene.nodes[old]
        for old in order
    )
    links = tuple(
        SceneLink(at[link.source], at[link.target], *link[2:])
        for link in scene.links
        if link.target in inside
    )
    return replace(scene, title=title, nodes=nodes, links=links, notes=())


def _json(value: Any) -> str:
    """Return JSON that cannot end the element it is in."""
    text = json.dumps(value, separators=(",", ":"))
    text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return text.replace("##", "#\\u0023").replace("::", ":\\u003a")
