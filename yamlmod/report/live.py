"""Show lines that change on a terminal, below what is written meanwhile."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from yamlmod.report.stream import bar_stream, is_styled_terminal
from yamlmod.report.widths import cell_count
from yamlmod.safe_text import visible_line, without_commands


class LiveLines(Protocol):
    """What is shown now: ``show`` replaces it, ``say`` writes a line above it that stays."""

    def show(self, make: Callable[[int, int], Sequence[str]]) -> None:
        """Show the lines that ``make`` returns for a width and a height."""

    def say(self, line: str) -> None:
        """Write a line above."""


@contextmanager
def live_lines() -> Iterator[LiveLines | None]:
    """Give what shows lines on stderr; None where that is no terminal that can do it."""
    if not is_styled_terminal("stderr"):
        yield None
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(file=bar_stream(), no_color="NO_COLOR" in os.environ, highlight=False)
    live = Live(
        console=console,
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with live:
        yield _RichLines(live)


class _RichLines:
    def __init__(self, live: object) -> None:
        from rich.live import Live

        assert isinstance(live, Live)
        self._live = live
        self._lines: Sequence[str] = ()
        self._width = 0

    def show(self, make: Callable[[int, int], Sequence[str]]) -> None:
        from rich.text import Text

        size = shutil.get_terminal_size()
        width, height = max(size.columns, 20), max(size.lines, 4)
        self._erase_what_wrapped(width)
        # The last cell stays free: a terminal that wraps early would move the cursor.
        self._lines = [_cut(line, width - 1) for line in make(width - 1, height - 1)][: height - 1]
        self._width = width
        head, *rest = self._lines or [""]
        text = Text(head, style="bold", no_wrap=True)
        for line in rest:
            text.append("\n" + line, style="not bold")
        self._live.update(text, refresh=True)

    def say(self, line: str) -> None:
        from rich.text import Text

        self._live.console.print(Text(without_commands(visible_line(line))), soft_wrap=True)

    def _erase_what_wrapped(self, width: int) -> None:
        """Erase the rows that a narrower terminal made of the lines; rich counts lines alone."""
        if not self._width or width >= self._width:
            return
        from rich.control import Control
        from rich.segment import ControlType

        more = sum(max(cell_count(line) - 1, 0) // width for line in self._lines)
        up = (ControlType.ERASE_IN_LINE, 2), (ControlType.CURSOR_UP, 1)
        for _ in range(more):
            self._live.console.control(Control(*up))


def _cut(line: str, width: int) -> str:
    text = without_commands(visible_line(line))
    while cell_count(text) > width:
        text = text[:-2] + "…"
    return text
