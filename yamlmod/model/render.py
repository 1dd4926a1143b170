"""A new row in the style of the row above it."""

from __future__ import annotations

import math
import re
from typing import Any

from yamlmod.errors import Refusal
from yamlmod.model.document import Document, Row

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
# Words YAML reads as something else than a string.
_RESERVED = frozenset({"true", "false", "yes", "no", "on", "off", "null", "none", "y", "n"})


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
    origin: Document, document: Document, neighbour: Row, row: Row, args: str | None
) -> str:
    """Return a row of ``origin`` for a new place in ``document``: in its own words."""
    pad, comma = _style(document.text, neighbour)
    number, module, own = (origin.text[slice(*span)] for span in row.spans[1:])
    values = [number, module, own if args is None else args]
    plain = (" ".join(value.split()) for value in values)  # a row over several lines becomes one
    return f"[{pad}-1{comma}{comma.join(plain)}{pad}]"


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
    """Return the blank that stands behind an opening bracket, at most one."""
    return " " if text[bracket + 1 : bracket + 2] == " " else ""


def _scalar(value: Any, comma: str) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + comma.join(_scalar(item, comma) for item in value) + "]"
    if value is None or isinstance(value, (bool, int)):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        # PyYAML takes `1e-05` for a string; with a point it is a number to every reader.
        mantissa, e, exponent = repr(value).partition("e")
        return mantissa + (".0" if e and "." not in mantissa else "") + e + exponent
    if isinstance(value, str) and value.isprintable() and value.isascii():
        # YOLO evaluates strings, so a bare word stays one: nc, anchors, None.
        bare = _PLAIN.fullmatch(value) and (value.lower() not in _RESERVED or value == "None")
        return value if bare else "'" + value.replace("'", "''") + "'"
    raise Refusal(
        "bad-args",
        f"{value!r} cannot stand in a layer's args",
        hint="args are numbers, true, false, null, plain strings and lists of them",
    )
