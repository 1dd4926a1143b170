"""TikZ: a file that compiles alone (pdflatex, xelatex, lualatex) and can be included."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.picture.drawing import Drawing
from yamlmod.picture.figure import Box, Figure, GroupBox, Label, LegendItem, Rect, Stroke
from yamlmod.picture.formats.svg import legend_box, num
from yamlmod.picture.themes import BoxStyle, LineStyle, Theme

SUFFIXES = (".tex", ".tikz")
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "'": r"\textquotesingle{}",
    "-": "{-}",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "–": r"\textendash{}",
    "…": r"\ldots{}",
    "→": r"$\to$",
}
_HEAD = r"""% yamlmod draw
% Compile it, or include it: \usepackage{standalone} and \input{FILE}.
\documentclass[tikz,border=2pt]{standalone}
\usepackage[T1]{fontenc}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage{textcomp}
\usepackage{iftex}
\usetikzlibrary{patterns}
"""
# pdfTeX has no CJK fonts of its own; XeTeX and LuaTeX take what the system has.
_CJK = r"""\ifpdftex
\IfFileExists{CJKutf8.sty}{\usepackage{CJKutf8}
\newcommand{\yamlmodcjk}[1]{\begin{CJK*}{UTF8}{gbsn}#1\end{CJK*}}}{\newcommand{\yamlmodcjk}[1]{?}}
\else
\IfFileExists{ctex.sty}{\usepackage{ctex}}{}
\newcommand{\yamlmodcjk}[1]{#1}
\fi
"""


def write(drawing: Drawing, theme: Theme) -> str:
    """Return a document with one figure."""
    figure = drawing.figure
    body = list(_Tikz(theme).lines(figure))
    uses_cjk = any("\\yamlmodcjk" in line for line in body)
    colors = _Tikz.colors
    return (
        _HEAD
        + (_CJK if uses_cjk else "")
        + "\\begin{document}\n"
        + "\\begin{tikzpicture}[x=0.75bp,y=-0.75bp,inner sep=0,font=\\sffamily]\n"
        + "".join(f"\\definecolor{{{name}}}{{HTML}}{{{value}}}\n" for name, value in colors(body))
        + "\n".join(body)
        + "\n\\end{tikzpicture}\n\\end{document}\n"
    )


class _Tikz:
    """Writes the parts of a figure; colours are named by their value."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme

    @staticmethod
    def colors(body: list[str]) -> list[tuple[str, str]]:
        import re

        names = sorted({name for line in body for name in re.findall(r"\bc([0-9A-F]{6})\b", line)})
        return [(f"c{name}", name) for name in names]

    def lines(self, figure: Figure) -> Iterator[str]:
        paper = Rect(0, 0, figure.width, figure.height)
        yield f"\\fill[{color(self.theme.paper)}] {_corners(paper)};"
        yield from self._content(figure)

    def _content(self, figure: Figure) -> Iterator[str]:
        rule = color(self.theme.rule)
        for band in figure.bands:
            if not band.is_first:
                ends = f"(12,{num(band.top)}) -- ({num(figure.width - 12)},{num(band.top)})"
                yield f"\\draw[{rule},line width=0.6bp,dash pattern=on 1.5bp off 3bp] {ends};"
            yield from (self._label(text, self.theme.muted) for text in band.label)
        for stroke in sorted(figure.strokes, key=lambda s: bool(s.change)):
            if not stroke.is_shared:
                yield self._stroke(stroke)
        for group in figure.groups:
            yield from self._group(group)
        for box in figure.boxes:
            yield from self._box(box)
        yield from (self._label(text, self.theme.text) for text in figure.texts)
        for item in figure.legend:
            yield from self._legend(item)
        for (x, y), child in figure.children:
            yield f"\\begin{{scope}}[shift={{({num(x)},{num(y)})}}]"
            yield from self._content(child)
            yield "\\end{scope}"

    def _stroke(self, stroke: Stroke, thin: bool = False) -> str:
        style = self.theme.edge_style(stroke.change)
        way = " -- ".join(f"({num(x)},{num(y)})" for x, y in stroke.points)
        arrow = "" if thin else "-latex,"
        return f"\\draw[{arrow}{_line(style, 0.6 if thin else None)}] {way};"

    def _group(self, group: GroupBox) -> Iterator[str]:
        style = self.theme.box("group")
        yield _frame(group.rect, style)
        for number, text in enumerate(group.texts):
            yield self._label(text, style.text if number == 0 else self.theme.muted)
        yield from (self._stroke(stroke, True) for stroke in group.strokes)
        for box in group.boxes:
            yield _frame(box.rect, self.theme.of(box), 1.0)

    def _box(self, box: Box) -> Iterator[str]:
        style = self.theme.of(box)
        yield _frame(box.rect, style)
        if style.is_double:
            x, y, width, height = box.rect
            inner = style._replace(fill="", width=1.0)
            yield _frame(Rect(x + 3, y + 3, width - 6, height - 6), inner, 2.0)
        if box.node.is_dead:
            yield self._hatch(box.rect)
        for number, text in enumerate(box.texts):
            yield self._label(text, style.text if number == 0 else self.theme.muted)

    def _hatch(self, rect: Rect) -> str:
        line = color(self.theme.changes["error"])
        return f"\\fill[pattern=north east lines,pattern color={line}] {_corners(rect)};"

    def _legend(self, item: LegendItem) -> Iterator[str]:
        if item.kind == "link":
            y = num(item.rect.middle[1])
            style = self.theme.edge_style(item.name)
            ends = f"({num(item.rect.x)},{y}) -- ({num(item.rect.right)},{y})"
            yield f"\\draw[-latex,{_line(style)}] {ends};"
        else:
            yield _frame(item.rect, legend_box(item, self.theme), 2.0)
            if item.kind == "dead":
                yield self._hatch(item.rect)
        yield self._label(item.text, self.theme.text)

    def _label(self, text: Label, line: str) -> str:
        anchor = "base" if text.anchor == "middle" else "base west"
        size = num(text.size * 0.75)
        font = f"\\fontsize{{{size}bp}}{{{size}bp}}\\selectfont" + "\\bfseries" * text.bold
        return (
            f"\\node[anchor={anchor},text={color(line)},font=\\sffamily{font}] "
            f"at ({num(text.x)},{num(text.y)}) {{{tex(text.text)}}};"
        )


def _line(style: LineStyle, width: float | None = None) -> str:
    words = f"{color(style.line)},line width={num((width or style.width) * 0.75)}bp"
    return words + _dash(style.dash)


def _dash(dash: str) -> str:
    if not dash:
        return ""
    parts = [
        f"{'off' if place % 2 else 'on'} {num(float(part) * 0.75)}bp"
        for place, part in enumerate(dash.split())
    ]
    return ",dash pattern=" + " ".join(parts)


def _frame(rect: Rect, style: BoxStyle, radius: float = 4.0) -> str:
    fill = f"fill={color(style.fill)}," if style.fill else ""
    words = f"{fill}draw={color(style.line)},line width={num(style.width * 0.75)}bp"
    words += f",rounded corners={num(radius * 0.75)}bp{_dash(style.dash)}"
    return f"\\draw[{words}] {_corners(rect)};"


def _corners(rect: Rect) -> str:
    return f"({num(rect.x)},{num(rect.y)}) rectangle ({num(rect.right)},{num(rect.bottom)})"


def color(value: str) -> str:
    return "c" + value.removeprefix("#").upper()


def tex(text: str) -> str:
    """Return text that TeX sets as it is; what no engine is sure to have is named by its code."""
    return "".join(map(_sign, text))


def _sign(sign: str) -> str:
    if sign in _SPECIAL:
        return _SPECIAL[sign]
    if " " <= sign <= "~":
        return sign
    if "\u3000" <= sign <= "\u30ff" or "\u4e00" <= sign <= "\u9fff" or "\uff01" <= sign <= "\uff5e":
        return f"\\yamlmodcjk{{{sign}}}"
    return f"[U+{ord(sign):04X}]"
