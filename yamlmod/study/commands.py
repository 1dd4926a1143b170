"""The commands of a run that an engine may start."""

from __future__ import annotations

import sys
from pathlib import Path

from yamlmod.study.run_files import RunStatus

GUARD = Path(__file__).with_name("guard")
CARRIED = "guard"  # its copy in the folder of a study
_ALONE = ("-I", "-S")  # it needs the standard library alone: no site packages, no `.pth` files


def guarded(status: RunStatus) -> list[str]:
    """Return the command that runs one training under the guard, on this machine."""
    return [sys.executable, *_ALONE, str(GUARD), *_words(status)]


def carried_guard(status: RunStatus) -> list[str]:
    """Return the same by what the study brings along: its copy of the guard, the fork's Python."""
    study = status.folder.parent.parent
    return [status.plan.argv[0], *_ALONE, str(study / CARRIED), *_words(status)]


def whole_command(status: RunStatus) -> list[str]:
    """Return `study run` of one run, for a machine with this yamlmod; it checks what it trains."""
    study = status.folder.parent.parent
    return [sys.executable, "-m", "yamlmod", "study", "run", str(study), status.folder.name]


def _words(status: RunStatus) -> list[str]:
    how = "fresh" if status.is_used_up else "resume"
    return [str(status.folder), str(status.notes), how]
