"""Run what is not done yet, in the order of the plan; after any kill the same call goes on."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from yamlmod.study.engine import Engine, Started
from yamlmod.study.run_files import RunStatus, status_of

_GUARD = Path(__file__).with_name("guard.py")
_LOOK = 0.5  # seconds between two looks at the files


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


def guarded(status: RunStatus) -> list[str]:
    """Return the command that runs one training under the guard."""
    how = "fresh" if status.is_used_up else "resume"
    return [sys.executable, "-I", str(_GUARD), str(status.folder), str(status.notes), how]


def drive(
    folders: Sequence[Path],
    engine: Engine,
    retry: bool = False,
    watch: Callable[[Sequence[RunStatus]], None] | None = None,
    stopping: Callable[[], None] | None = None,
) -> Driven:
    """Start every run that is due and wait for all.

    ``watch`` is called while they run, ``stopping`` when an interrupt begins to end them.
    """
    due = [status for folder in folders if is_due(status := status_of(folder), retry)]
    try:
        started: list[Started] = [
            engine.submit(guarded(status), status.plan.gpus) for status in due
        ]
        next_look = 0.0
        while not all(command.done() for command in started):
            time.sleep(0.02)
            if watch is not None and time.monotonic() > next_look:
                began = time.monotonic()
                watch([status_of(folder) for folder in folders])
                # A look at a thousand runs takes a while; it must not take all the time.
                next_look = time.monotonic() + max(_LOOK, 20 * (time.monotonic() - began))
    except KeyboardInterrupt:
        if stopping is not None:
            stopping()
        raise
    finally:
        engine.stop()
    return Driven(
        tuple(status.folder.name for status in due), tuple(status_of(folder) for folder in folders)
    )
