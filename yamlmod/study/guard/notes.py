"""Read what a run's files say of its attempts: the guard's notes, the rows, the end of the log."""

from __future__ import annotations

import json
import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

FILE = "attempts.jsonl"
STOPPED_EARLY = re.compile(r"EarlyStopping: Training stopped early|Stopping training early")
_LOG_TAIL = 20_000


def text_of(folder: str) -> str:
    try:
        with open(os.path.join(folder, FILE), "rb") as file:
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def attempts_in(text: str) -> list[dict[str, Any]]:
    """Return the guard's lines; a torn one is left out."""
    attempts = []
    for line in text.splitlines():
        try:
            attempt = json.loads(line)
        except ValueError:
            continue
        if isinstance(attempt, dict) and attempt.get("event") in ("start", "end"):
            attempts.append({"code": None, "why": "", **attempt})
    return attempts


def log_start(attempts: Sequence[Mapping[str, Any]]) -> int:
    """Return where the last attempt begins in the log; an older one's errors are not its own."""
    starts = [attempt.get("log", 0) for attempt in attempts if attempt.get("event") == "start"]
    return int(starts[-1]) if starts else 0


def log_tail(folder: str, start: int = 0, name: str = "log.txt") -> str:
    try:
        with open(os.path.join(folder, name), "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(start, file.tell() - _LOG_TAIL))
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


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
        try:
            with open(os.path.join(folder, name), "rb") as file:
                lines = file.read().decode("utf-8", "replace").splitlines()
        except FileNotFoundError:
            continue
        return len({epoch for epoch in map(_epoch, lines) if epoch is not None})
    return 0


def _epoch(line: str) -> int | None:
    words = re.split(r"[,\s/]+", line.strip(), maxsplit=1)
    return int(words[0]) if words[0].isdigit() else None
