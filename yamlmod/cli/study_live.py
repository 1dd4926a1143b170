"""The table of a running study: what trains, how far it is, and how long it will take."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from yamlmod.errors import plural
from yamlmod.report.live import LiveLines
from yamlmod.report.widths import cell_count
from yamlmod.study.run_files import RunStatus

_ORDER = ("running", "failed", "cut off", "waiting", "done")
_HEADERS = ("state", "epoch", "mAP50-95", "left", "GPU")
_LEAST_NAME = 8


class _Look(NamedTuple):
    """How many epochs a run had at a time."""

    at: float
    epochs: int


class _Pace(NamedTuple):
    """When a run was first seen, when an epoch ended for the first time, and for the last."""

    seen: _Look
    first: _Look
    last: _Look

    def after(self, look: _Look) -> _Pace:
        if look.epochs <= self.last.epochs:
            return self
        return _Pace(self.seen, look if self.first == self.seen else self.first, look)

    def seconds_per_epoch(self) -> float | None:
        """Return the mean; the first epoch, which has the start in it, counts only alone."""
        start = self.first if self.last.epochs > self.first.epochs else self.seen
        done = self.last.epochs - start.epochs
        return (self.last.at - start.at) / done if done > 0 else None


class StudyTable:
    """Follows the runs of a study from look to look, and words them."""

    def __init__(self, jobs: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._jobs, self._clock = max(jobs, 1), clock
        self._paces: dict[str, _Pace] = {}
        self.note = ""

    def see(self, runs: Sequence[RunStatus]) -> None:
        now = self._clock()
        for run in runs:
            look = _Look(now, run.epochs)
            if run.state != "running":
                self._paces.pop(run.plan.name, None)
            else:
                pace = self._paces.get(run.plan.name, _Pace(look, look, look))
                self._paces[run.plan.name] = pace.after(look)

    def lines(self, runs: Sequence[RunStatus], width: int, height: int) -> list[str]:
        """Return a summary and as many runs as fit, those that train first."""
        ordered = sorted(runs, key=lambda run: _ORDER.index(run.state))
        room = max(height - 2 - bool(self.note), 1)
        shown = ordered if len(ordered) <= room else ordered[: room - 1]
        cells = [(run.plan.name, *self._cells(run)) for run in shown]
        lines = [self._summary(runs), *_aligned([("run", *_HEADERS), *cells], width)]
        if len(shown) < len(ordered):
            lines.append(_others(ordered[len(shown) :]))
        return [*lines, self.note] if self.note else lines

    def _cells(self, run: RunStatus) -> tuple[str, ...]:
        value = f"{run.rows[-1].map:.1f}" if run.rows else ""
        left = self._left(run)
        epochs = f"{run.epochs}/{run.plan.epochs}"
        gpus = run.gpus if run.state == "running" else ""
        return run.state, epochs, value, "" if left is None else duration(left), gpus

    def _left(self, run: RunStatus) -> float | None:
        pace = self._paces.get(run.plan.name)
        each = pace.seconds_per_epoch() if pace else None
        if pace is None or each is None:
            return None
        return max((run.plan.epochs - run.epochs) * each - (self._clock() - pace.last.at), 0.0)

    def _summary(self, runs: Sequence[RunStatus]) -> str:
        counts = {state: sum(run.state == state for run in runs) for state in _ORDER}
        parts = [f"{counts['done']} of {plural(len(runs), 'run')} done"]
        parts += [f"{n} {state}" for state, n in counts.items() if n and state != "done"]
        left = self._all_left(runs)
        return ", ".join(parts) + ("" if left is None else f"; about {duration(left)} left")

    def _all_left(self, runs: Sequence[RunStatus]) -> float | None:
        """Return how long all runs take at the pace of those that train."""
        paces = [pace.seconds_per_epoch() for pace in self._paces.values()]
        known = [each for each in paces if each is not None]
        if not known:
            return None
        each = sum(known) / len(known)
        open_runs = [run for run in runs if run.state in ("running", "waiting", "cut off")]
        epochs = sum(run.plan.epochs - run.epochs for run in open_runs)
        return epochs * each / min(self._jobs, max(len(open_runs), 1))


class LiveWatch:
    """Shows the table on a terminal, and says above it what ended."""

    def __init__(self, screen: LiveLines, jobs: int) -> None:
        self._screen, self._table = screen, StudyTable(jobs)
        self._runs: Sequence[RunStatus] = ()
        self._states: dict[str, str] = {}

    def __call__(self, runs: Sequence[RunStatus]) -> None:
        for run in runs:
            name, old = run.plan.name, self._states.get(run.plan.name)
            if old is not None and old != run.state and run.state not in ("running", "waiting"):
                self._screen.say(f"{name} {run.state}{f': {run.why}' if run.why else ''}")
            self._states[name] = run.state
        self._runs = runs
        self._table.see(runs)
        self._draw()

    def stopping(self) -> None:
        self._table.note = "stopping what trains; the same command goes on later"
        self._draw()

    def _draw(self) -> None:
        self._screen.show(lambda width, height: self._table.lines(self._runs, width, height))


def duration(seconds: float) -> str:
    """Spell a time in its two largest units."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours:02d} h"
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _others(runs: Sequence[RunStatus]) -> str:
    counts = {state: sum(run.state == state for run in runs) for state in _ORDER}
    return "and " + ", ".join(f"{count} {state}" for state, count in counts.items() if count)


def _aligned(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return the lines of a table; a name that is too long loses its middle."""
    sizes = [max(map(cell_count, column)) for column in zip(*rows, strict=True)]
    gaps = 2 * (len(sizes) - 1)
    sizes[0] = min(sizes[0], max(width - sum(sizes[1:]) - gaps, _LEAST_NAME))
    lines = []
    for name, state, *numbers in rows:
        cells = [_shortened(name, sizes[0]).ljust(sizes[0]), state.ljust(sizes[1])]
        cells += [cell.rjust(size) for cell, size in zip(numbers, sizes[2:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return lines


def _shortened(name: str, width: int) -> str:
    """Keep a name's start and its seed."""
    if len(name) <= width:
        return name
    end = (width - 1) // 2
    return f"{name[: width - 1 - end]}…{name[-end:]}"
