"""The contract of an engine: it starts a command when a slot is free, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from yamlmod.study.run_files import RunStatus


class Started(Protocol):
    """A command that was handed to an engine."""

    def done(self) -> bool:
        """Whether it has ended, or will never start."""

    def result(self) -> int | None:
        """Return its exit code; waits for it. None where the engine lost it: submit it again."""


class Engine(Protocol):
    """State is in files, never in an engine: it may be stopped at any moment."""

    def submit(self, argv: Sequence[str], gpus: int) -> Started:
        """Start a command on some of its GPUs as soon as they are free."""

    def stop(self) -> None:
        """Start nothing more, and end what runs here; commands elsewhere may go on."""


class WorkerAnswer(NamedTuple):
    """What a command printed on a worker, and its exit code."""

    worker: str
    code: int
    text: str


@runtime_checkable
class Asks(Protocol):
    """An engine whose workers can be asked before anything is started on them."""

    def ask(self, argv: Sequence[str]) -> Sequence[WorkerAnswer]:
        """Run a command on every worker; from now on also on each that joins, before its first.

        One on which it fails is given nothing.
        """


class EngineSettings(NamedTuple):
    """What an engine is opened with. ``options`` are those of the command line, by their names."""

    folder: Path
    jobs: int | None = None
    gpus: Sequence[str] = ()
    options: Mapping[str, str] = {}
    say: Callable[[str], None] = lambda _: None


class EngineKind(NamedTuple):
    """What an entry point of the group `yamlmod.engines` names.

    ``command`` makes the command of a run; one that is given twice does no harm. ``stays`` says
    that commands go on when the client ends, so that a client waits for those of another.
    """

    start: Callable[[EngineSettings], Engine]
    command: Callable[[RunStatus], list[str]]
    stays: bool = False
    options: Sequence[str] = ()
