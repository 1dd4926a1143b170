"""Write a planned scale into the text: copied rows in their own words, the head's list, anchors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from yamlmod.edits import Edit, apply_edits, newline_of
from yamlmod.errors import Refusal
from yamlmod.model.document import Document, Row
from yamlmod.model.layout import NewRow, rows_after, rows_opening, trailing_comment
from yamlmod.model.network import Network
from yamlmod.model.refs import IMAGE, spell
from yamlmod.ops.level_words import copied_comment, shifted
from yamlmod.ops.operations.add_head.copies import Copies
from yamlmod.ops.operations.add_head.replay import Target

_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")
_BLANK_LINE = re.compile(r"[ \t]*\r?\n")


class Numbers(NamedTuple):
    """The final number of every layer, old and new."""

    old: tuple[int, ...]
    new: tuple[int, ...]

    def of(self, target: Target) -> int:
        kind, position = target
        if position == IMAGE and kind == "old":
            return IMAGE
        return self.new[position] if kind == "new" else self.old[position]


def final_numbers(count: int, copies: Copies) -> Numbers:
    order: list[Target] = []
    for layer in range(-1, count):
        if layer >= 0:
            order.append(("old", layer))
        order += [("new", i) for i, place in enumerate(copies.places) if place.after == layer]
    index = {target: position for position, target in enumerate(order)}
    return Numbers(
        tuple(index["old", i] for i in range(count)),
        tuple(index["new", i] for i in range(len(copies.rows))),
    )


def reference_edits(
    model: Network, moves: Mapping[tuple[int, int], Target], numbers: Numbers
) -> list[Edit]:
    edits = []
    for row in model.rows:
        for read, ref in zip(model.graph.reads[row.index], row.refs, strict=False):
            target = moves.get((row.index, read.slot), ("old", read.target))
            value = spell(numbers.old[row.index], numbers.of(target), ref.value < 0)
            if value != ref.value:
                edits.append(Edit(ref.start, ref.end, str(value)))
    return edits


def row_edits(model: Network, copies: Copies, numbers: Numbers) -> list[Edit]:
    """Return the edits that put the copies in their places."""
    document = model.document
    edits: list[Edit] = []
    items = sorted(range(len(copies.rows)), key=lambda i: numbers.new[i])
    for place, group in groupby(items, key=lambda i: copies.places[i]):
        chosen = list(group)
        blanks = [_has_blank_above(document, model.rows[copies.rows[i].pattern]) for i in chosen]
        lines = [_new_row(model, copies, i, numbers) for i in chosen]
        if place.opens:
            neighbour = model.rows[place.after + 1]
            edits += _opening(document, neighbour, lines, blanks)
        else:
            edits += _after(document, model.rows[place.after], lines, blanks)
    return edits


def _new_row(model: Network, copies: Copies, position: int, numbers: Numbers) -> NewRow:
    copy, document = copies.rows[position], model.document
    row, number = model.rows[copy.pattern], numbers.new[position]
    if not row.flow:
        raise Refusal(
            "block-row",
            f"{document.describe(row.index)} has to be copied for the new scale, and is written as "
            "a list of lines",
            place=document.place(row.start, row.end),
            hint="write it as [from, number, module, args] first",
        )
    values = [
        spell(number, numbers.of(source), ref.value < 0)
        for ref, source in zip(row.refs, copy.sources, strict=True)
    ]
    edits = [
        Edit(ref.start - row.start, ref.end - row.start, str(value))
        for ref, value in zip(row.refs, values, strict=True)
    ]
    for argument, channels in copy.widths:
        start, end = row.arg_spans[argument]
        edits.append(Edit(start - row.start, end - row.start, str(channels)))
    text = apply_edits(document.text[row.start : row.end], edits)
    index = "" if row.comment is None else str(row.comment.value)
    by = 1 if copies.up else -1
    return NewRow(text, copied_comment(trailing_comment(document, row), index, number, by))


def _has_blank_above(document: Document, row: Row) -> bool:
    """Whether a row begins a paragraph of its table."""
    text = document.text
    begin = text.rfind("\n", 0, row.start)
    if begin < 0:
        return False
    above = text[:begin].rsplit("\n", 1)[-1].strip()
    first = document.section_of(row).rows[0] is row
    return not above or first or (above.startswith("#") and _has_blank_over(text, begin))


def _has_blank_over(text: str, end: int) -> bool:
    lines = text[:end].split("\n")
    for line in reversed(lines):
        if not line.strip():
            return True
        if not line.strip().startswith("#"):
            return False
    return False


def _opening(
    document: Document, neighbour: Row, lines: Sequence[NewRow], blanks: Sequence[bool]
) -> list[Edit]:
    newline = newline_of(document.text)
    paragraphs = [*blanks[1:], _is_spaced(document)]
    rows = [
        row._replace(comment=row.comment + (newline if blank else ""))
        for row, blank in zip(lines, paragraphs, strict=True)
    ]
    return rows_opening(document, document.section_of(neighbour), rows)


def _is_spaced(document: Document) -> bool:
    """Whether the head table has paragraphs."""
    rows = document.sections[-1].rows
    return any(_has_blank_above(document, row) for row in rows[1:])


def _after(
    document: Document, row: Row, lines: Sequence[NewRow], blanks: Sequence[bool]
) -> list[Edit]:
    text, newline = document.text, newline_of(document.text)
    is_section_spaced = any(
        _has_blank_above(document, other) for other in document.section_of(row).rows[1:]
    )
    rows = [
        line._replace(comment=line.comment + (newline if blank and is_section_spaced else ""))
        for line, blank in zip(lines, [*blanks[1:], False], strict=True)
    ]
    edits = rows_after(document, row, rows)
    if not (blanks[0] and is_section_spaced):
        return edits
    return [_with_paragraph(text, edit, newline) for edit in edits]


def _with_paragraph(text: str, edit: Edit, newline: str) -> Edit:
    """Return the edit with an empty line above: one that is there, where two are, or a new one."""
    if edit.start != edit.end or not edit.text.startswith(newline):
        return edit
    end = edit.start
    gap = text[end : end + len(newline)] == newline
    first = _BLANK_LINE.match(text, end + len(newline)) if gap else None
    if first is not None and _BLANK_LINE.match(text, first.end()):
        at = first.end() - len(newline)
        return Edit(at, at, edit.text)
    return Edit(end, end, newline + edit.text)


def head_edit(head: Row, text: str, slot: int, value: int, known: Iterable[Edit]) -> list[Edit]:
    """Return the edits of the head's `from` list, which take in the renumbering of its first."""
    edits = list(known)
    refs = head.refs
    between = text[refs[0].end : refs[1].start] if len(refs) > 1 else ", "
    if slot:
        return [*edits, Edit(refs[-1].end, refs[-1].end, f"{between}{value}")]
    same = [edit for edit in edits if edit.start == refs[0].start]
    first = same[0].text if same else text[refs[0].start : refs[0].end]
    others = [edit for edit in edits if edit.start != refs[0].start]
    return [*others, Edit(refs[0].start, refs[0].end, f"{value}{between}{first}")]


