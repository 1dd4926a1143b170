"""Where the line of a new row goes, and what goes when a row leaves: edits on the text only."""

from __future__ import annotations

import re

from yamlmod.edits import Edit, newline_of
from yamlmod.model.document import Document, Row, Section

_BLANK_OR_COMMENT = re.compile(r"[ \t]*(#.*)?\r?$")
_GAP = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")


def rows_after(document: Document, row: Row, new: list[str]) -> list[Edit]:
    """Return the edits that put rows directly under ``row``, in its table."""
    text, newline = document.text, newline_of(document.text)
    section = document.section_of(row)
    stop = _line_end(text, row.end)
    if not section.flow:
        prefix = newline + text[_line_start(text, row.start) : row.start]
        return [Edit(stop, stop, "".join(prefix + line for line in new))]
    mark = _next_mark(text, row.end)
    prefix = newline + _indent(document, section, row)
    if text[mark] == ",":
        if "\n" in text[row.end : mark]:  # the commas stand in front: `, [row]`
            prefix = newline + _comma_prefix(text, mark)
            return [Edit(stop, stop, "".join(prefix + line for line in new))]
        after = text[mark + 1 : stop]
        if _BLANK_OR_COMMENT.match(after):
            return [Edit(stop, stop, "".join(f"{prefix}{line}," for line in new))]
        if after.lstrip().startswith("["):  # another row on the same line
            return [Edit(mark + 1, mark + 1, "".join(f" {line}," for line in new))]
        mark = _next_mark(text, mark + 1)
    joined = ("," + prefix).join(new)
    if mark >= stop:  # the last row has no comma; its list closes further down
        return [Edit(row.end, row.end, ","), Edit(stop, stop, prefix + joined)]
    # The list closes on this line: the bracket moves down, the comment stays with its row.
    closer = text[row.end : mark + 1]
    if not _BLANK_OR_COMMENT.match(text[mark + 1 : stop]):
        return [Edit(row.end, row.end, "," + prefix + joined)]
    return [Edit(row.end, mark + 1, ","), Edit(stop, stop, prefix + joined + closer)]


def rows_opening(document: Document, section: Section, new: list[str]) -> list[Edit]:
    """Return the edits that put rows at the top of a table, under its opening comments."""
    text, newline = document.text, newline_of(document.text)
    first = section.rows[0]
    begin = _line_start(text, first.start)
    prefix = text[begin : first.start]
    if not section.flow or not prefix.strip():
        comma = "," if section.flow else ""
        lines = "".join(f"{prefix}{line}{comma}{newline}" for line in new)
        return [Edit(begin, begin, lines)]
    indent = _indent(document, section, first)
    lines = "".join(f"{line},{newline}{indent}" for line in new)
    return [Edit(first.start, first.start, lines)]


def row_removal(document: Document, row: Row) -> list[Edit]:
    """Return the edits that take one row out, with its line where it has one of its own."""
    text = document.text
    section = document.section_of(row)
    position = section.rows.index(row)
    before = section.rows[position - 1] if position else None
    behind = section.rows[position + 1] if position + 1 < len(section.rows) else None
    begin, stop = _line_start(text, row.start), _line_end(text, row.end)
    prefix = text[begin : row.start]
    if not section.flow:
        return [_whole_lines(text, begin, stop, before)]
    mark = _next_mark(text, row.end)
    if prefix.strip(" \t,") and (before is None or before.end < begin):
        return _removal_beside_bracket(text, row, behind, mark)
    if before is not None and before.end >= begin:
        return [Edit(_next_mark(text, before.end) + 1, mark + (text[mark] == ","), "")]
    if behind is not None and behind.start < stop:
        return [Edit(row.start, behind.start, "")]
    if text[mark] == "," or before is None:
        closer = _next_mark(text, mark + 1) if text[mark] == "," else mark
        if closer >= stop or text[closer] != "]":
            return [_whole_lines(text, begin, stop, before)]
        mark = closer
    if before is None:
        return [Edit(row.start, mark, "")]
    comma = _next_mark(text, before.end)
    if mark >= stop:
        return [Edit(comma, comma + 1, ""), _whole_lines(text, begin, stop, before)]
    if text[mark] == "," or not _BLANK_OR_COMMENT.match(text[mark + 1 : stop]):
        return [Edit(comma, mark, "")]
    return [Edit(comma, comma + 1, text[row.end : mark + 1]),
            _whole_lines(text, begin, stop, before)]


def _removal_beside_bracket(text: str, row: Row, behind: Row | None, mark: int) -> list[Edit]:
    """Take out the row that stands behind the table's opening bracket."""
    end = mark + 1 if text[mark] == "," else row.end
    if behind is None:
        return [Edit(row.start, end, "")]
    stop = _line_end(text, row.end)
    if not text[stop : behind.start].strip() or behind.start < stop:
        return [Edit(row.start, behind.start, "")]
    return [Edit(row.start, stop, "")]


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
    position = section.rows.index(row)
    for candidate in (row, *section.rows[position + 1 :], *section.rows[:position]):
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
