"""Format tables: aligned text in a pipe, rich on a terminal."""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Sequence

from yamlmod.report.stream import Styled, is_styled_terminal
from yamlmod.safe_text import visible_line, without_commands


def table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[int] = (),
    wrap: int | None = None,
) -> list[str]:
    """Return the lines of an aligned table, without trailing blanks.

    ``right`` names the columns aligned to the right, ``wrap`` the one column of prose that may
    break on a terminal; everything else is data and stays on its line.
    """
    # A scale of the file's may head a column.
    headers, *rows = ([visible_line(cell) for cell in row] for row in (headers, *rows))
    if is_styled_terminal("stdout"):
        return _rich_table(headers, rows, right, wrap)
    lines = [headers, *rows]
    widths = [max(_cells(line[i]) for line in lines) for i in range(len(headers))]
    return [_line(line, widths, right) for line in lines]


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> str:
    padded = []
    for i, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        blanks = " " * (width - _cells(cell))
        padded.append(blanks + cell if i in right else cell + blanks)
    return "  ".join(padded).rstrip()


def _cells(text: str) -> int:
    """Count terminal cells: a wide character, such as a Chinese one, takes two."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _rich_table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[int],
    wrap: int | None,
) -> list[str]:
    # Imported here: it costs as much as the rest of a small command.
    from io import StringIO

    from rich.cells import cell_len
    from rich.console import Console, JustifyMethod
    from rich.table import Table
    from rich.text import Text

    # As wide as its contents: a wrapped row of a layer table cannot be read.
    width = sum(
        max(cell_len(line[i]) for line in [headers, *rows]) + 3 for i in range(len(headers))
    )
    if wrap is not None:
        width = shutil.get_terminal_size().columns
    colour = "NO_COLOR" not in os.environ
    stream = StringIO()
    console = Console(
        file=stream,
        force_terminal=colour,
        width=max(width, 40),
        highlight=False,
        markup=False,
        no_color=not colour,
        legacy_windows=False,
    )
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for i, header in enumerate(headers):
        side: JustifyMethod = "right" if i in right else "left"
        grid.add_column(Text(header), justify=side, no_wrap=i != wrap, overflow="fold")
    for row in rows:
        grid.add_row(*(Text(cell) for cell in row))
    console.print(grid, soft_wrap=wrap is None)
    lines = stream.getvalue().removesuffix("\n").split("\n")
    # A long cell that was folded may begin a line anywhere in its text.
    return [Styled(without_commands(line)) for line in lines]
