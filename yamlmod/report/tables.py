"""Format tables: aligned text in a pipe; on a terminal as wide as that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from yamlmod.report.colour import painted
from yamlmod.report.stream import Styled, is_coloured, width_of
from yamlmod.report.widths import cell_count, wrapped_text
from yamlmod.safe_text import visible_line, without_commands

_GAP = 2
# A column of prose that is narrower than this is no longer read.
_LEAST = 20
_CUT = "…"


@dataclass(frozen=True)
class Column:
    """A column: its header, and what happens to it where the terminal is too narrow.

    ``weight`` 0 is never dropped; of the others the lowest goes first. One column ``wraps``.
    """

    header: str
    right: bool = False
    weight: int = 0
    wraps: bool = False


def table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[int] = (),
    wrap: int | None = None,
) -> list[str]:
    """Return the lines of a table whose last columns go first where the terminal is narrow.

    ``right`` names the columns aligned to the right, ``wrap`` the one column of prose that may
    break on a terminal; everything else is data and stays on its line.
    """
    columns = [
        Column(header, i in right, 0 if i in (0, wrap) else len(headers) - i, i == wrap)
        for i, header in enumerate(headers)
    ]
    return sized_table(columns, rows)


def sized_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table: in a pipe all of it, on a terminal what fits, with a sign."""
    # A scale of the file's may head a column.
    heads = [visible_line(column.header) for column in columns]
    cells = [[visible_line(cell) for cell in row] for row in rows]
    width = width_of("stdout")
    if width is None:
        widths = _widths([heads, *cells])
        return [_line(row, columns, widths) for row in [heads, *cells]]
    kept, dropped = _fitting(columns, [heads, *cells], width)
    columns = [columns[i] for i in kept]
    heads, cells = [heads[i] for i in kept], [[row[i] for i in kept] for row in cells]
    widths = _shrunk(columns, _widths([heads, *cells]), width)
    lines = [line for row in cells for line in _wrapped(row, columns, widths)]
    head = [_bold(line) for line in _wrapped(heads, columns, widths)]
    # A long cell that was folded may begin a line anywhere in its text.
    paint = painted if is_coloured("stdout") else str
    shown = [*head, *(Styled(paint(without_commands(line))) for line in lines)]
    if dropped:
        names = ", ".join(visible_line(name) for name in dropped)
        text = f"{_CUT} not shown, for a wider terminal or a pipe: {names}"
        shown += [Styled(without_commands(line)) for line in wrapped_text(text, width)]
    return list(shown)


def _bold(line: str) -> Styled:
    text = without_commands(line)
    if not is_coloured("stdout"):
        return Styled(text)
    return Styled(f"\x1b[1m{text}\x1b[0m")


def _fitting(
    columns: Sequence[Column], lines: Sequence[Sequence[str]], width: int
) -> tuple[list[int], list[str]]:
    """Return the columns that fit, and the headers of those that do not."""
    widths = _widths(lines)
    least = [min(w, _LEAST) if c.wraps else w for c, w in zip(columns, widths, strict=True)]
    kept = list(range(len(columns)))
    dropped: list[int] = []
    while sum(least[i] for i in kept) + _GAP * (len(kept) - 1) > width:
        droppable = [i for i in kept if columns[i].weight]
        if not droppable:
            break
        first = min(droppable, key=lambda i: (columns[i].weight, -i))
        kept.remove(first)
        dropped.append(first)
    return kept, [columns[i].header for i in sorted(dropped)]


def _shrunk(columns: Sequence[Column], widths: Sequence[int], width: int) -> list[int]:
    """Return widths that fit: the column of prose gives way, then the widest."""
    sizes = list(widths)
    over = sum(sizes) + _GAP * (len(sizes) - 1) - width
    order = sorted(range(len(sizes)), key=lambda i: (not columns[i].wraps, -sizes[i]))
    for i in order:
        if over <= 0:
            break
        given = min(over, max(sizes[i] - min(_LEAST, sizes[i]), 0))
        sizes[i] -= given
        over -= given
    while over > 0 and max(sizes) > 1:
        widest = sizes.index(max(sizes))
        sizes[widest] -= 1
        over -= 1
    return sizes


def _widths(lines: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(cell_count, column)) for column in zip(*lines, strict=True)]


def _wrapped(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> list[str]:
    """Return the lines of one row: every cell that is too wide goes on below itself."""
    parts = [wrapped_text(cell, width) for cell, width in zip(cells, widths, strict=True)]
    height = max(map(len, parts))
    filled = [part + [""] * (height - len(part)) for part in parts]
    return [_line(line, columns, widths) for line in zip(*filled, strict=True)]


def _line(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    padded = []
    for cell, column, width in zip(cells, columns, widths, strict=True):
        blanks = " " * (width - cell_count(cell))
        padded.append(blanks + cell if column.right else cell + blanks)
    return (" " * _GAP).join(padded).rstrip()
