"""Time the playground in a real browser: first findings, cold and warm, and a keystroke."""

from __future__ import annotations

import os
import statistics
from pathlib import Path

from tools.browser import Page, browser_page
from tools.site.server import serving
from tools.site.visitor import Visitor

_FIRST = "performance.getEntriesByName('findings')[0].startTime"
_LAST = "performance.getEntriesByName('findings').at(-1).startTime"
_EDIT = "performance.getEntriesByName('edit').at(-1).startTime"
_STARTS, _KEYS = 3, 15


def table(folder: Path, program: str) -> str:
    """Return the times as a table in Markdown, with the bounds that they should keep."""
    cold: list[float] = []
    warm: list[float] = []
    keys: list[float] = []
    cpu: list[float] = []
    warm_cpu: list[float] = []
    with serving(folder) as served:
        for _ in range(_STARTS):
            with browser_page(program) as page:  # an empty profile: nothing is cached
                visitor = Visitor(page, served.address)
                visitor.open()
                cold.append(page.run(_FIRST))
                cpu.append(_cpu(page))
                # What a second visit starts from.
                visitor.wait("performance.getEntriesByName('snapshot').length > 0", 300)
                before = _cpu(page)
                visitor.open("playground/?again")
                warm.append(page.run(_FIRST))
                warm_cpu.append(_cpu(page) - before)
                keys += [_keystroke(visitor) for _ in range(_KEYS // _STARTS)]
    lines = [
        "| from ... to findings | median | slowest | bound |",
        "|--|--|--|--|",
        _row("an empty cache", cold, "8 s"),
        _row("what the page keeps", warm, "3 s"),
        _row("a keystroke", keys, "0.3 s"),
        "",
        f"The browser computed for {statistics.median(cpu):.1f} s in the first case and "
        f"{statistics.median(warm_cpu):.1f} s in the second, with the figure; load of the machine: "
        f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.",
    ]
    return "\n".join(lines) + "\n"


def _row(what: str, times: list[float], bound: str) -> str:
    median, slowest = statistics.median(times) / 1000, max(times) / 1000
    return f"| {what} | {median:.2f} s | {slowest:.2f} s | {bound} |"


def _keystroke(visitor: Visitor) -> float:
    """Type a digit into a comment of the file, and return how long its findings take."""
    visitor.do("playground.editor.view.dispatch({ changes: { from: 3, insert: '1' } })")
    return float(visitor.page.run(f"{_LAST} - {_EDIT}"))


def _cpu(page: Page) -> float:
    """Return the seconds that all processes of the browser have computed."""
    processes = page.ask_browser("SystemInfo.getProcessInfo")["processInfo"]
    return float(sum(process["cpuTime"] for process in processes))
