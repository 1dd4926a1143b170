"""Mermaid: a flowchart that Git hosts render; the layout is Mermaid's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from yamlmod.picture.drawing import Drawing
from yamlmod.picture.figure import Box, Figure, GroupBox, Stroke
from yamlmod.picture.themes import BoxStyle, Theme

SUFFIXES = (".mmd", ".mermaid")
_SPECIAL = re.compile(r"[^\w .,()+/×·…–→-]")


def write(drawing: Drawing, theme: Theme) -> str:
    """Return a flowchart."""
    lines = ["%% yamlmod draw", "flowchart TB"]
    figure = drawing.figure
    parts = [child for _, child in figure.children] or [figure]
    strokes: list[Stroke] = []
    for number, part in enumerate(parts):
        prefix = f"p{number}" if len(parts) > 1 else "n"
        if len(parts) > 1:
            lines.append(f'  subgraph {prefix}["{label([part.title])}"]')
        lines += _part(part, prefix)
        if len(parts) > 1:
            lines.append("  end")
        strokes += [stroke for stroke in part.strokes if not stroke.is_shared]
    lines += _styles(parts, theme)
    for number, stroke in enumerate(strokes):
        if stroke.change:
            style = theme.edge_style(stroke.change)
            dash = f",stroke-dasharray:{style.dash}" if style.dash else ""
            line = f"stroke:{style.line},stroke-width:{style.width:g}px{dash}"
            lines.append(f"  linkStyle {number} {line}")
    return "\n".join(lines) + "\n"


def _part(figure: Figure, prefix: str) -> Iterator[str]:
    owner = {box.node.key: f"{prefix}{box.node.key}" for box in figure.boxes}
    for group in figure.groups:
        owner |= {box.node.key: f"{prefix}{_id(group.key)}" for box in group.boxes}
    for box in figure.boxes:
        lines = [*box.node.lines]
        name = f"{prefix}{box.node.key}"
        yield f'  {name}["{label(lines)}"]:::{_class(box)}'
    for group in figure.groups:
        name = f"{prefix}{_id(group.key)}"
        yield f'  {name}[["{label([text.text for text in group.texts])}"]]:::group'
    for stroke in figure.strokes:
        if not stroke.is_shared:
            source, target = (owner[key] for key in stroke.keys)
            yield f"  {source} --> {target}"


def _id(key: str) -> str:
    return "g" + key.replace("-", "_")


def _class(box: Box) -> str:
    node = box.node
    if node.is_ghost:
        return "removed"
    if node.is_dead:
        return "dead"
    return node.change or node.severity or node.category


def _styles(figures: Iterable[Figure], theme: Theme) -> Iterator[str]:
    names: dict[str, BoxStyle] = {}
    for figure in figures:
        for box in figure.boxes:
            names.setdefault(_class(box), theme.of(box))
        groups: tuple[GroupBox, ...] = figure.groups
        if groups:
            names.setdefault("group", theme.box("group"))
    for name, style in names.items():
        dash = f",stroke-dasharray:{style.dash}" if style.dash else ""
        if name == "dead":
            dash = ",stroke-dasharray:2 2"
        yield (
            f"  classDef {name} fill:{style.fill},stroke:{style.line},color:{style.text},"
            f"stroke-width:{style.width:g}px{dash}"
        )


def label(lines: Iterable[str]) -> str:
    """Return the lines as a quoted label; what is not plain is a numbered entity."""
    return "<br/>".join(_SPECIAL.sub(lambda match: f"#{ord(match[0])};", line) for line in lines)
