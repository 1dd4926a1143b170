"""SVG: text as text, one group for each layer, one path for each connection."""

from __future__ import annotations

import re
from collections.abc import Iterator

from yamlmod.picture.drawing import Drawing
from yamlmod.picture.figure import Box, Figure, GroupBox, Label, LegendItem, Point, Rect, Stroke
from yamlmod.picture.metrics import text_width
from yamlmod.picture.themes import BoxStyle, LineStyle, Theme
from yamlmod.safe_text import visible_line

SUFFIXES = (".svg",)
_FONT = "sans-serif"
_INVALID = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CHANGES = ("", "added", "removed", "rewired", "wrong", "right")


def write(drawing: Drawing, theme: Theme) -> str:
    """Return a whole SVG file."""
    figure = drawing.figure
    size = f'width="{num(figure.width)}" height="{num(figure.height)}"'
    view = f'viewBox="0 0 {num(figure.width)} {num(figure.height)}"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<!-- yamlmod draw -->",
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view} font-family="{_FONT}"'
        f' role="img" aria-label="{attribute(figure.title)}">',
        *inner(figure, theme),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def inner(figure: Figure, theme: Theme, prefix: str = "") -> Iterator[str]:
    """Yield what is inside the `svg` element; ``prefix`` keeps ids apart within one page."""
    yield f"<title>{content(figure.title)}</title>"
    yield from _definitions(figure, theme, prefix)
    yield (
        f'<rect class="paper" width="{num(figure.width)}" height="{num(figure.height)}" '
        f'fill="{theme.paper}"/>'
    )
    yield from _content(figure, theme, prefix)


def _content(figure: Figure, theme: Theme, prefix: str) -> Iterator[str]:
    for band in figure.bands:
        if not band.is_first:
            yield (
                f'<line class="band" x1="12" x2="{num(figure.width - 12)}" y1="{num(band.top)}" '
                f'y2="{num(band.top)}" stroke="{theme.rule}" stroke-dasharray="2 4"/>'
            )
        yield from (_text(text, theme.muted) for text in band.label)
    # Connections that are part of a change are drawn over the others.
    for stroke in sorted(figure.strokes, key=lambda s: _CHANGES.index(s.change)):
        yield _path(stroke, theme, prefix)
    for group in figure.groups:
        yield from _group(group, theme, prefix)
    for box in figure.boxes:
        yield from _box(box, theme, prefix)
    for text in figure.texts:
        yield _text(text, theme.text)
    for item in figure.legend:
        yield from _legend(item, theme, prefix)
    for (x, y), child in figure.children:
        yield f'<g class="part" transform="translate({num(x)} {num(y)})">'
        yield from _content(child, theme, prefix)
        yield "</g>"


def _definitions(figure: Figure, theme: Theme, prefix: str) -> Iterator[str]:
    figures = [figure, *(child for _, child in figure.children)]
    changes = {stroke.change for part in figures for stroke in part.strokes} | {""}
    is_hatched = any(box.node.is_dead for part in figures for box in part.boxes)
    yield "<defs>"
    for change in sorted(changes, key=_CHANGES.index):
        color = theme.edge_style(change).line
        yield (
            f'<marker id="{prefix}arrow-{change or "plain"}" viewBox="0 0 8 8" refX="7" refY="4" '
            'markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto">'
            f'<path d="M0 1L8 4L0 7z" fill="{color}"/></marker>'
        )
    if is_hatched:
        yield _hatch(theme, prefix)
    yield "</defs>"


def _hatch(theme: Theme, prefix: str) -> str:
    return (
        f'<pattern id="{prefix}hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="6" '
        f'stroke="{theme.changes["error"]}" stroke-width="1.2" stroke-opacity="0.55"/></pattern>'
    )


def _path(stroke: Stroke, theme: Theme, prefix: str, width: float | None = None) -> str:
    style = theme.edge_style(stroke.change)
    if stroke.is_shared:
        style = style._replace(line="none")
    source, target = stroke.numbers
    arrow = (
        ""
        if width or stroke.is_shared
        else f' marker-end="url(#{prefix}arrow-{stroke.change or "plain"})"'
    )
    change = f' data-change="{stroke.change}"' if stroke.change else ""
    return (
        f'<path class="edge" data-from="{source}" data-to="{target}"{change} '
        f'd="{_way(stroke.points)}" fill="none" {_line(style, width)}{arrow}/>'
    )


def _way(points: tuple[Point, ...]) -> str:
    return "M" + " L".join(f"{num(x)} {num(y)}" for x, y in points)


def _line(style: LineStyle, width: float | None = None) -> str:
    dash = f' stroke-dasharray="{style.dash}"' if style.dash else ""
    return f'stroke="{style.line}" stroke-width="{num(width or style.width)}"{dash}'


