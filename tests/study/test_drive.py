"""Runs survive every kill: each epoch is trained once, no process is left, none runs twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.study.folders import epochs_trained, run_folder, trainings
from yamlmod.study.drive import drive, guarded
from yamlmod.study.engines.pool import Pool
from yamlmod.study.guard.lock import newest
from yamlmod.study.run_files import is_locked, status_of

_DRIVER = """\
import sys
from pathlib import Path
from yamlmod.study.drive import drive
from yamlmod.study.engines.pool import Pool
drive([Path(word) for word in sys.argv[2:]], Pool(int(sys.argv[1])))
"""


def _driver(folders: list[Path], jobs: int = 2) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _DRIVER, str(jobs), *map(str, folders)])


def _is_alive(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _wait(condition: object, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)


def test_all_runs_are_trained_and_then_left_alone(tmp_path: Path) -> None:
    folders = [run_folder(tmp_path, name, seed) for seed in (0, 1) for name in ("base", "a")]
    driven = drive(folders, Pool(2))
    assert driven.started == tuple(folder.name for folder in folders)
    assert [run.state for run in driven.runs] == ["done"] * 4
    assert [row.epoch for row in driven.runs[0].rows] == [1, 2, 3, 4, 5]
    assert driven.runs[3].rows[4].map50 == pytest.approx(40.1)
    again = drive(folders, Pool(2))
    assert again.started == () and again.runs == driven.runs
    assert all(epochs_trained(folder) == [0, 1, 2, 3, 4] for folder in folders)


def test_a_failure_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    bad = run_folder(tmp_path, "bad", options={"fail": "CUDA out of memory. Tried"})
    good = run_folder(tmp_path, "good")
    states = {run.folder: run for run in drive([bad, good], Pool(1)).runs}
    assert (states[bad].state, states[bad].why) == ("failed", "out of memory")
    assert states[good].state == "done"
    assert drive([bad, good], Pool(1)).started == ()
    assert drive([bad, good], Pool(1), retry=True).started == (bad.name,)


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    text = (folder / "run.json").read_text().replace(sys.executable, "/no/such/python")
    (folder / "run.json").write_text(text)
    status = drive([folder], Pool(1)).runs[0]
    assert status.state == "failed" and "not started" in status.why


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel about its processes")
@pytest.mark.parametrize("victim", ["driver", "guard", "training", "all"])
def test_killed_at_random_and_resumed(tmp_path: Path, victim: str) -> None:
    chance = random.Random(victim)
    folders = [run_folder(tmp_path, name, 0, {"epochs": 8}) for name in ("a", "b", "c")]
    for _ in range(4):
        process = _driver(folders)
        time.sleep(chance.uniform(0.3, 0.9))
        for number in _victims(victim, process, folders):
            if _is_alive(number):
                os.kill(number, signal.SIGKILL)
        if victim in ("driver", "all"):
            process.wait()
            _wait(lambda: not any(is_locked(folder) for folder in folders))
        else:
            process.wait()
        # The kernel ends it with its guard, as soon as it comes to it.
        _wait(lambda: not any(_is_alive(n) for folder in folders for n in trainings(folder)))
    for _ in range(4):
        drive(folders, Pool(2))
    assert [status_of(folder).state for folder in folders] == ["done"] * 3
    for folder in folders:
        trained = epochs_trained(folder)
        assert sorted(set(trained)) == list(range(8))
        # A kill repeats the epoch that it came in.
        assert len(trained) <= 8 + len(trainings(folder)) - 1
        assert [row.epoch for row in status_of(folder).rows] == list(range(1, 9))


def _victims(kind: str, driver: subprocess.Popen[bytes], folders: list[Path]) -> list[int]:
    guards = []
    for folder in folders:
        text = newest(str(folder))[1]
        guards += [json.loads(text)["pid"]] if text else []
    running = [n for folder in folders for n in trainings(folder)[-1:]]
    return {
        "driver": [driver.pid],
        "guard": guards[:1],
        "training": running[:1],
        "all": [driver.pid, *guards, *running],
    }[kind]


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel about its processes")
def test_two_drivers_at_once_train_each_run_once(tmp_path: Path) -> None:
    folders = [run_folder(tmp_path, "v", seed, {"epochs": 4}) for seed in range(4)]
    drivers = [_driver(folders) for _ in range(2)]
    assert [driver.wait(60) for driver in drivers] == [0, 0]
    drive(folders, Pool(2))
    for folder in folders:
        assert epochs_trained(folder) == [0, 1, 2, 3]
        assert len(trainings(folder)) == 1
        assert "resumed" not in (folder / "trace.txt").read_text()


def test_a_run_that_was_finished_since_is_not_resumed(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    before = status_of(folder)
    late = guarded(before)
    drive([folder], Pool(1))
    assert subprocess.run(late, check=False, stdin=subprocess.PIPE).returncode == 76
    assert "resumed" not in (folder / "trace.txt").read_text()


def test_gpus_are_handed_out_one_by_one(tmp_path: Path) -> None:
    seen = tmp_path / "seen.txt"
    code = (
        f"import os,time;open({str(seen)!r},'a')"
        ".write(os.environ['CUDA_VISIBLE_DEVICES']+' ');time.sleep(.2)"
    )
    pool = Pool(4, ["0", "1"])
    for waiting in [pool.submit([sys.executable, "-c", code], 1) for _ in range(4)]:
        assert waiting.result() == 0
    pool.stop()
    words = seen.read_text().split()
    assert sorted(words) == ["0", "0", "1", "1"] and set(words[:2]) == {"0", "1"}


def test_runs_on_this_machine_are_waited_for_and_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    monkeypatch.setattr("yamlmod.study.drive.time.sleep", asked.append)
    looks: list[float] = []
    folders = [run_folder(tmp_path, name, options={"seconds": 0.25}) for name in ("base", "a")]
    drive(folders, Pool(2), watch=lambda runs: looks.append(time.monotonic()))
    assert not any(asked) and 2 <= len(looks) <= 10


def test_a_run_that_is_done_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [run_folder(tmp_path, name, options={"seconds": 0.3}) for name in ("base", "a")]
    drive(folders[:1], Pool(1))
    read: list[Path] = []
    monkeypatch.setattr(
        "yamlmod.study.drive.status_of", lambda folder: read.append(folder) or status_of(folder)
    )
    states: list[list[str]] = []
    driven = drive(folders, Pool(1), watch=lambda runs: states.append([r.state for r in runs]))
    assert len(states) > 1 and all(state[0] == "done" for state in states)
    assert [run.state for run in driven.runs] == ["done", "done"]
    assert read.count(folders[0]) == 2  # at the start and, whatever came since, at the end
    assert read.count(folders[1]) > 2
