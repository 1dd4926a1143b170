"""Show a progress bar on a terminal, and nothing elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from yamlmod.report.stream import bar_stream, is_styled_terminal

_FEW = 40


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Give a function that is told how many more are done."""
    if total < _FEW or not is_styled_terminal("stderr"):
        yield lambda count: None
        return
    # Imported here: it costs as much as the rest of a small command.
    from rich.console import Console
    from rich.progress import Progress

    console = Console(file=bar_stream(), no_color="NO_COLOR" in os.environ)
    # Redirected, what others write meanwhile would reach the terminal as it is.
    bar = Progress(console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
    with bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)
