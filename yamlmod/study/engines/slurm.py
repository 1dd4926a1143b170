"""SLURM: one array element a run; no daemon, no port. Jobs go on when this command ends."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from yamlmod.errors import Refusal, plural
from yamlmod.programs import find_program
from yamlmod.study.commands import whole_command
from yamlmod.study.engine import EngineKind, EngineSettings
from yamlmod.study.slurm_script import OPTIONS, array_script, arrays, slurm_options
from yamlmod.workspace.disk import make_folder, read_regular, write_draft, write_new
from yamlmod.workspace.files import display

_EVERY = 5.0  # seconds between two questions to the controller, which serves all users
_SAYS = 60.0
_SECONDS = 60


class QueuedRun(NamedTuple):
    """One run in the queue."""

    engine: Slurm
    run: str

    def done(self) -> bool:
        return not self.engine.is_queued(self.run)

    def result(self) -> int | None:
        """Return 0: what became of a run, its files say."""
        while not self.done():
            time.sleep(1.0)
        return 0


class Slurm:
    """The jobs of one study."""

    def __init__(self, settings: EngineSettings) -> None:
        for name in ("sbatch", "squeue"):
            if find_program(name) is None:
                raise Refusal(
                    "no-slurm",
                    f"this machine has no {name}: studies are submitted to SLURM from a login node",
                    hint="`study export DIR --slurm` writes the script without submitting it",
                )
        self.settings = settings
        self.options = slurm_options(settings.options)
        self.home = settings.folder / "slurm"
        self.new: list[str] = []
        self.asked = self.said = 0.0
        self.jobs = self._read_jobs()  # run -> element
        self.live: set[str] = set()
        self._look()  # unanswered, all would be submitted again

    def submit(self, argv: Sequence[str], gpus: int) -> QueuedRun:
        """Queue the run that a command names last; one that is queued already stays there."""
        run = argv[-1]
        if self.jobs.get(run) not in self.live:
            self.new.append(run)
        return QueuedRun(self, run)

    def stop(self) -> None:
        if self.live:
            jobs = sorted({element.partition("_")[0] for element in self.live})
            self.settings.say(f"in the queue: job {', '.join(jobs)}; `scancel` ends one")

    def is_queued(self, run: str) -> bool:
        if self.new:
            self._send()
        if time.monotonic() > self.asked + _EVERY:
            self._ask()
        return self.jobs.get(run) in self.live

    def _send(self) -> None:
        runs, self.new = self.new, []
        make_folder(self.home)
        number = _new_list(self.home, runs)
        list_file, script = self.home / f"runs-{number}.txt", self.home / f"array-{number}.sh"
        name = self.settings.folder.name
        text = array_script(self.settings.folder, name, list_file, len(runs), self.options)
        write_draft(script, text.encode("utf-8"))
        noted = self.home / f"jobs-{number}.json"
        jobs: dict[str, str] = {}
        for array in arrays(len(runs), self.options.array_limit):
            answer = _called(["sbatch", "--parsable", array.option, str(script), str(array.start)])
            job = answer.strip().partition(";")[0]
            part = runs[array.start : array.start + array.size]
            jobs |= {run: f"{job}_{index}" for index, run in enumerate(part)}
            self.jobs |= jobs
            self.live |= set(jobs.values())
            # After each: if the next array is refused, this one must not be submitted again.
            write_draft(noted, json.dumps(jobs).encode("utf-8"))
            self.settings.say(f"job {job}: {plural(len(part), 'run')}; `scancel {job}` ends them")
        self.asked = time.monotonic()

    def _read_jobs(self) -> dict[str, str]:
        """Read what was submitted before, by this command or another client's."""
        jobs: dict[str, str] = {}
        number = 1
        while (self.home / f"runs-{number}.txt").exists():
            # Without one it was killed before it noted them; each run is trained once anyway.
            with contextlib.suppress(FileNotFoundError):
                jobs |= _noted_jobs(self.home / f"jobs-{number}.json")
            number += 1
        return jobs

    def _look(self) -> None:
        """Ask which elements of ours are in the queue, waiting or running."""
        self.asked = time.monotonic()
        text = _called(["squeue", "-h", "-r", "-u", str(os.getuid()), "-o", "%F_%K"])
        self.live = set(text.split()) & set(self.jobs.values())

    def _ask(self) -> None:
        try:
            self._look()
        except Refusal as error:
            # Until it answers again, all is as it was.
            if self.asked > self.said + _SAYS:
                self.said = self.asked
                self.settings.say(f"SLURM does not answer; trying again: {error.message}"[:200])


def _noted_jobs(path: Path) -> dict[str, str]:
    try:
        jobs = json.loads(read_regular(path))
    except (ValueError, RecursionError):
        jobs = None
    if not isinstance(jobs, dict) or not all(isinstance(job, str) for job in jobs.values()):
        raise Refusal("slurm-failed", f"{display(path)} is damaged", hint="remove it")
    return jobs


def _new_list(home: Path, runs: Sequence[str]) -> int:
    """Write a list of its own, and return its number: one of jobs in the queue must not change."""
    number = 1
    while True:
        try:
            lines = "".join(f"{run}\n" for run in runs)
            write_new(home / f"runs-{number}.txt", lines.encode("utf-8"))
        except FileExistsError:
            number += 1
        else:
            return number


def _called(words: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Refusal("slurm-failed", f"{words[0]}: {error}"[:300]) from None
    if done.returncode:
        reason = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise Refusal("slurm-failed", f"{words[0]} failed: {reason}"[:400])
    return done.stdout.decode("utf-8", "replace")


def write_script(folder: Path, name: str, runs: Sequence[str], words: dict[str, str]) -> list[str]:
    """Write the script for all runs of a study into its folder; return how it is submitted."""
    options = slurm_options(words)
    home = folder / "slurm"
    list_file, script = home / "runs.txt", home / "array.sh"
    text = array_script(folder, name, list_file, len(runs), options)
    write_draft(list_file, "".join(f"{run}\n" for run in runs).encode("utf-8"))
    write_draft(script, text.encode("utf-8"))
    parts = arrays(len(runs), options.array_limit)
    if len(parts) == 1:
        return [f"sbatch {script}"]
    return [f"sbatch {part.option} {script} {part.start}" for part in parts]


ENGINE = EngineKind(Slurm, whole_command, stays=True, options=OPTIONS)
