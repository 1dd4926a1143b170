"""The array script for SLURM: its text, what it refuses, and what it does when it is run."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.study.folders import epochs_trained, run_folder
from yamlmod.errors import Refusal
from yamlmod.study.engine import EngineSettings
from yamlmod.study.engines.slurm import Slurm, write_script
from yamlmod.study.plan_files import StudyPlan, VariantFacts, write_study_plan
from yamlmod.study.run_files import status_of
from yamlmod.study.slurm_script import array_script, arrays, slurm_options

_bash = pytest.mark.skipif(
    sys.platform == "win32" or shutil.which("bash") is None, reason="SLURM runs scripts of bash"
)


def _study(home: Path, runs: int, epochs: int, seconds: float) -> list[str]:
    options = {"epochs": epochs, "seconds": seconds}
    names = [run_folder(home / "runs", "base", seed, options).name for seed in range(runs)]
    facts = VariantFacts("base", (), "", "", "x.yaml", epochs)
    write_study_plan(home, StudyPlan("a study", "yolov5", (), list(range(runs)), (facts,), names))
    return names


def test_the_text(tmp_path: Path) -> None:
    words = {
        "partition": "main",
        "gres": "gpu:a100:1",
        "time": "08:00:00",
        "array-limit": "8",
        "sbatch": "--account=lab\n--mail-type=FAIL",
    }
    names = [f"base-s{seed}" for seed in range(9)]
    lines = write_script(tmp_path, "a study; of 1", names, words)
    script = tmp_path / "slurm" / "array.sh"
    assert lines == [f"sbatch {script}"]
    assert (tmp_path / "slurm" / "runs.txt").read_text().splitlines() == names
    text = script.read_text()
    assert re.findall(r"^#SBATCH (.*)", text, re.MULTILINE) == [
        "--job-name=yamlmod-a-study--of-1",
        "--array=0-8%8",
        "--partition=main",
        "--gres=gpu:a100:1",
        "--time=08:00:00",
        "--signal=B:USR1@120",
        "--requeue",
        "--open-mode=append",
        f"--output={tmp_path}/slurm/%A_%a.log",
        "--account=lab",
        "--mail-type=FAIL",
    ]
    assert write_script(tmp_path, "a study; of 1", names, words) == lines
    assert script.read_text() == text


@pytest.mark.parametrize(
    ("count", "limit", "options"),
    [
        (1, 0, ["--array=0-0"]),
        (1000, 8, ["--array=0-999%8"]),
        (1001, 0, ["--array=0-999", "--array=0-0"]),
        (2500, 3, ["--array=0-999%3", "--array=0-999%3", "--array=0-499%3"]),
    ],
)
def test_long_lists_are_several_arrays(count: int, limit: int, options: list[str]) -> None:
    parts = arrays(count, limit)
    assert [part.option for part in parts] == options
    assert [part.start for part in parts] == list(range(0, count, 1000))


@pytest.mark.parametrize(
    "words",
    [
        {"partition": "a b"},
        {"gres": "gpu:1\n#SBATCH --uid=0"},
        {"time": "$(id)"},
        {"sbatch": "account=lab"},
        {"sbatch": "--a\x1b[31m"},
        {"grace": "20"},
    ],
)
def test_words_that_fit_no_script(words: dict[str, str]) -> None:
    with pytest.raises(Refusal) as refusal:
        slurm_options(words)
    assert refusal.value.code == "usage"


@pytest.mark.parametrize("name", ["my study", "50%", "a'b", "a\nb", "$HOME", "a`b"])
def test_folders_that_slurm_does_not_take(name: str) -> None:
    with pytest.raises(Refusal) as refusal:
        array_script(Path("/home") / name, "x", Path("/x"), 1, slurm_options({}))
    assert refusal.value.code == "bad-folder"


def test_without_slurm_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refusal) as refusal:
        Slurm(EngineSettings(tmp_path))
    assert refusal.value.code == "no-slurm" and "--slurm" in refusal.value.hint


def _element(home: Path, number: int) -> subprocess.Popen[bytes]:
    """Start one element as slurmd does, with a scontrol that only notes what it is given."""
    program = home / "bin" / "scontrol"
    if not program.exists():
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\necho "$@" >> {home}/scontrol.txt\n')
        program.chmod(0o755)
    words = {
        "SLURM_JOB_ID": "7",
        "SLURM_ARRAY_JOB_ID": "7",
        "SLURM_ARRAY_TASK_ID": str(number),
        "PATH": f"{program.parent}:{os.environ['PATH']}",
    }
    return subprocess.Popen(["bash", str(home / "slurm" / "array.sh")], env={**os.environ, **words})


@_bash
def test_an_element_trains_its_run_and_stops_before_the_limit(tmp_path: Path) -> None:
    names = _study(tmp_path, 2, 12, 0.4)
    write_script(tmp_path, "x", names, {})
    script = _element(tmp_path, 1)
    run = tmp_path / "runs" / names[1]
    end = time.monotonic() + 60
    while len(status_of(run).rows) < 2:
        assert time.monotonic() < end
        time.sleep(0.05)
    script.send_signal(signal.SIGUSR1)
    assert script.wait(60) == 0
    assert status_of(run).why == "asked to stop at a checkpoint"
    assert (tmp_path / "scontrol.txt").read_text() == "requeue 7_1\n"
    # Requeued: the same element again goes on; after that it has nothing to do.
    assert [_element(tmp_path, 1).wait(60) for _ in range(2)] == [0, 0]
    assert status_of(run).state == "done"
    trained = epochs_trained(run)
    assert set(trained) == set(range(12)) and len(trained) <= 13
    assert (run / "job.log").read_text().count(" on ") == 3
    assert (tmp_path / "scontrol.txt").read_text() == "requeue 7_1\n"
    assert status_of(tmp_path / "runs" / names[0]).state == "waiting"


@_bash
def test_an_element_beyond_the_list_says_so(tmp_path: Path) -> None:
    write_script(tmp_path, "x", _study(tmp_path, 1, 1, 0), {})
    assert _element(tmp_path, 3).wait(30) == 1
