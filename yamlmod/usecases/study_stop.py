"""Stop a study on every machine that sees its folder, by a file in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.study.plan_files import statuses
from yamlmod.study.run_files import RunStatus
from yamlmod.workspace.files import display

_NAME = "stop"


def stop_study(folder: Path) -> list[RunStatus]:
    """Ask all guards of a study to end; return the runs that were running."""
    running = [status for status in statuses(folder) if status.state == "running"]
    (folder / _NAME).write_text("study run DIR takes this back\n", encoding="utf-8")
    return running


def take_back_stop(folder: Path, names: Sequence[str]) -> None:
    """Let a stopped study go on; jobs that wait for one run in a queue do not do so."""
    path = folder / _NAME
    if not path.exists():
        return
    if names:
        raise Refusal(
            "study-stopped",
            f"{display(folder)} was stopped",
            hint="`study run DIR`, without names of runs, lets it go on",
        )
    path.unlink(missing_ok=True)
