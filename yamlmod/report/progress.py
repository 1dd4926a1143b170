"""A progress bar on a terminal, and nothing anywhere else."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_FEW = 40


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Give a function that is told how many more are done."""
    terminal = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    if total < _FEW or not terminal:
        yield lambda count: None
        return
    # Imported here: it costs as much as the rest of a small command.
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True, no_color="NO_COLOR" in os.environ)
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)
