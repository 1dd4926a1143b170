"""Watch the processes of a study while it is attacked, and count what it trained (Linux)."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from tools.study_daemons.studies import yamlmod


class Watch:
    """What is looked at all the time: two trainings in one folder, and on which GPUs they are."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.looks = self.doubled = self.most = 0
        self.gpus: Counter[str] = Counter()
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.ended = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def trainings(self) -> dict[int, str]:
        """Return the process numbers of trainings, with their runs; helpers are left out."""
        found = {}
        for path in Path("/proc").iterdir():
            try:
                words = path.joinpath("cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            except OSError:
                continue
            runs = [word for word in words if f"{self.folder}/runs/" in word]
            if path.name.isdigit() and runs and not any(w.endswith("/guard") for w in words):
                found[int(path.name)] = runs[0].partition("/runs/")[2].split("/")[0]
        return {number: run for number, run in found.items() if parent(number) not in found}

    def wait(self, what: str, condition: Callable[[], object], seconds: float = 300) -> bool:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                self.problems.append(f"{what}: not within {seconds:g} s")
                return False
            time.sleep(0.05)
        return True

    def wait_for_epochs(self, least: int = 1) -> bool:
        """Wait until a training that runs has as many rows."""
        return self.wait("a training with rows", lambda: self.rows_of_running() >= least)

    def rows_of_running(self) -> int:
        counts = [len(self.epochs(run)) for run in self.trainings().values()]
        return max(counts, default=0)

    def epochs(self, run: str) -> list[int]:
        """Return all epochs that a run trained, those of attempts that were set aside, too."""
        home = self.folder / "runs" / run
        return [epoch for path in sorted(home.glob("*/results.csv")) for epoch in _epochs(path)]

    def finish(self, kills: int, starts: int | None = None) -> bool:
        """Count; ``kills`` may have repeated an epoch each, each run began ``starts`` times."""
        self.wait("an end of all trainings", lambda: not self.trainings(), 60)
        self.ended.set()
        needed = repeated = began = 0
        runs = json.loads(yamlmod("status", str(self.folder), "--json"))["runs"]
        for run in runs:
            trained = self.epochs(run["run"])
            attempts = self.folder / "runs" / run["run"] / "attempts.jsonl"
            text = attempts.read_text(encoding="utf-8") if attempts.exists() else ""
            count = text.count('"start"')
            needed, began = needed + run["epochs"], began + count
            repeated += len(trained) - len(set(trained))
            if run["state"] != "done" or set(trained) != set(range(run["epochs"])):
                self.problems.append(f"{run['run']} {run['state']} {run['why']}: trained {trained}")
            if starts is not None and count != starts:
                self.problems.append(f"{run['run']} was started {count} times")
        if repeated > kills:
            self.problems.append(f"{repeated} epochs were trained twice, for {kills} kills")
        if self.doubled:
            self.problems.append(f"two trainings in one folder: {self.doubled} looks")
        say(
            f"{self.name}: {len(runs)} runs, {began} starts, {needed} epochs needed, {repeated} "
            f"repeated; two in one folder in {self.doubled} of {self.looks} looks"
            + "".join(f"; {note}" for note in self.notes)
            + "".join(f"\n  PROBLEM {problem}" for problem in self.problems)
        )
        return not self.problems

    def _watch(self) -> None:
        while not self.ended.wait(0.1):
            trainings = self.trainings()
            self.looks += 1
            self.most = max(self.most, len(trainings))
            self.doubled += any(count > 1 for count in Counter(trainings.values()).values())
            for number in trainings:
                self.gpus[variable(number, "CUDA_VISIBLE_DEVICES")] += 1


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def all_held(outcomes: Sequence[bool], only: str) -> bool:
    """Check that trials ran and that all held: a word that chooses none is a mistake."""
    if not outcomes:
        say(f"no trial has the word {only!r}")
    return bool(outcomes) and all(outcomes)


def parent(number: int) -> int:
    try:
        return int(Path(f"/proc/{number}/stat").read_bytes().rpartition(b")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def children(number: int) -> list[int]:
    return [other for other in processes() if parent(other) == number]


def kill(number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(number, 9)


def variable(number: int, name: str) -> str:
    try:
        text = Path(f"/proc/{number}/environ").read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""
    return next((w.partition("=")[2] for w in text.split("\0") if w.startswith(f"{name}=")), "")


def _epochs(path: Path) -> list[int]:
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    return [int(row[0]) for row in rows[1:] if row and row[0].strip().isdigit()]
