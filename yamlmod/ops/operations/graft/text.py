"""Write the rows of another file's backbone into the table of this one, in its style."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from yamlmod.edits import Edit, newline_of
from yamlmod.model.document import Document, Row
from yamlmod.model.layout import row_prefix, trailing_comment
from yamlmod.model.render import render_row

_COMMENT_LINE = re.compile(r"[ \t]*#")


def backbone_edits(document: Document, other: Document, rows: Sequence[Row]) -> list[Edit]:
    """Return the edits that put ``rows`` of ``other`` in the place of the backbone's own."""
    section = document.sections[0]
    first, last = section.rows[0], section.rows[-1]
    newline, prefix = newline_of(document.text), row_prefix(document, first)
    comma = "," if section.flow else ""
    parts = [_row_text(document, first, other, rows[0])]
    for above, row in pairwise(rows):
        lines = [comma + _comment(other, above)]
        lines += [_own_line(prefix, line) for line in _lines_between(other, above, row)]
        parts.append(newline.join([*lines, ""]) + prefix)
        parts.append(_row_text(document, first, other, row))
    edits = [Edit(first.start, last.end, "".join(parts))]
    old, new = trailing_comment(document, last), _comment(other, rows[-1])
    if old:
        start = document.text.index(old, last.end)
        edits.append(Edit(start, start + len(old), new))
    elif new:
        stop = document.text.find("\n", last.end)
        stop = len(document.text) if stop < 0 else stop
        if document.text[stop - 1 : stop] == "\r":
            stop -= 1
        if not document.text[last.end : stop].strip(" \t,]"):
            edits.append(Edit(stop, stop, new))
    return edits


def _comment(other: Document, row: Row) -> str:
    return trailing_comment(other, row).rstrip()


def _row_text(document: Document, neighbour: Row, other: Document, row: Row) -> str:
    text = other.text[row.start : row.end]
    if row.flow and "\n" not in text:
        return text
    return render_row(document, neighbour, row.from_value, row.repeats, row.module, list(row.args))


def _lines_between(other: Document, above: Row, row: Row) -> list[str]:
    """Return the empty lines and the comments that have lines of their own between two rows."""
    gap = other.text[above.end : row.start].split("\n")
    lines = [line.rstrip("\r") for line in gap[1:-1]]
    return [line for line in lines if not line.strip() or _COMMENT_LINE.match(line)]


def _own_line(prefix: str, line: str) -> str:
    indent = prefix[: len(prefix) - len(prefix.lstrip(" \t"))]
    return indent + line.strip() if line.strip() else ""
