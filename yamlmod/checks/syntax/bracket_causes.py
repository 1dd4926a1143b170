"""Find causes in the brackets: a missing comma, too few or too many brackets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from yamlmod.checks.syntax.brackets import Line
from yamlmod.checks.syntax.cause import Cause, Look, parses
from yamlmod.edits import Edit, apply_edits
from yamlmod.errors import Refusal
from yamlmod.model.document import parse_document
from yamlmod.model.parse import load_plain

_TRIED = 24
_MARGIN = "  "
_ROW = 4
# One such row may be a bracket that closes too early.
_FEW = 3


def _missing_comma(text: str, lines: list[Line]) -> Iterator[Cause]:
    marks = [mark for line in lines for mark in line.marks]
    for mark, following in pairwise(marks):
        if mark.mark == "]" and following.mark == "[" and mark.depth >= 1:
            at = mark.position + 1
            yield Cause(
                mark.position,
                at,
                "a comma is missing after this row",
                "write a comma at its end",
                (Edit(at, at, ","),),
            )
            return


def _missing_comma_inside(text: str, lines: list[Line]) -> Iterator[Cause]:
    marks = [mark for line in lines for mark in line.marks]
    for mark, following in pairwise(marks):
        words = mark.mark not in "[]," and following.mark == "[" and mark.depth >= 1
        if words and not mark.mark.endswith(":"):
            at = mark.position + len(mark.mark)
            yield Cause(
                mark.position,
                at,
                f"a comma is missing after {mark.mark!r}",
                f"write `{mark.mark}, [`",
                (Edit(at, at, ","),),
            )
            return


def _no_opening(text: str, lines: list[Line]) -> Iterator[Cause]:
    """A table with complete rows, but without its own opening bracket."""
    opened = False
    for line in lines:
        # Where rows of the table stand above, one of them has closed it.
        opened = not line.is_key and (opened or (line.is_row and line.after > 0))
        if opened:
            continue
        comma = next((m for m in line.marks if m.depth == 0 and m.mark == ","), None)
        if comma is None or not line.is_row or line.depth != 0:
            continue
        at = next(mark for mark in line.marks if mark.mark == "[").position
        edits = (Edit(at, at, _MARGIN + "[" if at == line.start else "["), *_indents(lines, at))
        lost = _lost_rows(apply_edits(text, edits))
        missing = f", and rows are missing above it: {lost}" if lost else ""
        yield Cause(
            at,
            at + 1,
            f"the table has no opening bracket before its first row{missing}",
            "restore the rows, and write a [ before the first" if lost else "write a [ there",
            edits,
            certain=not lost,
        )
        return


def _indents(lines: list[Line], but: int = -1) -> tuple[Edit, ...]:
    flow = [line for line in lines if line.text[:1] in ("[", "]")]
    return tuple(Edit(line.start, line.start, _MARGIN) for line in flow if line.start != but)


def _no_indent(text: str, lines: list[Line]) -> Iterator[Cause]:
    """An unindented table, whose bracket YAML reads as the start of a key."""
    edits = _indents(lines)
    if edits and not parses(text):
        first = edits[0].start
        yield Cause(
            first,
            first + 1,
            "the table is not indented, so YAML expects a key here; "
            "text copied from web pages often loses its indentation",
            "indent the rows",
            edits,
        )


def _lost_rows(text: str) -> str:
    """Count the rows missing at the top, by the head's inputs and by the comments."""
    if not parses(text):
        return ""
    try:
        rows = parse_document(text, "trial").rows
    except Refusal:
        return ""
    head = max((ref.value for ref in rows[-1].refs), default=0) - (len(rows) - 2)
    comments = Counter(row.comment.value - row.index for row in rows if row.comment is not None)
    by_comments = comments.most_common(1)[0][0] if comments else 0
    counts = [f"{head} by the inputs of the head"] if head > 0 else []
    if by_comments > 0:
        counts.append(f"{by_comments} by the index comments")
    return ", ".join(counts)


def _unclosed_entry(text: str, lines: list[Line]) -> Iterator[Cause]:
    """A row of a block list that is still open where the next one begins."""
    previous: Line | None = None
    for line in [*lines, Line(len(text), "- [", (), lines[-1].after if lines else 0)]:
        if not line.text.lstrip().startswith("- ["):
            continue
        # Of an entry of another table nothing is open.
        is_open = previous is not None and previous.is_entry and previous.after > 0
        if previous is not None and is_open and line.depth > 0:
            yield from _bracket_too_few(text, previous)
            return
        previous = line


def _unclosed_row(text: str, lines: list[Line]) -> Iterator[Cause]:
    table = _table_depth(lines)
    previous: Line | None = None
    for line in lines:
        if line.is_row and previous is not None and line.depth > table:
            yield from _bracket_too_few(text, previous)
            return
        if line.is_row or line.is_key:
            previous = line if line.is_row else None
        closes = line.text.strip().startswith("]")
        if closes and previous is not None and line.depth > table:
            yield from _bracket_too_few(text, previous)
            return


