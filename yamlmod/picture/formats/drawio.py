"""draw.io: connected shapes that can be moved; labels are plain text, never HTML."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.picture.drawing import Drawing
from yamlmod.picture.figure import Figure, GroupBox, Label, LegendItem, Point, Rect, Stroke
from yamlmod.picture.formats.svg import attribute, legend_box, num
from yamlmod.picture.metrics import text_width
from yamlmod.picture.themes import BoxStyle, Theme

SUFFIXES = (".drawio",)
_TEXT = "whiteSpace=wrap;html=0;"


def write(drawing: Drawing, theme: Theme) -> str:
    """Return a draw.io file with one page."""
    figure = drawing.figure
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<mxfile host="yamlmod draw">',
        f'<diagram id="d" name="{attribute(figure.title)}">',
        f'<mxGraphModel dx="0" dy="0" grid="0" page="0" background="{theme.paper}"><root>',
        '<mxCell id="0"/><mxCell id="1" parent="0"/>',
    ]
    parts = figure.children or (((0.0, 0.0), figure),)
    for number, (offset, part) in enumerate(parts):
        lines += _Page(part, theme, f"p{number}-", offset).cells()
    lines += ["</root></mxGraphModel>", "</diagram>", "</mxfile>"]
    return "\n".join(lines) + "\n"


class _Page:
    """The cells of one figure."""

    def __init__(self, figure: Figure, theme: Theme, prefix: str, offset: Point) -> None:
        self.figure, self.theme, self.prefix, self.offset = figure, theme, prefix, offset
        self.rects = {box.node.key: (box.node.key, box.rect) for box in figure.boxes}
        for group in figure.groups:
            for box in group.boxes:
                self.rects[box.node.key] = (group.key, group.rect)

    def cells(self) -> Iterator[str]:
        for number, text in enumerate(
            [*self.figure.texts, *(text for band in self.figure.bands for text in band.label)]
        ):
            yield self._words(text, f"t{number}")
        for number, item in enumerate(self.figure.legend):
            yield self._legend(item, f"l{number}")
            yield self._words(item.text, f"lt{number}")
        for group in self.figure.groups:
            yield from self._group(group)
        for box in self.figure.boxes:
            lines = "\n".join(text.text for text in box.texts)
            style = _box_style(self.theme.of(box), box.node.is_dead)
            yield self._vertex(box.node.key, lines, box.rect, style, box.node.title)
        for number, stroke in enumerate(self.figure.strokes):
            if not stroke.is_shared:
                yield self._edge(stroke, f"e{number}")

    def _legend(self, item: LegendItem, key: str) -> str:
        (x, y), rect = self._moved((item.rect.x, item.rect.y)), item.rect
        if item.kind != "link":
            style = _box_style(legend_box(item, self.theme), item.kind == "dead") + "arcSize=4;"
            return self._vertex(key, "", rect, style, item.text.text)
        style, middle = self._style_of(item.name), y + rect.height / 2
        ends = "".join(
            f'<mxPoint x="{num(at)}" y="{num(middle)}" as="{name}"/>'
            for at, name in ((x, "sourcePoint"), (x + rect.width, "targetPoint"))
        )
        return (
            f'<mxCell id="{self.prefix}{key}" style="{style}" edge="1" parent="1">'
            f'<mxGeometry relative="1" as="geometry">{ends}</mxGeometry></mxCell>'
        )

    def _group(self, group: GroupBox) -> Iterator[str]:
        lines = "\n".join(text.text for text in group.texts)
        style = _box_style(self.theme.box("group")) + "verticalAlign=top;container=1;collapsible=0;"
        style += "fontSize=10;spacingTop=-2;"
        yield self._vertex(group.key, lines, group.rect, style, group.title)
        for box in group.boxes:
            place = Rect(box.rect.x - group.rect.x, box.rect.y - group.rect.y, *box.rect[2:])
            style = _box_style(self.theme.of(box)) + "arcSize=2;"
            yield self._vertex(box.node.key, "", place, style, box.node.title, group.key)
        rects = {box.node.key: box.rect for box in group.boxes}
        for number, stroke in enumerate(group.strokes):
            yield self._inner_edge(stroke, f"{group.key}-e{number}", group, rects)

    def _vertex(
        self, key: str, text: str, rect: Rect, style: str, title: str, parent: str | None = None
    ) -> str:
        x, y = (rect.x, rect.y) if parent else self._moved((rect.x, rect.y))
        above = "1" if parent is None else f"{self.prefix}{parent}"
        return (
            f'<UserObject id="{self.prefix}{attribute(key)}" label="{attribute(text)}" '
            f'tooltip="{attribute(title)}"><mxCell style="{_TEXT}{style}" vertex="1" '
            f'parent="{attribute(above)}"><mxGeometry x="{num(x)}" y="{num(y)}" '
            f'width="{num(rect.width)}" height="{num(rect.height)}" as="geometry"/></mxCell>'
            "</UserObject>"
        )

    def _moved(self, point: Point) -> Point:
        return point[0] + self.offset[0], point[1] + self.offset[1]

    def _words(self, text: Label, key: str) -> str:
        x, y = self._moved((text.x, text.y - text.size))
        width = text_width(text.text, text.size, text.bold) + 4
        style = "text;html=0;strokeColor=none;fillColor=none;align=left;verticalAlign=top;"
        style += f"fontSize={num(text.size)};fontStyle={int(text.bold)};"
        style += f"fontColor={self.theme.text};spacing=0;"
        return (
            f'<mxCell id="{self.prefix}{key}" value="{attribute(text.text)}" style="{style}" '
            f'vertex="1" parent="1"><mxGeometry x="{num(x)}" y="{num(y)}" '
            f'width="{num(width)}" height="16" as="geometry"/></mxCell>'
        )

    def _edge(self, stroke: Stroke, key: str) -> str:
        (source, source_rect), (target, target_rect) = (self.rects[name] for name in stroke.keys)
        points = [self._moved(point) for point in stroke.points[1:-1]]
        style = self._edge_style(stroke) + _ports(stroke, source_rect, target_rect)
        return self._line(key, style, source, target, points, "1")

    def _inner_edge(self, stroke: Stroke, key: str, group: GroupBox, rects: dict[str, Rect]) -> str:
        source_rect, target_rect = (rects[name] for name in stroke.keys)
        points = [(x - group.rect.x, y - group.rect.y) for x, y in stroke.points[1:-1]]
        style = self._edge_style(stroke) + "endSize=2;" + _ports(stroke, source_rect, target_rect)
        return self._line(key, style, *stroke.keys, points, f"{self.prefix}{group.key}")

    def _edge_style(self, stroke: Stroke) -> str:
        return self._style_of(stroke.change)

    def _style_of(self, change: str) -> str:
        line = self.theme.edge_style(change)
        style = "edgeStyle=orthogonalEdgeStyle;rounded=0;endArrow=blockThin;endFill=1;endSize=4;"
        style += f"strokeColor={line.line};strokeWidth={num(line.width)};"
        return style + (f"dashed=1;dashPattern={line.dash};" if line.dash else "")

    def _line(
        self, key: str, style: str, source: str, target: str, points: list[Point], parent: str
    ) -> str:
        corners = "".join(f'<mxPoint x="{num(x)}" y="{num(y)}"/>' for x, y in points)
        array = f'<Array as="points">{corners}</Array>' if points else ""
        return (
            f'<mxCell id="{self.prefix}{attribute(key)}" style="{style}" edge="1" '
            f'parent="{attribute(parent)}" source="{self.prefix}{attribute(source)}" '
            f'target="{self.prefix}{attribute(target)}"><mxGeometry relative="1" as="geometry">'
            f"{array}</mxGeometry></mxCell>"
        )


def _box_style(style: BoxStyle, is_dead: bool = False) -> str:
    words = (
        f"rounded=1;absoluteArcSize=1;arcSize=8;fillColor={style.fill};strokeColor={style.line};"
    )
    words += f"fontColor={style.text};strokeWidth={num(style.width)};fontSize=11;"
    if style.dash:
        words += f"dashed=1;dashPattern={style.dash};"
    if style.is_double:
        words += "shape=ext;double=1;"
    return words + ("fillStyle=hatch;" if is_dead else "")


def _ports(stroke: Stroke, source_rect: Rect, target_rect: Rect) -> str:
    """Return where the line leaves and enters, as parts of the boxes."""
    words = ""
    for name, (x, y), rect in (
        ("exit", stroke.points[0], source_rect),
        ("entry", stroke.points[-1], target_rect),
    ):
        across, down = (x - rect.x) / rect.width, (y - rect.y) / rect.height
        words += f"{name}X={across:.4g};{name}Y={down:.4g};{name}Dx=0;{name}Dy=0;"
    return words
