"""`study run` against the bare training script: what a run costs more.

    python benchmarks/study_run.py STUDY.yaml [--rounds 5] [--python PATH]

STUDY.yaml names one fork; only the base's first seed is trained. Each round trains it twice, in
turn: by the command line of its run.json, as a user would give it, and by `yamlmod study run` of a
freshly planned folder. On a machine that others use, the difference of two trainings is mostly
noise. So the training is started by a recorder, in both ways, which notes when it began and ended
and its CPU time. What yamlmod costs is then measured directly: the time before the training, the
time after it, and the CPU time of all processes but the training's. What it does while the training
runs can cost at most that CPU time. Printed are medians, quartiles and the largest value. A
training has one thread here: the time that idle threads spin is noise, too.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

_RECORDER = """\
import json, os, resource, subprocess, sys, time
start = time.monotonic()
code = subprocess.call(sys.argv[2:])
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
cpu = sum(one.ru_utime + one.ru_stime for one in used)
with open(sys.argv[1], "w") as file:
    json.dump({"start": start, "end": time.monotonic(), "cpu": cpu}, file)
sys.exit(code)
"""
_RECORD = "record.json"


class Times(NamedTuple):
    """Seconds of a command: before, in and after its training, and CPU time of both parts."""

    before: float
    training: float
    after: float
    own_cpu: float
    training_cpu: float

    @property
    def wall(self) -> float:
        return self.before + self.training + self.after


def main() -> None:
    """Print the overhead."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("study", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory(dir=options.study.parent) as home:
        out = Path(home, "out")
        plan = ["plan", str(options.study), "-o", str(out), "--no-run", "--python", options.python]
        subprocess.run([*_YAMLMOD, *plan], check=True, stdout=subprocess.DEVNULL)
        _put_recorder_in(out)
        pairs = []
        for number in range(options.rounds + 1):
            both = [("bare", bare), ("study", by_study)]
            timed = {name: job(out) for name, job in (both if number % 2 else both[::-1])}
            if number:  # the first fills caches
                pairs.append((timed["bare"], timed["study"]))
                say(f"round {number}: {_shown(timed['bare'])} | {_shown(timed['study'])}")
    for label, part in (("before and after", _around), ("CPU beside", _own)):
        say(f"{label}: {_spread([part(study) - part(alone) for alone, study in pairs])} s more")
    say(f"whole, wall: {_spread([study.wall - alone.wall for alone, study in pairs])} s more")
    cpu = [study.training_cpu / alone.training_cpu for alone, study in pairs]
    say(f"CPU of the training: {_spread(cpu)} times that of the bare one")


_YAMLMOD = (sys.executable, "-m", "yamlmod", "study")


def bare(out: Path) -> Times:
    """Train as `run.json` says, without yamlmod."""
    folder = _run_folder(out)
    plan = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    environment = {**os.environ, **plan["environment"]}
    return _timed(plan["argv"], plan["cwd"], environment, folder)


def by_study(out: Path) -> Times:
    folder = _run_folder(out)
    return _timed([*_YAMLMOD, "run", str(out), folder.name], str(out), dict(os.environ), folder)


def _put_recorder_in(out: Path) -> None:
    path = _run_folder(out) / "run.json"
    plan = json.loads(path.read_text(encoding="utf-8"))
    recorder = out / "recorder.py"
    recorder.write_text(_RECORDER, encoding="utf-8")
    start = [plan["argv"][0], "-S", str(recorder), str(path.parent / _RECORD)]
    plan["argv"] = [*start, *plan["argv"]]
    path.write_text(json.dumps(plan), encoding="utf-8")


def _run_folder(out: Path) -> Path:
    """Return the run's folder as it was planned."""
    folder = next(path for path in sorted((out / "runs").iterdir()) if path.name.startswith("base"))
    for path in folder.iterdir():
        if path.name != "run.json":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder


def _timed(words: list[str], cwd: str, environment: dict[str, str], folder: Path) -> Times:
    used, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    # In a session of its own, as the guard starts a training: Linux shares time between sessions.
    done = subprocess.run(
        words,
        cwd=cwd,
        env=environment,
        capture_output=True,
        check=False,
        start_new_session=sys.platform != "win32",
    )
    end, now = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode or not list(folder.glob("train/results.*")):
        sys.exit(done.stdout.decode()[-2000:] + done.stderr.decode()[-2000:])
    record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    return Times(
        record["start"] - start,
        record["end"] - record["start"],
        end - record["end"],
        cpu - record["cpu"],
        record["cpu"],
    )


def _around(times: Times) -> float:
    return times.before + times.after


def _own(times: Times) -> float:
    return times.own_cpu


def _shown(times: Times) -> str:
    return " ".join(f"{name} {value:.2f}" for name, value in zip(Times._fields, times, strict=True))


def _spread(values: list[float]) -> str:
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:.2f} ({low:.2f} to {high:.2f}, at most {max(values):.2f})"


def say(line: str) -> None:
    """Write a line."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
