"""Kill the trainings of a planned study with SIGKILL, at random, and count what is left (Linux).

    yamlmod study plan study.yaml -o out
    python -m tools.study_kills out --kills 30
    python -m tools.study_kills out --kills 20 --mid-epoch

`study run` is started again and again; each time the driver, a training, a guard, driver and
training, or all three are killed at a random moment. In between all processes are looked at: two
trainings in one folder, and trainings that outlive their driver, are counted. At the end every run
must have every epoch once, and no more epochs trained than kills explain.

With --mid-epoch a kill waits until the training has written a row and its checkpoint, and comes
between 15 and 85 % of an epoch later; it counts as such if no other row has come meanwhile.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

_KINDS = ("driver", "training", "guard", "driver and training", "all")
_GUARD = "guard"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--within", type=float, default=20.0, help="seconds until a kill, at most")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--mid-epoch", action="store_true")
    options = parser.parse_args()
    attack = Attack(options.folder.resolve(), options.jobs, random.Random(options.seed))
    attack.kill(options.kills, options.within, options.mid_epoch)
    return attack.finish()


class Attack:
    """One study under attack, and what was seen meanwhile."""

    def __init__(self, folder: Path, jobs: int, chance: random.Random) -> None:
        self.folder, self.jobs, self.chance = folder, jobs, chance
        self.driver: subprocess.Popen[bytes] | None = None
        self.kills: Counter[str] = Counter()
        self.in_epochs: Counter[str] = Counter()
        self.took: list[float] = []  # seconds of epochs
        self.orphans = self.doubled = self.looks = 0
        self.ended = threading.Event()
        self.watch = threading.Thread(target=self._watch, daemon=True)
        self.watch.start()

    def kill(self, wanted: int, within: float, in_epochs: bool) -> None:
        counted = self.in_epochs if in_epochs else self.kills
        while sum(counted.values()) < wanted:
            if all(run["state"] == "done" for run in self.states()):
                break
            self._start()
            self._wait_for_training()
            middle = None
            if in_epochs:
                middle = self._wait_for_epoch()
            else:
                time.sleep(self.chance.uniform(0.0, within))
            kind = self.chance.choice(_KINDS)
            victims = self._victims(kind)
            if not victims:
                continue
            for number in victims:
                try:
                    os.kill(number, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            self.kills[kind] += 1
            if middle is not None and middle.is_still():
                self.in_epochs[kind] += 1
            sys.stdout.write(f"{sum(self.kills.values())} {kind} {middle or ''}\n")
            sys.stdout.flush()
            if self.driver is not None and self.driver.pid in victims:
                self.driver.wait()
                self.driver = None
                self._expect_silence()

    def finish(self) -> int:
        """Run to the end, and compare the rows with the plan."""
        while any(run["state"] in ("waiting", "cut off", "running") for run in self.states()):
            self._start()
            assert self.driver is not None
            self.driver.wait()
            self.driver = None
        self._expect_silence()
        self.ended.set()
        self.watch.join()
        wrong = repeated = needed = 0
        for run in self.states():
            home = self.folder / "runs" / run["run"]
            trained = [
                epoch for path in sorted(home.glob("*/results.csv")) for epoch in _epochs(path)
            ]
            attempts = (home / "attempts.jsonl").read_text(encoding="utf-8").count('"start"')
            extra = len(trained) - run["epochs"]
            needed, repeated = needed + run["epochs"], repeated + extra
            if run["state"] != "done" or len(set(trained)) != run["epochs"] or extra >= attempts:
                wrong += 1
                sys.stdout.write(f"wrong: {run} trained {trained} in {attempts} attempts\n")
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.kills.items())
        inner = ", ".join(f"{count} {kind}" for kind, count in self.in_epochs.items())
        if inner:
            sys.stdout.write(f"{sum(self.in_epochs.values())} in an epoch ({inner})\n")
        sys.stdout.write(
            f"{sum(self.kills.values())} kills ({kinds}); {needed} epochs needed, {repeated} "
            f"repeated; runs that are wrong: {wrong}; trainings that outlived their driver: "
            f"{self.orphans}; two in one folder: {self.doubled} of {self.looks} looks\n"
        )
        return 1 if wrong or self.orphans or self.doubled else 0

    def states(self) -> list[dict[str, object]]:
        done = self._yamlmod("status", str(self.folder), "--json")
        runs: list[dict[str, object]] = json.loads(done)["runs"]
        return runs

    def _yamlmod(self, *words: str) -> bytes:
        command = [sys.executable, "-m", "yamlmod", "study", *words]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def _start(self) -> None:
        if self.driver is None or self.driver.poll() is not None:
            command = [sys.executable, "-m", "yamlmod", "study", "run", str(self.folder)]
            self.driver = subprocess.Popen([*command, "--jobs", str(self.jobs)])

    def _wait_for_training(self) -> None:
        while not self._trainings():
            if self.driver is None or self.driver.poll() is not None:
                return
            time.sleep(0.05)

    def _wait_for_epoch(self) -> _Middle | None:
        """Wait for the middle of an epoch; None where the study ended first."""
        seen: list[tuple[str, int, float]] = []  # run, rows, when they were seen to grow
        while self.driver is not None and self.driver.poll() is None:
            time.sleep(0.02)
            for _, run in self._trainings():
                middle = _Middle.of(self.folder / "runs" / run)
                if middle is None or (seen and (run, middle.rows) == seen[-1][:2]):
                    continue
                if not seen or seen[-1][0] != run:
                    seen = [(run, middle.rows, 0.0)]
                    continue
                seen.append((run, middle.rows, time.monotonic()))
                self.took += [b[2] - a[2] for a, b in itertools.pairwise(seen[-2:]) if a[2]]
                if self.took and middle.rows < middle.epochs:
                    time.sleep(self.chance.uniform(0.15, 0.85) * min(self.took[-3:]))
                    return middle
        return None

    def _victims(self, kind: str) -> list[int]:
        driver = [] if self.driver is None or self.driver.poll() is not None else [self.driver.pid]
        trainings = [number for number, _ in self._trainings()]
        guards = [number for number, words in self._mine() if _is_guard(words)]
        return {
            "driver": driver,
            "training": trainings[:1],
            "guard": guards[:1],
            "driver and training": [*driver, *trainings] if driver and trainings else [],
            "all": [*driver, *guards, *trainings] if driver and trainings else [],
        }[kind]

    def _mine(self) -> list[tuple[int, list[str]]]:
        """Return the processes that name a folder of this study's runs, with their words."""
        found = []
        for path in Path("/proc").iterdir():
            if not path.name.isdigit() or int(path.name) == os.getpid():
                continue
            try:
                words = path.joinpath("cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            except OSError:
                continue
            if any(f"{self.folder}/runs/" in word for word in words):
                found.append((int(path.name), words))
        return found

    def _trainings(self) -> list[tuple[int, str]]:
        return [(number, _run_of(words)) for number, words in self._mine() if not _is_guard(words)]

    def _expect_silence(self) -> None:
        """Nothing may go on for more than a moment after its driver; a guard ends it."""
        end = time.monotonic() + 30
        while self._mine() and time.monotonic() < end:
            time.sleep(0.1)
        self.orphans += len(self._mine())

    def _watch(self) -> None:
        while not self.ended.wait(0.1):
            self.looks += 1
            # A process that is about to start a program, such as lscpu, has its parent's words.
            trainings = dict(self._trainings())
            counts = Counter(
                run for number, run in trainings.items() if _parent(number) not in trainings
            )
            self.doubled += sum(count > 1 for count in counts.values())


class _Middle(NamedTuple):
    """A run after the checkpoint of an epoch and before the row of the next one."""

    home: Path
    rows: int
    epochs: int

    @classmethod
    def of(cls, home: Path) -> _Middle | None:
        results, last = home / "train" / "results.csv", home / "train" / "weights" / "last.pt"
        try:
            if last.stat().st_mtime_ns < results.stat().st_mtime_ns:
                return None
            plan = json.loads((home / "run.json").read_text(encoding="utf-8"))
            return cls(home, len(_epochs(results)), plan["epochs"])
        except OSError:
            return None

    def is_still(self) -> bool:
        return self == _Middle.of(self.home)

    def __str__(self) -> str:
        return f"{self.home.name} in epoch {self.rows + 1} of {self.epochs}"


def _parent(number: int) -> int:
    try:
        return int(Path(f"/proc/{number}/stat").read_bytes().rpartition(b")")[2].split()[1])
    except OSError:
        return 0


def _is_guard(words: list[str]) -> bool:
    return any(word.endswith(f"/{_GUARD}") for word in words)


def _run_of(words: list[str]) -> str:
    word = next(word for word in words if "/runs/" in word)
    return word.partition("/runs/")[2].split("/")[0]


def _epochs(path: Path) -> list[int]:
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    return [int(row[0]) for row in rows[1:] if row and row[0].strip().isdigit()]


if __name__ == "__main__":
    sys.exit(main())
