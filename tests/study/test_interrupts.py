"""Ctrl-C ends a study also where it comes while the lock of a run is held."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.study.folders import run_folder
from yamlmod.study.drive import drive
from yamlmod.study.interrupts import held_interrupts


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    """Start with Python's own handler: a shell starts background jobs with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class _Interrupted(Future[int | None]):
    """A command whose asking is interrupted between the taking of its lock and the giving back."""

    def done(self) -> bool:
        self._condition.acquire()
        os.kill(os.getpid(), signal.SIGINT)
        self._condition.release()
        return super().done()


class _Engine:
    def __init__(self) -> None:
        self.command = _Interrupted()
        self.ended = threading.Event()

    def submit(self, argv: Sequence[str], gpus: int) -> Future[int | None]:
        return self.command

    def stop(self) -> None:
        """Let the thread of the command end, as the pool waits for its own."""

        def work() -> None:
            self.command.set_result(0)
            self.ended.set()

        threading.Thread(target=work, daemon=True).start()
        self.ended.wait(5)


@pytest.mark.skipif(os.name == "nt", reason="os.kill ends a process there")
def test_no_lock_of_a_run_stays_taken(tmp_path: Path) -> None:
    engine, told = _Engine(), []
    with pytest.raises(KeyboardInterrupt):
        drive([run_folder(tmp_path, "a", 0)], engine, stopping=lambda: told.append(1))
    assert engine.ended.is_set() and told == [1]


@pytest.mark.skipif(os.name == "nt", reason="os.kill ends a process there")
def test_an_interrupt_comes_at_the_end_of_the_block() -> None:
    steps = []
    with pytest.raises(KeyboardInterrupt), held_interrupts():
        os.kill(os.getpid(), signal.SIGINT)
        steps.append("after it")
    assert steps == ["after it"]
    with held_interrupts():  # none is left over
        steps.append("again")
    assert len(steps) == 2


@pytest.mark.skipif(os.name == "nt", reason="os.kill ends a process there")
def test_a_handler_of_somebody_else_is_called_at_the_end_of_the_block() -> None:
    steps = []
    signal.signal(signal.SIGINT, lambda *_: steps.append("handled"))
    own = signal.getsignal(signal.SIGINT)
    with held_interrupts():
        os.kill(os.getpid(), signal.SIGINT)
        steps.append("after it")
    assert signal.getsignal(signal.SIGINT) is own
    assert steps == ["after it", "handled"]


@pytest.mark.skipif(os.name == "nt", reason="os.kill ends a process there")
def test_an_ignored_interrupt_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with held_interrupts():
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
