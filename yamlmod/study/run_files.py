"""The folder of one run: its plan, its attempts, and what state it is in, from files alone."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from yamlmod.study.failure import reason_of
from yamlmod.study.family import Family, families
from yamlmod.study.results import EpochRow, missing_epochs
from yamlmod.workspace.disk import read_regular

State = Literal["waiting", "running", "cut off", "failed", "done"]
_LOG_TAIL = 20_000
_STOPPED_EARLY = re.compile(r"EarlyStopping: Training stopped early|Stopping training early")


class RunPlan(NamedTuple):
    """What `run.json` holds: one variant with one seed."""

    variant: str
    seed: int
    family: str
    epochs: int
    argv: Sequence[str]
    resume: Sequence[str]
    cwd: str
    environment: Mapping[str, str]
    last: str
    gpus: int
    hashes: Mapping[str, str]

    @property
    def name(self) -> str:
        return f"{self.variant}-s{self.seed}"

    def text(self) -> str:
        return json.dumps(self._asdict(), indent=1) + "\n"


class RunStatus(NamedTuple):
    """What a run has reached. ``why`` says why it failed or was cut off."""

    plan: RunPlan
    folder: Path
    state: State
    rows: tuple[EpochRow, ...]
    why: str = ""
    host: str = ""
    # Lines of the guard before the state was read.
    notes: int = 0

    @property
    def epochs(self) -> int:
        return len(self.rows)


def read_plan(folder: Path) -> RunPlan:
    data = json.loads(read_regular(folder / "run.json"))
    return RunPlan(**{name: data[name] for name in RunPlan._fields})


def family_of(plan: RunPlan) -> Family:
    return next(family for family in families() if family.name == plan.family)


def status_of(folder: Path) -> RunStatus:
    notes = notes_of(folder)
    return _status(folder)._replace(notes=notes)


def _status(folder: Path) -> RunStatus:
    """Read a run's state.

    Done: there is a row for every epoch, or the log says that it stopped early. `best.pt` means
    nothing: it is there after the first epoch. A run that a signal ended is cut off and can go on.
    """
    plan = read_plan(folder)
    rows = rows_of(folder, plan)
    attempts = attempts_of(folder)
    last = attempts[-1] if attempts else {}
    host = str(last.get("host", ""))
    if is_locked(folder):
        return RunStatus(plan, folder, "running", rows, host=host)
    if not missing_epochs(rows, plan.epochs):
        code = last.get("code", 0)
        why = f"after the last epoch {reason_of(log_tail(folder), code)}" if code else ""
        return RunStatus(plan, folder, "done", rows, why, host)
    if not attempts:
        return RunStatus(plan, folder, "waiting", rows)
    if last["event"] == "start":
        return RunStatus(plan, folder, "cut off", rows, "it was killed", host)
    log, code = log_tail(folder), last["code"]
    if last["why"]:
        state: State = "failed" if code is None else "cut off"
        return RunStatus(plan, folder, state, rows, str(last["why"]), host)
    if code == 0:
        if _STOPPED_EARLY.search(log):
            return RunStatus(plan, folder, "done", rows, "stopped early", host)
        missing = missing_epochs(rows, plan.epochs)[0]
        return RunStatus(plan, folder, "failed", rows, f"it ended without epoch {missing}", host)
    state = "cut off" if code < 0 else "failed"
    return RunStatus(plan, folder, state, rows, reason_of(log, code), host)


def rows_of(folder: Path, plan: RunPlan) -> tuple[EpochRow, ...]:
    for name, read in family_of(plan).results.items():
        try:
            text = read_regular(folder / name).decode("utf-8", "replace")
        except FileNotFoundError:
            continue
        return tuple(read(text))
    return ()


def notes_of(folder: Path) -> int:
    """Return how many lines the guard has written."""
    return _notes(folder).count("\n")


def _notes(folder: Path) -> str:
    try:
        return read_regular(folder / "attempts.jsonl").decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def attempts_of(folder: Path) -> list[dict[str, Any]]:
    """Return the guard's lines; a torn one is left out."""
    attempts = []
    for line in _notes(folder).splitlines():
        try:
            attempts.append(json.loads(line))
        except ValueError:
            continue
    return attempts


def log_tail(folder: Path) -> str:
    try:
        with open(folder / "log.txt", "rb") as file:  # noqa: PTH123
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _LOG_TAIL))
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def is_locked(folder: Path) -> bool:
    """Check whether a training holds the folder; nothing is changed by asking."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDWR)
    except OSError:
        return False
    try:
        return not _try_lock(descriptor)
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, 1 << 20, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
