"""Find and end every process below this one."""

from __future__ import annotations

import os
import signal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_SECONDS = 5.0
_LOOKS = 5


def seen() -> dict[int, tuple[int, int]]:
    """Return the parent and the session of every process that can be seen and lives."""
    processes: dict[int, tuple[int, int]] = {}
    for name in os.listdir("/proc"):
        if not name.isdecimal():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                # The program's name is in brackets and may hold anything.
                state, parent, _, session = file.read().rpartition(b")")[2].split()[:4]
        except (OSError, ValueError):  # it has ended since
            continue
        if state not in (b"Z", b"X"):
            processes[int(name)] = int(parent), int(session)
    return processes


def below(top: int, spared: int = -1) -> set[int]:
    """Return all living descendants of a process, without its children in one session."""
    children: dict[int, list[int]] = {}
    for child, (parent, session) in seen().items():
        if parent != top or session != spared:
            children.setdefault(parent, []).append(child)
    numbers: set[int] = set()
    waiting = list(children.get(top, ()))
    while waiting:
        number = waiting.pop()
        if number not in numbers:
            numbers.add(number)
            waiting += children.get(number, ())
    return numbers


def end_all() -> int:
    """End all descendants of this process, which adopts orphans. Return how many are left."""
    return _end(lambda: below(os.getpid()), reap, childless)


def childless() -> bool:
    """Whether this process has no child; for one that adopts orphans: no descendant.

    The kernel says so. A list of /proc does not: a process that is on it may have forked and ended
    before it is looked at, and the new one is on no list.
    """
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


def end_strangers() -> int:
    """End all descendants but those of this process's own session: they are not the guard's."""
    own = os.getsid(0)
    known: set[int] = set()

    def living() -> set[int]:
        known.update(now := below(os.getpid(), own))
        return now

    def take() -> None:
        for number in known:
            try:
                os.waitpid(number, os.WNOHANG)
            except OSError:  # no child of ours
                continue

    quiet = 0

    def over() -> bool:
        # Children of other processes are no sign here; so several looks have to find nothing.
        nonlocal quiet
        quiet += 1
        return quiet >= _LOOKS

    return _end(living, take, over)


def _end(find: Callable[[], set[int]], take: Callable[[], object], over: Callable[[], bool]) -> int:
    """End what is found until nothing is, and ``over`` agrees.

    All are stopped before they are killed: of two that watch each other none sees the other die.
    """
    end = time.monotonic() + _SECONDS
    while True:
        stopped: set[int] = set()
        while (living := find()) - stopped and time.monotonic() < end:
            _signal(living - stopped, signal.SIGSTOP)
            stopped |= living
        _signal(living, signal.SIGKILL)
        take()
        if not living and over():
            return 0
        if time.monotonic() >= end:
            return max(1, len(find()))
        time.sleep(0.001)


def _signal(numbers: set[int], number: int) -> None:
    for process in numbers:
        try:
            os.kill(process, number)
        except OSError:  # it has ended since
            continue


def reap() -> list[tuple[int, int]]:
    """Take the results of children that ended: their numbers, and how."""
    results: list[tuple[int, int]] = []
    while True:
        try:
            number, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return results
        if not number:
            return results
        results.append((number, os.waitstatus_to_exitcode(status)))
