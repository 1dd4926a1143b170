"""Run what is not done yet, in the order of the plan; after any kill the same call goes on."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from yamlmod.study.commands import guarded
from yamlmod.study.engine import Engine, Started
from yamlmod.study.guard.lock import LOCKED
from yamlmod.study.interrupts import held_interrupts
from yamlmod.study.run_files import RunStatus, status_of

_LOOK = 0.5  # seconds between two looks at the files
_SHARE = 50  # looks take one part of so many of the time
_PAUSE = 0.02  # seconds between two questions to an engine that cannot be waited for
_LOSSES = 20  # an engine that loses a run that often will not run it


class Driven(NamedTuple):
    """The runs that were started, and the state of all at the end."""

    started: tuple[str, ...]
    runs: tuple[RunStatus, ...]


def is_due(status: RunStatus, retry: bool) -> bool:
    """Check whether a run is to be started: a failed one only if that is asked for.

    One with all its epochs is never started again: the fork would train on, or on other data.
    """
    if status.is_complete:
        return False
    return status.state in ("waiting", "cut off") or (retry and status.state == "failed")


def drive(
    folders: Sequence[Path],
    engine: Engine,
    retry: bool = False,
    watch: Callable[[Sequence[RunStatus]], None] | None = None,
    command: Callable[[RunStatus], list[str]] = guarded,
    stays: bool = False,
    stopping: Callable[[], None] | None = None,
) -> Driven:
    """Start every run that is due and wait for all; ``watch`` is called while they run.

    With ``stays`` those that another client has started are waited for, too. ``stopping`` is
    called when an interrupt begins to end them.
    """
    driver = _Driver(engine, command, stays)
    done: dict[Path, RunStatus] = {}
    try:
        for folder in folders:
            status = status_of(folder)
            if status.state == "done":
                done[folder] = status
            if is_due(status, retry):
                driver.start(status)
            elif stays and status.state == "running":
                driver.others.add(folder)
        next_look = 0.0
        while driver.is_busy():
            if watch is not None and time.monotonic() > next_look:
                began = time.monotonic()
                runs = [done.get(folder) or status_of(folder) for folder in folders]
                done |= {run.folder: run for run in runs if run.state == "done"}
                watch(runs)
                # A look at a thousand runs takes a while; it must not take all the time.
                next_look = time.monotonic() + max(_LOOK, _SHARE * (time.monotonic() - began))
    except KeyboardInterrupt:
        if stopping is not None:
            stopping()
        raise
    finally:
        engine.stop()
    return Driven(tuple(driver.started), tuple(status_of(folder) for folder in folders))


class _Driver:
    """What was handed to an engine and has not ended, and what others have started."""

    def __init__(
        self, engine: Engine, command: Callable[[RunStatus], list[str]], stays: bool
    ) -> None:
        self.engine, self.stays = engine, stays
        self.command = command
        self.started: dict[str, None] = {}
        self.pending: dict[Path, Started] = {}
        self.others: set[Path] = set()
        self.losses: Counter[Path] = Counter()
        self.next_look = 0.0

    def start(self, status: RunStatus) -> None:
        self.pending[status.folder] = self.engine.submit(self.command(status), status.plan.gpus)
        self.started[status.folder.name] = None

    def is_busy(self) -> bool:
        """Wait a moment; False once all have ended."""
        began = time.monotonic()
        with held_interrupts():
            ended = [folder for folder, command in self.pending.items() if command.done()]
        for folder in ended:
            code = self.pending.pop(folder).result()
            is_lost = code is None or (self.stays and code == LOCKED)
            if is_lost and self.losses[folder] < _LOSSES:
                self.losses[folder] += 1
                self.others.add(folder)
        if self.others and began > self.next_look:
            self._look()
        if not self.pending and not self.others:
            return False
        self._wait(time.monotonic() - began)
        return True

    def _wait(self, took: float) -> None:
        """Wait until a command ends or the next look is due, and at least as long as that took."""
        from concurrent.futures import FIRST_COMPLETED, Future, wait

        local = [command for command in self.pending.values() if isinstance(command, Future)]
        if local and len(local) == len(self.pending) and not self.others:
            with held_interrupts():
                wait(local, max(_LOOK, _PAUSE), FIRST_COMPLETED)
        else:
            time.sleep(max(_PAUSE, took))

    def _look(self) -> None:
        """Start what was lost, once it does not run any more."""
        began = time.monotonic()
        statuses = [status_of(folder) for folder in sorted(self.others)]
        # A submit may wait for a scheduler to come back; that is no part of a look.
        self.next_look = time.monotonic() + max(_LOOK, _SHARE * (time.monotonic() - began))
        for status in statuses:
            if status.state == "running":
                continue
            self.others.discard(status.folder)
            if is_due(status, retry=False):
                self.start(status)
