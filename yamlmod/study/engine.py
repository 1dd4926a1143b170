"""The contract of an engine: it starts a command when a slot is free, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Started(Protocol):
    """A command that was handed to an engine."""

    def done(self) -> bool:
        """Whether it has ended, or will never start."""

    def result(self) -> int:
        """Return its exit code; waits for it."""


class Engine(Protocol):
    """State is in files, never in an engine: it may be stopped at any moment."""

    def submit(self, argv: Sequence[str], gpus: int) -> Started:
        """Start a command on some of its GPUs as soon as they are free."""

    def stop(self) -> None:
        """Start nothing more, and end what runs."""
