"""Tables and diffs as HTML, for the end of a notebook's cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from yamlmod.safe_text import visible_line


def html_table(caption: str, headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table with a caption; all text is escaped."""
    head = "".join(f"<th>{_cell(header)}</th>" for header in headers)
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f"<table><caption>{_cell(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def html_text(title: str, text: str) -> str:
    """Return a title above text whose lines stay as they are."""
    lines = "\n".join(_cell(line) for line in text.split("\n"))
    return f"<p>{_cell(title)}</p><pre>{lines}</pre>"


def _cell(value: object) -> str:
    return escape(visible_line(str(value)))
