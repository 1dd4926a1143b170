"""Format a grid of cells as Markdown, LaTeX, HTML or CSV."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from yamlmod.safe_text import visible_line

_LATEX = {
    "✓": r"$\surd$",
    "±": r"$\pm$",
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",  # \\textquotedbl is known to T1-encoded fonts alone
    **{sign: "\\" + sign for sign in "&%$#_{}"},
}
_RULES = [rf"\providecommand{{\{rule}rule}}{{\hline}}" for rule in ("top", "mid", "bottom")]
_FOREIGN = r"\yamlmodcjk{"
# pdfTeX stops at a sign without a font.
_FOREIGN_TEXT = (
    "% Chinese text needs \\usepackage{ctex}, or \\usepackage{CJKutf8} with pdflatex.",
    r"\providecommand{\yamlmodcjk}[1]{\ifdefined\pdftexversion\ifdefined\CJK"
    r"\begin{CJK*}{UTF8}{gbsn}#1\end{CJK*}\else?\fi\else#1\fi}",
)
# What pdfTeX makes of a letter and an accent: these work in every font.
_ACCENTS = {"\u0300", "\u0301", "\u0302", "\u0303", "\u0308", "\u0327"}


@dataclass(frozen=True)
class Grid:
    """A table: a line of headers, rows as long as it, and which columns hold numbers."""

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[int] = ()


def markdown(grid: Grid) -> str:
    rules = ["--:" if i in grid.right else "--" for i in range(len(grid.headers))]
    lines = [[markdown_text(cell) for cell in row] for row in (grid.headers, *grid.rows)]
    return "".join("| " + " | ".join(row) + " |\n" for row in [lines[0], rules, *lines[1:]])


def latex(grid: Grid, comments: Sequence[str] = ()) -> str:
    """Return the grid as a LaTeX tabular under lines of comment.

    It needs no package: the rules are those of booktabs where that is loaded, and text that pdfTeX
    has no font for is shown where CJK, ctex, XeTeX or LuaTeX brings one.
    """
    columns = "".join("r" if i in grid.right else "l" for i in range(len(grid.headers)))
    head, *rows = (
        "  " + " & ".join(_in_latex(cell) for cell in row) + r" \\"
        for row in (grid.headers, *grid.rows)
    )
    lines = [f"% {' '.join(visible_line(comment).split())}" for comment in comments]
    if any(_FOREIGN in line for line in (head, *rows)):
        lines += _FOREIGN_TEXT
    lines += _RULES
    lines += [rf"\begin{{tabular}}{{{columns}}}", r"  \toprule", head, r"  \midrule", *rows]
    return "\n".join([*lines, r"  \bottomrule", r"\end{tabular}"]) + "\n"


def html(grid: Grid) -> str:
    """Return the grid as an HTML table; all text is escaped."""
    rows = [
        "".join(
            f"<{tag}{' class=n' if i in grid.right else ''}>{html_text(cell)}</{tag}>"
            for i, cell in enumerate(row)
        )
        for tag, row in [("th", grid.headers), *(("td", row) for row in grid.rows)]
    ]
    body = "".join(f"<tr>{row}</tr>\n" for row in rows[1:])
    return f"<table><thead><tr>{rows[0]}</tr></thead>\n<tbody>\n{body}</tbody></table>"


def html_text(text: str) -> str:
    """Return text that HTML shows as it is; a line of it is no command to a CI service."""
    return escape(visible_line(text)).replace("::", "&#58;&#58;").replace("##", "&#35;&#35;")


def comma_separated(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return rows as CSV; None is an empty cell, and no text is a formula."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(headers)
    writer.writerows([_in_csv(cell) for cell in row] for row in rows)
    return stream.getvalue()


def markdown_text(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    shown = " ".join(visible_line(text).split())
    # An ampersand means itself unless it begins the name or number of a sign.
    return re.sub(r"[\\|`*_<>\[\]~]|&(?=#?\w+;)", r"\\\g<0>", shown)


def markdown_code(text: str) -> str:
    """Return text as code, between more backticks than it holds in a row."""
    shown = " ".join(visible_line(text).split())
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    pad = " " if "`" in shown else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _in_csv(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    # A spreadsheet would compute what begins so; after an apostrophe it is text.
    return ("'" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else "") + visible_line(cell)


def _in_latex(cell: str) -> str:
    text = " ".join(visible_line(cell).split())
    escaped = "".join(
        _FOREIGN + part + "}" if is_foreign else "".join(_LATEX.get(sign, sign) for sign in part)
        for is_foreign, part in ((key, "".join(signs)) for key, signs in groupby(text, _is_foreign))
    )
    # A line that starts with two colons is a command to a CI service.
    escaped = escaped.replace("::", ":{}:")
    while "--" in escaped:  # two hyphens would be set as a dash
        escaped = escaped.replace("--", "-{}-")
    # A cell that begins with a bracket would be taken for the argument of the \\ before it.
    return "{}" + escaped if escaped.startswith(("[", "*")) else escaped


def _is_foreign(sign: str) -> bool:
    if sign.isascii() or sign in _LATEX:
        return False
    parts = unicodedata.normalize("NFD", sign)
    return not (parts[0].isascii() and len(parts) == 2 and parts[1] in _ACCENTS)
