"""Stop a study on every machine that sees its folder, by a file in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.study.guard.checkpoint import STOP
from yamlmod.study.plan_files import statuses
from yamlmod.study.run_files import RunStatus
from yamlmod.workspace.disk import remove, write_draft
from yamlmod.workspace.files import display, exists


def stop_study(folder: Path) -> list[RunStatus]:
    """Ask all guards of a study to end; return the runs that were running."""
    running = [status for status in statuses(folder) if status.state == "running"]
    write_draft(folder / STOP, b"study run DIR takes this back\n")
    return running


def refuse_stopped(folder: Path, names: Sequence[str]) -> None:
    """Refuse single runs of a stopped study: jobs that wait in a queue must not let it go on."""
    if names and exists(folder / STOP):
        raise Refusal(
            "study-stopped",
            f"{display(folder)} was stopped",
            hint="`study run DIR`, without names of runs, lets it go on",
        )


def take_back_stop(folder: Path) -> None:
    """Let a stopped study go on."""
    remove(folder / STOP)
