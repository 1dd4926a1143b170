"""Work in several processes, where the system lets a program have some."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

Job = TypeVar("Job")
Result = TypeVar("Result")
Advance = Callable[[int], None]
_FORKS = sys.platform.startswith("linux")


def in_processes(
    work: Callable[[Job], list[Result]],
    jobs: Sequence[Job],
    sizes: Sequence[int],
    workers: int,
    bar: contextlib.AbstractContextManager[Advance],
) -> list[Result]:
    """Work on jobs at the same time; the results come in the order of the jobs.

    The bar advances by the size of each job. Without processes, this one does the work.
    """
    from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor

    done: list[Result] = []
    with contextlib.ExitStack() as stack:
        pressed = stack.enter_context(_listening())
        answers = []
        try:
            context = _context()
            if context is not None:
                pool = ProcessPoolExecutor(workers, context, _end_quietly)
                stack.callback(pool.shutdown, cancel_futures=True)
                # Before the bar, which has a thread: a process is not forked beside a thread.
                answers = [pool.submit(work, job) for job in jobs]
        except (OSError, NotImplementedError, ImportError, BrokenProcessPool):
            answers = []  # no processes can be had here (a sandbox, no semaphores)
        advance = stack.enter_context(bar)
        for index, (job, size) in enumerate(zip(jobs, sizes, strict=True)):
            try:
                done += answers[index].result() if answers else work(job)
            except BrokenProcessPool:  # somebody ended a process; the work goes on in this one
                if pressed:
                    raise KeyboardInterrupt from None
                done += work(job)
            advance(size)
    return done


def _context() -> BaseContext | None:
    """Return how processes are made that import nothing of the current folder, None for none.

    A process that is not forked is a `python -c`, which would look for its first modules in the
    current folder, which may be an untrusted repository.
    """
    import multiprocessing

    if _FORKS:
        return multiprocessing.get_context("fork")
    safe = getattr(sys.flags, "safe_path", None)
    if safe is None:  # a Python before 3.11 knows no way
        return None
    if not safe:
        if sys.flags.ignore_environment:
            return None
        os.environ["PYTHONSAFEPATH"] = "1"
    return multiprocessing.get_context("spawn")


@contextlib.contextmanager
def _listening() -> Iterator[list[int]]:
    """Give a list that knows of Ctrl-C: raised while a process is forked, Python drops it."""
    pressed: list[int] = []

    def note(number: int, frame: object) -> None:
        pressed.append(number)
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or not callable(before):  # one that is ignored, or not handled by Python
        yield pressed
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _end_quietly() -> None:
    """End a process on Ctrl-C without a word: the first process says what there is to say."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: os._exit(130))
