"""One grid of cells in the formats that papers and spreadsheets take: Markdown, LaTeX, CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",  # \\textquotedbl is known to T1-encoded fonts alone
    **{sign: "\\" + sign for sign in "&%$#_{}"},
}


@dataclass(frozen=True)
class Grid:
    """A table: a line of headers, rows as long as it, and which columns hold numbers."""

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[int] = ()


def markdown(grid: Grid) -> str:
    """Return the grid as a Markdown table."""
    rules = ["--:" if i in grid.right else "--" for i in range(len(grid.headers))]
    lines = [[_in_markdown(cell) for cell in row] for row in (grid.headers, *grid.rows)]
    return "".join("| " + " | ".join(row) + " |\n" for row in [lines[0], rules, *lines[1:]])


def latex(grid: Grid, comments: Sequence[str] = ()) -> str:
    """Return the grid as a LaTeX tabular that needs no package, under lines of comment."""
    columns = "".join("r" if i in grid.right else "l" for i in range(len(grid.headers)))
    head, *rows = (
        "  " + " & ".join(_in_latex(cell) for cell in row) + r" \\"
        for row in (grid.headers, *grid.rows)
    )
    lines = [f"% {' '.join(comment.split())}" for comment in comments]
    lines += [rf"\begin{{tabular}}{{{columns}}}", r"  \hline", head, r"  \hline", *rows]
    return "\n".join([*lines, r"  \hline", r"\end{tabular}"]) + "\n"


def comma_separated(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return rows as CSV; None is an empty cell."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(headers)
    writer.writerows(rows)
    return stream.getvalue()


def _in_markdown(cell: str) -> str:
    escaped = "".join("\\" + sign if sign in "\\|`*_<[]" else sign for sign in cell)
    return " ".join(escaped.split())


def _in_latex(cell: str) -> str:
    text = " ".join(cell.split())
    escaped = "".join(_LATEX.get(sign, sign) for sign in text)
    # A cell that begins with a bracket would be taken for the argument of the \\ before it.
    return "{}" + escaped if escaped.startswith(("[", "*")) else escaped
