"""Edit the text of tables: insert and remove the line of a row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from yamlmod.edits import Edit, newline_of
from yamlmod.model.document import Document, Row, Section

_TRAILING = re.compile(r"(?:[ \t]*,)?(?:[ \t]*\])*([ \t]*#.*)")
_TAG = re.compile(r"!\S*")
_GAP = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")


class NewRow(NamedTuple):
    """A row to put in, and the comment that goes with it (with the blanks in front of it)."""

    text: str
    comment: str = ""


def rows_after(document: Document, row: Row, new: Sequence[NewRow]) -> list[Edit]:
    """Return the edits that put rows directly under ``row``, in its table."""
    text, newline = document.text, newline_of(document.text)
    section = document.section_of(row)
    stop = _line_end(text, row.end)
    if not section.flow:
        prefix = newline + _item_prefix(text, section, row)
        return [Edit(stop, stop, "".join(prefix + r.text + r.comment for r in new))]
    mark = _next_mark(text, row.end)
    before, behind = _neighbours(section, row)
    # An index comment at the end of the line is that of its last row, which stays the last.
    has_comment = any(r.comment for r in new) or row.comment is not None
    if behind is not None and behind.start < stop:
        # A comment ends its line: what follows goes down.
        down = newline + _indent(document, section, row)
        parts = (f" {r.text}," + (r.comment + down if r.comment else "") for r in new)
        return [Edit(mark + 1, mark + 1, "".join(parts))]
    if before is not None and before.end >= _line_start(text, row.start) and not has_comment:
        return [Edit(row.end, row.end, "".join(f", {r.text}" for r in new))]
    if text[mark] == "," and "\n" in text[row.end : mark]:  # commas in front: `, [row]`
        prefix = newline + _comma_prefix(text, mark)
        return [Edit(stop, stop, "".join(prefix + r.text + r.comment for r in new))]
    prefix = newline + _indent(document, section, row)
    closer = _closer(text, row, stop)
    if text[mark] == "," and not closer:
        lines = "".join(f"{prefix}{r.text},{r.comment}" for r in new)
        return [Edit(stop, stop, lines)]
    # The last row has no comma yet, or its list closes on this line: then the bracket moves
    # down, while the comment stays with its row (and may be renumbered, so it is not touched).
    *first, last = new
    lines = "".join(f"{prefix}{r.text},{r.comment}" for r in first)
    lines += prefix + last.text + closer + last.comment
    if row.end + len(closer) == stop:
        return [Edit(row.end, stop, "," + lines)]
    return [Edit(row.end, row.end + len(closer), ","), Edit(stop, stop, lines)]


def rows_opening(document: Document, section: Section, new: Sequence[NewRow]) -> list[Edit]:
    """Return the edits that put rows at the top of a table, under its opening comments."""
    text, newline = document.text, newline_of(document.text)
    first = section.rows[0]
    if not section.flow:
        dash = _dash(text, section, first)
        prefix = _item_prefix(text, section, first)
        begin, lead = _line_start(text, dash), text[_line_start(text, dash) : dash]
        if lead.strip():  # `: - [...]` behind `? backbone`
            items = [f"{prefix.lstrip(' ')}{r.text}{r.comment}{newline}" for r in new]
            return [Edit(dash, dash, (" " * len(lead)).join([*items, ""]))]
        lines = "".join(f"{prefix}{r.text}{r.comment}{newline}" for r in new)
        return [Edit(begin, begin, lines)]
    begin = _line_start(text, first.start)
    prefix = text[begin : first.start]
    if not prefix.strip():
        lines = "".join(f"{prefix}{r.text},{r.comment}{newline}" for r in new)
        return [Edit(begin, begin, lines)]
    indent = _indent(document, section, first)
    lines = "".join(f"{r.text},{r.comment}{newline}{indent}" for r in new)
    return [Edit(first.start, first.start, lines)]


def trailing_comment(document: Document, row: Row) -> str:
    """Return the comment behind a row, with the blanks in front of it; empty where none stands.

    Where a row shares its line with the one before it, the comment belongs to both, and stays.
    """
    section = document.section_of(row)
    before, _ = _neighbours(section, row)
    if before is not None and before.end >= _line_start(document.text, row.start):
        return ""
    stop = _line_end(document.text, row.end)
    found = _TRAILING.match(document.text, row.end, stop)
    return found[1] if found else ""


def item_columns(document: Document, row: Row) -> tuple[int, int]:
    """Return where the dash and the text of a new item beside ``row`` are on their line."""
    prefix = _item_prefix(document.text, document.section_of(row), row)
    return prefix.rindex("-"), len(prefix)


def comment_above(document: Document, row: Row) -> str:
    """Return what is between the dash of a row and the row, where a comment is part of it."""
    section = document.section_of(row)
    if section.flow:
        return ""
    gap = document.text[_dash(document.text, section, row) + 1 : row.start]
    return gap.lstrip(" ") if "#" in gap else ""


def row_prefix(document: Document, row: Row) -> str:
    """Return what begins the line of a new row in the table of ``row``: blanks, and its dash."""
    section = document.section_of(row)
    if section.flow:
        return _indent(document, section, row)
    return _item_prefix(document.text, section, row)


def items_removal(
    text: str, spans: Sequence[tuple[int, int]], position: int, *, flow: bool
) -> Edit:
    start, end = spans[position]
    if not flow:
        following = text.find("\n", end)
        return Edit(_line_start(text, start), following + 1 if following >= 0 else len(text), "")
    if position:
        return Edit(spans[position - 1][1], end, "")
    return Edit(start, spans[1][0] if len(spans) > 1 else end, "")


def row_removal(document: Document, row: Row) -> list[Edit]:
    """Return the edits that take one row out, with its line where it has one of its own."""
    text = document.text
    section = document.section_of(row)
    before, behind = _neighbours(section, row)
    begin, stop = _line_start(text, row.start), _line_end(text, row.end)
    if not section.flow:
        dash = _dash(text, section, row)
        begin = _line_start(text, dash)
        if before is None and behind is not None and text[begin:dash].strip():
            return [Edit(dash, _dash(text, section, behind), "")]
        return [_whole_lines(text, begin, stop, before)]
    if before is None:
        return _first_row_removal(text, row, behind)
    mark = _next_mark(text, row.end)
    has_comma = text[mark] == ","
    shares_below = behind is not None and behind.start < stop
    if before.end >= begin:  # it shares its line with the row before it
        if shares_below:
            return [Edit(_next_mark(text, before.end) + 1, mark + 1, "")]
        return [Edit(before.end, row.end, "")]
    if behind is not None and shares_below:
        return [Edit(row.start, behind.start, "")]
    closer = _closer(text, row, stop)
    line = _whole_lines(text, begin, stop, before)
    comma = _next_mark(text, before.end)
    if comma >= begin:  # commas in front: the row's own comma stands on its line
        return [Edit(comma, row.end, "")] if closer else [line]
    if closer:
        return [Edit(comma, comma + 1, closer), line]
    return [line] if has_comma else [Edit(comma, comma + 1, ""), line]


def _first_row_removal(text: str, row: Row, behind: Row | None) -> list[Edit]:
    if behind is None:
        return [Edit(row.start, row.end, "")]
    stop = _line_end(text, row.end)
    comma = _next_mark(text, row.end)
    between = text[stop : behind.start] if behind.start > stop else ""
    if not between.replace(",", "", 1).strip():
        return [Edit(row.start, behind.start, "")]
    # Comments stand between the two rows: they stay.
    if comma < stop:
        return [Edit(row.start, stop, "")]
    end = comma + 1 + (text[comma + 1 : comma + 2] == " ")
    return [Edit(row.start, stop, ""), Edit(comma, end, "")]


def _neighbours(section: Section, row: Row) -> tuple[Row | None, Row | None]:
    position = row.index - section.rows[0].index
    before = section.rows[position - 1] if position else None
    behind = section.rows[position + 1] if position + 1 < len(section.rows) else None
    return before, behind


def _dash(text: str, section: Section, row: Row) -> int:
    """Return where the item of a block list begins: its dash, which may be on a line above."""
    before, _ = _neighbours(section, row)
    if before is not None:
        return _next_mark(text, before.end)
    tag = _TAG.match(text, section.start)
    return _next_mark(text, tag.end()) if tag else section.start


def _item_prefix(text: str, section: Section, row: Row) -> str:
    """Return what a new item of a block list begins its line with, as ``row`` does."""
    dash = _dash(text, section, row)
    begin = _line_start(text, dash)
    behind = text[dash : row.start]
    return text[begin:dash].replace(":", " ") + ("- " if "\n" in behind else behind)


def _closer(text: str, row: Row, stop: int) -> str:
    """Return what closes the table on the line where its last row ends: `]`, `, ]` or nothing."""
    mark = _next_mark(text, row.end)
    if text[mark] == ",":
        mark = _next_mark(text, mark + 1)
    return text[row.end : mark + 1] if mark < stop and text[mark] == "]" else ""


def _whole_lines(text: str, begin: int, stop: int, before: Row | None) -> Edit:
    # With the newline in front, as it was put in, unless there is no row above to keep it for.
    if before is None:
        following = text.find("\n", stop)
        return Edit(begin, following + 1 if following >= 0 else len(text), "")
    previous = begin - 1
    if previous > 0 and text[previous - 1] == "\r":
        previous -= 1
    return Edit(max(previous, 0), stop, "")


def _indent(document: Document, section: Section, row: Row) -> str:
    """Return the blank before a row on a line of its own, as the table writes it."""
    text = document.text
    own = text[_line_start(text, row.start) : row.start]
    if not own.strip():
        return own
    position = row.index - section.rows[0].index
    for candidate in section.rows[position:] + section.rows[:position]:
        prefix = text[_line_start(text, candidate.start) : candidate.start]
        if not prefix.strip():
            return prefix
    return " " * (row.start - _line_start(text, row.start))


def _comma_prefix(text: str, comma: int) -> str:
    begin = _line_start(text, comma)
    end = comma + 1
    while text[end : end + 1] in (" ", "\t"):
        end += 1
    return text[begin:end]


def _next_mark(text: str, position: int) -> int:
    """Return the offset of the next character that is neither blank nor in a comment."""
    found = _GAP.match(text, position)
    return found.end() if found else position


def _line_start(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def _line_end(text: str, position: int) -> int:
    """Return the end of a line, in front of its newline."""
    end = text.find("\n", position)
    if end < 0:
        return len(text)
    return end - 1 if end > 0 and text[end - 1] == "\r" else end