def anchor_edit(document: Document, slot: int, finer: bool) -> Edit:
    """Return the edit that puts a row of anchors at its place, after its neighbour's model."""
    text = document.text
    start, end = document.anchors[0 if finer else -1]
    _refuse_odd_numbers(document, start, end, 0 if finer else -1)
    numbers = _NUMBER.sub(lambda match: _half_or_double(match[0], finer), text[start:end])
    if document.anchors_flow:
        spans = document.anchors
        comma = text[spans[0][1] : spans[1][0]] if len(spans) > 1 else ", "
        new = f"{numbers}{comma}" if finer else f"{comma}{numbers}"
        at = start if finer else end
        return Edit(at, at, new)
    begin = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", end)
    line_end = len(text) if stop < 0 else stop
    tail = shifted(text[end:line_end].removesuffix("\r"), -1 if finer else 1)
    newline = newline_of(text)
    line = f"{text[begin:start]}{numbers}{tail}"
    if finer:
        return Edit(begin, begin, f"{line}{newline}")
    at = line_end - text[:line_end].endswith("\r")
    return Edit(at, at, f"{newline}{line}")


def _refuse_odd_numbers(document: Document, start: int, end: int, row: int) -> None:
    """Refuse a row whose text is not its numbers: `1.5e+1`, `0x10`, a comment with a number."""
    written = [float(word) for word in _NUMBER.findall(document.text[start:end])]
    if written != list(_leaves(document.settings["anchors"][row])):
        raise Refusal(
            "anchors-differ",
            "a row of anchors is not written in plain numbers",
            place=document.place(start, end),
            hint="write it as [10,13, 16,30, 33,23]",
        )


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _half_or_double(number: str, finer: bool) -> str:
    if number.isdigit():
        value = int(number)
        return str(max(1, (value + 1) // 2) if finer else value * 2)
    return f"{float(number) / 2 if finer else float(number) * 2:.6g}"
