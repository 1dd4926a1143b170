"""A new row in the style of the row above it."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import Any

from yamlmod.edits import Edit, apply_edits
from yamlmod.errors import Refusal
from yamlmod.model.document import Document, Row
from yamlmod.model.layout import comment_above, item_columns
from yamlmod.yaml_words import RESERVED_WORDS

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


def render_row(
    document: Document,
    neighbour: Row,
    source: int | list[int],
    repeats: Any,
    module: str,
    args: list[Any],
) -> str:
    """Return `[from, number, module, args]` with the neighbour's spacing."""
    pad, comma = _style(document.text, neighbour)
    values = render_args(document, neighbour, args)
    first = source if isinstance(source, int) else _scalar(source, comma)
    return f"[{pad}{first}{comma}{repeats}{comma}{module}{comma}{values}{pad}]"


def render_moved(
    origin: Document, document: Document, neighbour: Row, row: Row, first: int | None
) -> str:
    """Return a row of ``origin`` for a new place in ``document``: in its own words.

    It reads the layer above it; ``first`` are the channels that its args begin with, None where
    they may stay.
    """
    if not row.flow and document.section_of(neighbour).flow:
        return _as_flow(origin, document, neighbour, row, first)
    ref = row.refs[0]
    edits = [Edit(ref.start - row.start, ref.end - row.start, "-1")]
    if first is not None:
        start, end = row.arg_spans[0]
        edits.append(Edit(start - row.start, end - row.start, str(first)))
    text = apply_edits(origin.text[row.start : row.end], edits)
    above = comment_above(origin, row)
    if document.section_of(neighbour).flow or (row.flow and not above):
        return above + text  # between brackets the indentation is free
    dash, column = item_columns(document, neighbour)
    if above:
        return _indented(above + text, dash - item_columns(origin, row)[0])
    return _indented(text, column - _column(origin.text, row))


def _as_flow(
    origin: Document, document: Document, neighbour: Row, row: Row, first: int | None
) -> str:
    """Return a row that is a block list for a table between brackets: on one line."""
    pad, comma = _style(document.text, neighbour)
    spans = [*row.spans[1:3], *row.arg_spans]
    number, module, *args = (origin.text[slice(*span)] for span in spans)
    ends = [row.spans[0], *spans, (row.end, row.end)]
    gaps = [origin.text[one[1] : other[0]] for one, other in pairwise(ends)]
    if any("#" in gap for gap in gaps) or not all(map(_fits_flow, (number, module, *args))):
        raise Refusal(
            "block-row",
            f"{origin.describe(row.index)} is written as a list of lines that cannot be written "
            "between the brackets of the other table",
            place=origin.place(row.start, row.end),
            hint="write it as [from, number, module, args] first",
        )
    if first is not None:
        args[0] = str(first)
    source = "[-1]" if row.listed else "-1"
    return f"[{pad}{source}{comma}{number}{comma}{module}{comma}[{comma.join(args)}]{pad}]"


def _fits_flow(text: str) -> bool:
    """Tell whether a value of a block list means the same between brackets."""
    if "\n" in text or not text:
        return False
    return text[0] in "'\"[{" or not set(text) & set(",[]{}")


def _indented(text: str, by: int) -> str:
    first, *lines = text.split("\n")
    moved = [" " * by + line if by > 0 else line[min(-by, _blank(line)) :] for line in lines]
    return "\n".join([first, *moved])


def _blank(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _column(text: str, row: Row) -> int:
    return row.start - (text.rfind("\n", 0, row.start) + 1)


def render_args(document: Document, row: Row, args: list[Any]) -> str:
    """Return `[256, 7]` with the spacing of a row's own args."""
    pad, comma = _style(document.text, row)
    inner = pad if not row.args else _pad(document.text, row.spans[3][0])
    listed = comma.join(_scalar(arg, comma) for arg in args)
    return f"[{inner}{listed}{inner}]" if args else "[]"


def _style(text: str, row: Row) -> tuple[str, str]:
    if not row.flow:
        return "", ", "
    between = text[row.spans[0][1] : row.spans[1][0]]
    comma = "," if between == "," else ", "
    return _pad(text, row.start), comma


def _pad(text: str, bracket: int) -> str:
    """Return the blank after an opening bracket, at most one."""
    return " " if text[bracket + 1 : bracket + 2] == " " else ""


def _scalar(value: Any, comma: str) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + comma.join(_scalar(item, comma) for item in value) + "]"
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, int) and abs(value) < 10**18:
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        # PyYAML takes `1e-05` for a string; with a point it is a number to every reader.
        mantissa, e, exponent = repr(value).partition("e")
        return mantissa + (".0" if e and "." not in mantissa else "") + e + exponent
    if isinstance(value, str) and value.isprintable() and value.isascii():
        # YOLO evaluates strings, so a bare word stays one: nc, anchors, None.
        bare = _PLAIN.fullmatch(value) and (value.lower() not in RESERVED_WORDS or value == "None")
        return value if bare else "'" + value.replace("'", "''") + "'"
    raise Refusal(
        "bad-args",
        f"{value!r} cannot stand in a layer's args",
        hint="args are numbers, true, false, null, plain strings and lists of them",
    )