def _bracket_too_few(text: str, line: Line) -> Iterator[Cause]:
    first = next(mark for mark in line.marks if mark.mark == "[")
    places = [m.position + len(m.mark) for m in line.marks if m.mark not in "[,"][:_TRIED]
    ways = {text[:at] + "]" + text[at:]: at for at in places}  # two places may give one text
    good = [at for way, at in ways.items() if parses(way)]
    good = [at for at in good if _is_model_row(text, line, Edit(at, at, "]"))] or good
    edits = (Edit(good[0], good[0], "]"),) if len(good) == 1 else ()
    fixed = apply_edits(text, edits)[line.start :].split("\n", 1)[0].split("#")[0].strip()
    yield Cause(
        good[0] - 1 if edits else first.position,
        good[0] if edits else line.end,
        "a bracket of this row is not closed",
        f"write {fixed}" if edits else "close every [ of the row",
        edits,
    )


def _is_model_row(text: str, line: Line, edit: Edit) -> bool:
    """Check that the row has a name and args in their places after an edit."""
    row = apply_edits(text[: line.end], [edit])[line.start :]
    row = row.strip().removeprefix("-").rstrip(", ")
    try:
        values = load_plain(f"row: {row}\n", "trial").get("row")
    except Refusal:
        return False
    if not isinstance(values, list) or len(values) != _ROW:
        return False
    return isinstance(values[-2], str) and isinstance(values[-1], list)


def _table_depth(lines: list[Line]) -> int:
    """The depth at which rows should begin: 1 in a flow table, else as most rows do."""
    for above, line in pairwise(line for line in lines if line.text.strip()):
        if above.is_key and re.match(r"\s*\[\s*(\[|#|$)", line.text):
            return 1
    depths = [line.depth for line in lines if line.is_row]
    return min(1, max(set(depths), key=depths.count)) if depths else 1


def _bare_rows(text: str, lines: list[Line]) -> Iterator[Cause]:
    """Rows with neither a dash in front nor a bracket around their table."""
    rows = [
        line
        for line in lines
        if line.is_row and line.depth == 0 == line.after and line.marks[-1].mark == "]"
    ]
    if len(rows) < _FEW:
        return
    first = next(mark for mark in rows[0].marks if mark.mark == "[").position
    places = [line.start + len(line.text) - len(line.text.lstrip()) for line in rows]
    edits = tuple(Edit(at, at, "- ") for at in places)
    if parses(apply_edits(text, edits)):
        yield Cause(
            first,
            first + 1,
            "the rows of this table have neither a dash in front nor a bracket around them",
            "write `- ` in front of every row",
            edits,
        )


def _too_many(text: str, lines: list[Line]) -> Iterator[Cause]:
    for index, line in enumerate(lines):
        closing = next((m for m in line.marks if m.mark == "]" and m.depth <= 0), None)
        follows = next((b for b in lines[index + 1 :] if b.marks), None)
        goes_on = (
            follows is not None
            and not follows.is_key
            and (follows.is_row or follows.text.strip().startswith("]"))
        )
        below = closing is not None and any(mark.depth < 0 for mark in line.marks)
        goes_on = goes_on and not line.is_entry  # `- [10,13, 16,30]` closes no table
        if closing is None or not (goes_on or below):
            continue
        lost = _lost_opening(text, line)
        if lost is not None:
            yield lost
            return
        places = [m.position for m in line.marks if m.mark == "]"][-_TRIED:]
        good = [at for at in places if parses(text[:at] + text[at + 1 :])]
        edits = (Edit(good[-1], good[-1] + 1, ""),) if good else ()
        yield Cause(
            closing.position,
            closing.position + 1,
            "this bracket closes the table, but more rows follow"
            if goes_on
            else "this bracket was never opened",
            "remove it, or open it",
            edits,
        )
        return


def _lost_opening(text: str, line: Line) -> Cause | None:
    """A row with a `]` too many, which is a model row with one more `[`, but not without it."""
    closing = [m.position for m in line.marks if m.mark == "]"][-_TRIED:]
    if any(_is_model_row(text, line, Edit(at, at + 1, "")) for at in closing):
        return None
    words = [m.position for m in line.marks if m.mark not in "[],"][:_TRIED]
    edits = [Edit(at, at, "[") for at in words]
    good = [edit for edit in edits if _is_model_row(text, line, edit)]
    if len(good) != 1:
        return None
    at = good[0].start
    fixed = f"{text[line.start : at]}[{text[at : line.end]}".strip()
    return Cause(at, at + 1, "a bracket of this row is not opened", f"write {fixed}", (good[0],))


def _unclosed_table(text: str, lines: list[Line]) -> Iterator[Cause]:
    last: Line | None = None
    for line in [*lines, Line(len(text), "end:", (), 0)]:
        if line.is_key:
            if last is not None and last.after > 0:
                at = last.end
                yield Cause(
                    max(at - 1, 0),
                    at,
                    "the table ends here, and its bracket is not closed",
                    f"write {']' * last.after} after its last row",
                    (Edit(at, at, "]" * last.after),),
                )
                return
            last = None
        if line.marks:
            last = line


BRACKET_LOOKS: tuple[Look, ...] = (
    _missing_comma,
    _no_opening,
    _no_indent,
    _unclosed_entry,
    _unclosed_row,
    _bare_rows,
    _too_many,
    _missing_comma_inside,
    _unclosed_table,
)
