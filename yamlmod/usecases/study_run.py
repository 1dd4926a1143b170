"""Run a planned study, and report it."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from yamlmod.errors import Refusal, one_of
from yamlmod.runtime.interpreter import ask, choose
from yamlmod.study.drive import Driven, drive, is_due
from yamlmod.study.engine import EngineSettings
from yamlmod.study.find_engine import find_engine
from yamlmod.study.plan_files import read_study_plan, run_folders, statuses
from yamlmod.study.report import report_of
from yamlmod.study.report_table import FORMATS, HTML, SUFFIXES
from yamlmod.study.run_files import RunStatus, status_of
from yamlmod.study.unchanged import check_files, check_versions
from yamlmod.usecases.new_file import Overwriting, new_file_change
from yamlmod.usecases.study_engine import open_engine
from yamlmod.usecases.study_stop import refuse_stopped, take_back_stop
from yamlmod.workspace.files import FileChange, real_path

# A fork that is started by name is one of them; its own copy is frozen besides.
_PACKAGES = ("torch", "torchvision", "numpy", "ultralytics")
_EVERY = 10.0  # seconds between two lines of progress


class Watch(Protocol):
    """Sees the runs from time to time, and hears when an interrupt ends them."""

    def __call__(self, runs: Sequence[RunStatus]) -> None: ...

    def stopping(self) -> None: ...


MakeWatch = Callable[[int], Watch]


def run_study(
    folder: Path,
    names: Sequence[str],
    jobs: int | None,
    gpus: str,
    retry: bool,
    say: Callable[[str], None],
    engine: str = "pool",
    options: Mapping[str, str] | None = None,
    wait: bool = False,
    live: MakeWatch | None = None,
) -> Driven:
    """Train what is not done; ``say`` is told of each run that ends and, now and then, how far.

    With ``live`` what it makes for a number of jobs watches instead.
    """
    kind = find_engine(engine)
    cards = [word.strip() for word in gpus.split(",") if word.strip()]
    folders = [real_path(path) for path in run_folders(folder, names)]
    due = [status.plan for path in folders if is_due(status := status_of(path), retry)]
    check_files(folder, due)
    for python in dict.fromkeys(plan.argv[0] for plan in due if not kind.stays):
        check_versions(folder, _versions(python, folder))
    settings = EngineSettings(real_path(folder), jobs, cards, options or {}, say)
    refuse_stopped(folder, names)
    opened = open_engine(kind, settings, due, _PACKAGES)
    take_back_stop(folder)
    watch = live(jobs or max(1, len(cards))) if live is not None else _ProgressLines(say)
    stays = kind.stays or wait
    return drive(folders, opened, retry, watch, kind.command, stays, watch.stopping)


def _versions(python: str, folder: Path) -> dict[str, str | None]:
    """Ask the Python that trains; nothing of it is imported."""
    imports = ask(choose(python), folder, (), _PACKAGES)
    return {"Python": imports.version, **imports.versions}


class _ProgressLines:
    """Words what changes between two looks at the runs."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.states: dict[str, str] = {}
        self.last = time.monotonic()

    def __call__(self, runs: Sequence[RunStatus]) -> None:
        for run in runs:
            old = self.states.get(run.plan.name)
            if old is not None and old != run.state:
                reason = f": {run.why}" if run.why else ""
                self.say(f"{run.plan.name} {run.state}{reason}")
            self.states[run.plan.name] = run.state
        if time.monotonic() - self.last > _EVERY:
            self.last = time.monotonic()
            running = [run for run in runs if run.state == "running"]
            done = sum(run.state == "done" for run in runs)
            far = ", ".join(f"{r.plan.name} {r.epochs}/{r.plan.epochs}" for r in running)
            self.say(f"{done} of {len(runs)} done; {far}")

    def stopping(self) -> None:
        self.say("stopping what trains; the same command goes on later")


class ReportText(NamedTuple):
    """A report as it is written, and what is missing from it."""

    text: str
    format: str
    notes: tuple[str, ...] = ()


def report_text(folder: Path, format: str, output: Path | None) -> ReportText:
    if not format:
        format = SUFFIXES.get(output.suffix.lower(), "") if output else "md"
    if format not in (*FORMATS, HTML):
        raise Refusal("usage", f"--format is one of {one_of([*FORMATS, HTML])}")
    report = report_of(read_study_plan(folder), statuses(folder))
    if format != HTML:
        return ReportText(FORMATS[format](report), format)
    # Here and not at the top: the other formats need no networks and no pictures.
    from yamlmod.usecases.study_page import study_page

    text, notes = study_page(folder, report)
    return ReportText(text, format, notes)


def report_change(text: str, output: Path, force: bool) -> FileChange:
    """Return the write of a report; an existing file needs --force."""
    return new_file_change(output, text.encode("utf-8"), Overwriting(force))


def slurm_lines(folder: Path, options: dict[str, str]) -> list[str]:
    """Write the array script of a study; return the commands that submit it."""
    from yamlmod.study.engines.slurm import write_script

    plan = read_study_plan(folder)
    return write_script(real_path(folder), plan.name, plan.runs, options)


def command_lines(folder: Path) -> list[str]:
    """Return an idempotent command for each run, for a shell."""
    home = str(real_path(folder))
    start = [sys.executable, "-m", "yamlmod", "study", "run", home]
    return [shlex.join([*start, path.name]) for path in run_folders(folder)]
