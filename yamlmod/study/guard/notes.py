"""Read what a run's files say of its attempts: the guard's notes, the rows, the end of the log."""

from __future__ import annotations

import json
import os
import re

from .plain_files import open_plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

FILE = "attempts.jsonl"
STOPPED_EARLY = re.compile(r"EarlyStopping: Training stopped early|Stopping training early")
_LOG_TAIL = 20_000
_MOST = 64_000_000  # bytes of notes or results


def text_of(folder: str) -> str:
    file = open_plain(os.path.join(folder, FILE))
    if file is None:
        return ""
    with file:
        return file.read(_MOST).decode("utf-8", "replace")


def attempts_in(text: str) -> list[dict[str, Any]]:
    """Return the guard's lines; a torn one is left out."""
    attempts = []
    for line in text.splitlines():
        try:
            attempt = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(attempt, dict) and attempt.get("event") in ("start", "end"):
            attempt = {"code": None, "why": "", **attempt}
            if attempt["code"] is None or isinstance(attempt["code"], int):
                attempts.append(attempt)
    return attempts


def log_start(attempts: Sequence[Mapping[str, Any]]) -> int:
    """Return where the last attempt begins in the log; an older one's errors are not its own."""
    starts = [attempt.get("log") for attempt in attempts if attempt.get("event") == "start"]
    return starts[-1] if starts and isinstance(starts[-1], int) else 0


def log_tail(folder: str, start: int = 0, name: str = "log.txt") -> str:
    file = open_plain(os.path.join(folder, name))
    if file is None:
        return ""
    with file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(start, end - _LOG_TAIL))
        return file.read(_LOG_TAIL).decode("utf-8", "replace")


def is_cut_off(folder: str, plan: Mapping[str, Any]) -> bool:
    """Check whether the last attempt was killed or stopped before all epochs were there.

    Such a run may be continued by the holder of its lock; one that ended by itself may not.
    """
    attempts = attempts_in(text_of(folder))
    if not attempts or _epochs(folder, plan["results"]) >= plan["epochs"]:
        return False
    last = attempts[-1]
    if STOPPED_EARLY.search(log_tail(folder, log_start(attempts))):
        return False
    if last["event"] == "start":
        return True
    code = last["code"]
    return code is not None and code != 0 and (bool(last["why"]) or code < 0)


def _epochs(folder: str, results: Sequence[str]) -> int:
    """Return how many epochs have a row, whatever the columns: the first one counts them."""
    for name in results:
        file = open_plain(os.path.join(folder, name))
        if file is None:
            continue
        with file:
            lines = file.read(_MOST).decode("utf-8", "replace").splitlines()
        return len({epoch for epoch in map(_epoch, lines) if epoch is not None})
    return 0


def _epoch(line: str) -> int | None:
    words = re.split(r"[,\s/]+", line.strip(), maxsplit=1)
    return int(words[0]) if words[0].isdigit() else None
