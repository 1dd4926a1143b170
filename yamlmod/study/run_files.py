"""The folder of one run: its plan, its attempts, and what state it is in, from files alone."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from yamlmod.errors import Refusal
from yamlmod.study.failure import reason_of
from yamlmod.study.family import Family, families
from yamlmod.study.guard import notes
from yamlmod.study.guard.lock import is_held
from yamlmod.study.results import EpochRow, missing_epochs
from yamlmod.study.variant_names import run_name
from yamlmod.workspace.disk import read_regular
from yamlmod.workspace.files import display

State = Literal["waiting", "running", "cut off", "failed", "done"]
_NO_ROWS = "it ended without epoch 1"
_JOB_ERROR = re.compile(r"^error\[[\w-]+\]: (.*)$", re.MULTILINE)
_FINISHED = re.compile(r"nothing to resume")


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
    results: Sequence[str]
    gpus: int
    hashes: Mapping[str, str]

    @property
    def name(self) -> str:
        return run_name(self.variant, self.seed)

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
    # Its last checkpoint is that of a training that has ended: it must not be resumed.
    is_used_up: bool = False
    # Those that its training sees, where it was given some.
    gpus: str = ""

    @property
    def epochs(self) -> int:
        return len(self.rows)

    @property
    def is_complete(self) -> bool:
        return not missing_epochs(self.rows, self.plan.epochs)


def read_plan(folder: Path) -> RunPlan:
    """Read a run's plan. Raises Refusal where it is damaged."""
    try:
        data = json.loads(read_regular(folder / "run.json"))
        plan = RunPlan(**{name: data[name] for name in RunPlan._fields})
        family_of(plan)
    except (OSError, ValueError, TypeError, KeyError, StopIteration) as error:
        raise Refusal(
            "no-study",
            f"{display(folder / 'run.json')} is not the plan of a run: "
            f"{type(error).__name__}: {error}"[:300],
            hint="it is written by yamlmod study plan; put it back, or plan the study anew",
        ) from error
    return plan


def family_of(plan: RunPlan) -> Family:
    return next(family for family in families() if family.name == plan.family)


def status_of(folder: Path) -> RunStatus:
    """Read a run's state.

    Done: there is a row for every epoch, or the log says that it stopped early. `best.pt` means
    nothing: it is there after the first epoch. A run that a signal ended is cut off and can go on.
    """
    lines = notes_of(folder)  # first: a run that goes on meanwhile must not look unfinished
    plan = read_plan(folder)
    rows = rows_of(folder, plan)
    attempts = notes.attempts_in(notes.text_of(str(folder)))
    last = attempts[-1] if attempts else {}
    host = str(last.get("host", ""))
    if is_locked(folder):
        gpus = str(last.get("gpus", ""))
        return RunStatus(plan, folder, "running", rows, host=host, notes=lines, gpus=gpus)
    if not attempts and missing_epochs(rows, plan.epochs):
        return RunStatus(plan, folder, "waiting", rows, _job_error(folder), notes=lines)
    log = notes.log_tail(str(folder), notes.log_start(attempts))
    state, why = _state(plan, rows, last, log)
    if why == _NO_ROWS and any((folder / name).exists() for name in plan.results):
        why += "; there is a file of results, with no metrics that are known"
    used_up = last.get("code") == 0 or bool(_FINISHED.search(log))
    return RunStatus(plan, folder, state, rows, why, host, lines, used_up)


def _job_error(folder: Path) -> str:
    """Return why a job of SLURM trained nothing: what yamlmod said on its node."""
    errors = _JOB_ERROR.findall(notes.log_tail(str(folder), name="job.log"))
    return str(errors[-1])[:300] if errors else ""


def _state(
    plan: RunPlan, rows: Sequence[EpochRow], last: Mapping[str, Any], log: str
) -> tuple[State, str]:
    missing = missing_epochs(rows, plan.epochs)
    stopped_early = bool(rows) and bool(notes.STOPPED_EARLY.search(log))
    if not missing or stopped_early:
        if wrong := _wrong_metrics(rows[-1]):
            return "failed", wrong
        return "done", _notes_on_end(last, log, "" if not missing else "stopped early")
    if last["event"] == "start":
        return "cut off", "it was killed"
    code = last["code"]
    if last["why"]:
        return "failed" if code is None else "cut off", str(last["why"])
    if code == 0:
        return "failed", f"it ended without epoch {missing[0]}"
    return "cut off" if code < 0 else "failed", reason_of(log, code)


def _wrong_metrics(row: EpochRow) -> str:
    if not row.is_finite:
        return f"the metrics of epoch {row.epoch} are not finite numbers"
    if not row.is_in_range:
        return f"the metrics of epoch {row.epoch} are not between 0 and 1"
    return ""


def _notes_on_end(last: Mapping[str, Any], log: str, start: str) -> str:
    """Say what went wrong after the last epoch: its metrics are there, its weights may not be."""
    if last.get("event") == "start":
        end = "killed after its last row: the weights may be those of the epoch before"
    elif last.get("event") == "end" and last["code"] != 0:
        end = f"after the last epoch {reason_of(log, last['code'])}"
    else:
        end = ""
    return "; ".join(part for part in (start, end) if part)


def rows_of(folder: Path, plan: RunPlan) -> tuple[EpochRow, ...]:
    """Return the planned epochs that have a row; none from a file that cannot be one of results."""
    for name, read in family_of(plan).results.items():
        try:
            text = read_regular(folder / name).decode("utf-8", "replace")
        except FileNotFoundError:
            continue
        except OSError:
            return ()
        return tuple(row for row in read(text) if row.epoch <= plan.epochs)
    return ()


def notes_of(folder: Path) -> int:
    """Return how many lines the guard has written."""
    return notes.text_of(str(folder)).count("\n")


def is_locked(folder: Path) -> bool:
    """Check whether a training holds the folder, here or on another machine."""
    return is_held(str(folder))