def _frame(rect: Rect, style: BoxStyle, radius: float = 4.0) -> str:
    dash = f' stroke-dasharray="{style.dash}"' if style.dash else ""
    return (
        f'<rect {_place(rect)} rx="{num(radius)}" fill="{style.fill}" stroke="{style.line}" '
        f'stroke-width="{num(style.width)}"{dash}/>'
    )


def _place(rect: Rect) -> str:
    x, y, width, height = map(num, rect)
    return f'x="{x}" y="{y}" width="{width}" height="{height}"'


def _box(box: Box, theme: Theme, prefix: str, radius: float = 4.0) -> Iterator[str]:
    node, style = box.node, theme.of(box)
    data = "" if not node.change else f' data-change="{node.change}"'
    data += f' data-severity="{node.severity}"' if node.severity else ""
    data += ' data-dead="true"' if node.is_dead else ""
    kind = "image" if node.category == "image" else "layer"
    kind += " ghost" if node.is_ghost else ""
    data = f'data-layer="{node.number}" data-module="{attribute(visible_line(node.module))}"{data}'
    yield f'<g class="{kind}" {data}>'
    yield _frame(box.rect, style, radius)
    if style.is_double and radius > 2:
        x, y, width, height = box.rect
        yield (
            f'<rect {_place(Rect(x + 3, y + 3, width - 6, height - 6))} rx="2.5" fill="none" '
            f'stroke="{style.line}" stroke-width="1"/>'
        )
    if node.is_dead:
        yield f'<rect {_place(box.rect)} rx="{num(radius)}" fill="url(#{prefix}hatch)"/>'
        yield from (f'<rect {_place(_behind(text))} fill="{style.fill}"/>' for text in box.texts)
    yield f"<title>{content(node.title)}</title>"
    for number, text in enumerate(box.texts):
        yield _text(text, style.text if number == 0 else theme.muted)
    yield "</g>"


def _behind(text: Label) -> Rect:
    """Return a clear place for a text on hatching."""
    width = text_width(text.text, text.size, text.bold) + 4
    return Rect(text.x - width / 2, text.y - text.size, width, text.size * 1.3)


def _group(group: GroupBox, theme: Theme, prefix: str) -> Iterator[str]:
    style = theme.box("group")
    yield f'<g class="group" data-layers="{attribute(group.key)}">'
    yield _frame(group.rect, style)
    yield f"<title>{content(group.title)}</title>"
    for number, text in enumerate(group.texts):
        yield _text(text, style.text if number == 0 else theme.muted)
    yield from (_path(stroke, theme, prefix, 0.8) for stroke in group.strokes)
    for box in group.boxes:
        yield from _box(box, theme, prefix, 1.5)
    yield "</g>"


def _text(text: Label, color: str) -> str:
    weight = ' font-weight="bold"' if text.bold else ""
    anchor = f' text-anchor="{text.anchor}"' if text.anchor != "start" else ""
    return (
        f'<text x="{num(text.x)}" y="{num(text.y)}" font-size="{num(text.size)}"{weight}{anchor} '
        f'fill="{color}">{content(text.text)}</text>'
    )


def _legend(item: LegendItem, theme: Theme, prefix: str) -> Iterator[str]:
    yield '<g class="legend">'
    if item.kind == "link":
        x, y = item.rect.x, item.rect.middle[1]
        style = theme.edge_style(item.name)
        yield (
            f'<path d="M{num(x)} {num(y)} L{num(item.rect.right)} {num(y)}" fill="none" '
            f'{_line(style)} marker-end="url(#{prefix}arrow-{item.name})"/>'
        )
    else:
        style_ = legend_box(item, theme)
        yield _frame(item.rect, style_, 2.0)
        if style_.is_double:
            x, y, width, height = item.rect
            yield (
                f'<rect {_place(Rect(x + 2.5, y + 2.5, width - 5, height - 5))} fill="none" '
                f'stroke="{style_.line}" stroke-width="1"/>'
            )
        if item.kind == "dead":
            yield f'<rect {_place(item.rect)} fill="url(#{prefix}hatch)"/>'
    yield _text(item.text, theme.text)
    yield "</g>"


def legend_box(item: LegendItem, theme: Theme) -> BoxStyle:
    """Return the style of a sample."""
    if item.kind in ("category", "group"):
        return theme.box(item.name)
    if item.kind == "layer":
        return theme.box("other", item.name)
    return theme.box("other", severity=item.name)


def num(value: float) -> str:
    """Return a coordinate with at most two decimals."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def content(text: str) -> str:
    return _without_command(_escaped(text))


def attribute(text: str) -> str:
    return _without_command(_escaped(text).replace('"', "&quot;").replace("\n", "&#10;"))


def _without_command(text: str) -> str:
    """Return text that no CI service takes for a command where it reads the output."""
    return text.replace("##", "#&#35;").replace("::", ":&#58;")


def _escaped(text: str) -> str:
    """Return text as XML, without what XML 1.0 has no way to hold."""
    text = _INVALID.sub("\ufffd", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
