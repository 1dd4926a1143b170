"""The guard: torn files, stops, and what is resumed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tests.study.folders import epochs_trained, run_folder, trainings
from yamlmod.study.drive import drive, guarded, is_due
from yamlmod.study.engines.pool import Pool
from yamlmod.study.guard.attempt import NOT_DUE, STOPPED
from yamlmod.study.guard.notes import is_cut_off
from yamlmod.study.run_files import is_locked, status_of

_linux = pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel about its processes")

_HEADER = "epoch,metrics/precision,metrics/recall,metrics/mAP_0.5,metrics/mAP_0.5:0.95\n"
_LATE = "killed after its last row: the weights may be those of the epoch before"


def _guard(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(guarded(status_of(folder)), stdin=subprocess.PIPE)


def _note(folder: Path, **values: object) -> None:
    line = {"at": 0, "host": "h", "pid": 1, "log": 0, **values}
    with (folder / "attempts.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _wait_for(condition: object) -> None:
    end = time.monotonic() + 30
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)


def _cut_off(folder: Path) -> None:
    """Train some epochs, and kill."""
    process = _guard(folder)
    _wait_for(lambda: (folder / "kept.pt").exists() and len(status_of(folder).rows) >= 2)
    assert process.stdin is not None
    process.stdin.close()
    process.wait(30)
    assert status_of(folder).state == "cut off"


def _as_zip(folder: Path) -> bytes:
    """Return a stub's checkpoint as torch would write it: a zip."""
    path = folder / "train" / "weights" / "last.pt"
    draft = folder / "draft.zip"
    with zipfile.ZipFile(draft, "w") as archive:
        archive.writestr("data.pkl", path.read_bytes() * 20)
    return draft.read_bytes()


@_linux
@pytest.mark.parametrize("size", [0, 1, 2, 100, -1])
def test_a_torn_checkpoint_is_replaced_by_its_copy(size: int, tmp_path: Path) -> None:
    folder = run_folder(tmp_path, options={"epochs": 30, "seconds": 0.15})
    _cut_off(folder)
    kept = json.loads((folder / "kept.pt").read_text())["done"]
    data = _as_zip(folder)
    (folder / "train/weights/last.pt").write_bytes(data[:size] if size else b"")
    process = _guard(folder)
    _wait_for(lambda: len(trainings(folder)) == 2)
    assert process.stdin is not None
    process.stdin.close()
    process.wait(30)
    first = (folder / "trace.txt").read_text().partition("resumed")[2].splitlines()[1]
    assert first.endswith(f"from {kept}") and kept >= 1


@_linux
def test_a_torn_checkpoint_without_a_copy_starts_again(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, options={"epochs": 30, "seconds": 0.15})
    _cut_off(folder)
    (folder / "kept.pt").unlink()
    (folder / "train/weights/last.pt").write_bytes(b"")
    (folder / "run.json").write_text(
        (folder / "run.json")
        .read_text()
        .replace('"epochs": 30', '"epochs": 3')
        .replace('"30"', '"3"')
    )
    assert drive([folder], Pool(1)).runs[0].state == "done"
    assert "resumed" not in (folder / "trace.txt").read_text()
    assert (folder / "cut-off-1" / "results.csv").exists()  # its rows are not the new run's
    assert [row.epoch for row in status_of(folder).rows] == [1, 2, 3]
    assert not (folder / "kept.pt").exists()


@_linux
def test_a_torn_row_is_removed_before_the_next_is_appended(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, options={"epochs": 12, "seconds": 0.1})
    _cut_off(folder)
    results = folder / "train" / "results.csv"
    whole = results.read_text()
    results.write_text(whole + f"{7:20d},{0.5:20.5g},{0.4:20.5g},")
    rows = status_of(folder).rows
    assert len(rows) == whole.count("\n") - 1
    assert drive([folder], Pool(1)).runs[0].state == "done"
    values = [round(row.map50, 3) for row in status_of(folder).rows]
    assert values == [round(min(100.0, 10.0 * epoch), 3) for epoch in range(12)]


@_linux
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once(number: int, tmp_path: Path) -> None:
    folder = run_folder(tmp_path, options={"epochs": 500})
    process = _guard(folder)
    _wait_for(lambda: trainings(folder))
    began = time.monotonic()
    process.send_signal(number)
    assert process.wait(30) == 1
    assert time.monotonic() - began < 5
    assert status_of(folder).why == signal.Signals(number).name
    assert not is_locked(folder)


@_linux
def test_what_a_training_leaves_ends_with_it(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    note = tmp_path / "child.txt"
    child = f"import os,time;open({str(note)!r},'w').write(str(os.getpid()));time.sleep(60)"
    start = f"import subprocess,sys,time;subprocess.Popen([sys.executable,'-c',{child!r}])"
    plan = json.loads((folder / "run.json").read_text())
    plan["argv"] = [sys.executable, "-c", f"{start};time.sleep(1)"]
    (folder / "run.json").write_text(json.dumps(plan))
    status = drive([folder], Pool(1)).runs[0]
    assert (status.state, status.why) == ("failed", "it ended without epoch 1")
    _wait_for(
        lambda: (
            not Path(f"/proc/{note.read_text()}/cmdline").exists()
            or not Path(f"/proc/{note.read_text()}/cmdline").read_bytes()
        )
    )
    assert not is_locked(folder)


def test_a_finished_training_is_never_resumed(tmp_path: Path) -> None:
    """ultralytics would go on with its default data set."""
    folder = run_folder(tmp_path, options={"epochs": 4})
    drive([folder], Pool(1))
    results = folder / "train" / "results.csv"
    lines = results.read_text().splitlines(keepends=True)
    results.write_text("".join(lines[:2] + lines[3:]))  # a row is lost
    status = status_of(folder)
    assert (status.state, status.why) == ("failed", "it ended without epoch 2")
    assert not is_due(status, retry=False)
    driven = drive([folder], Pool(1), retry=True)
    assert driven.runs[0].state == "done"
    assert "resumed" not in (folder / "trace.txt").read_text()
    assert epochs_trained(folder) == [0, 1, 2, 3] * 2


@pytest.mark.parametrize(
    ("notes", "log", "state", "why"),
    [
        ([], "", "waiting", ""),
        ([{"event": "start"}], "", "cut off", "it was killed"),
        (
            [{"event": "start"}, {"event": "end", "code": -9, "why": ""}],
            "",
            "cut off",
            "it was ended by signal 9",
        ),
        (
            [{"event": "start"}, {"event": "end", "code": 1, "why": "SIGTERM"}],
            "",
            "cut off",
            "SIGTERM",
        ),
        (
            [{"event": "start"}, {"event": "end", "code": None, "why": "not started: x"}],
            "",
            "failed",
            "not started: x",
        ),
        (
            [{"event": "start"}, {"event": "end", "code": 1, "why": ""}],
            "ValueError: x",
            "failed",
            "ValueError: x",
        ),
        (
            [{"event": "start"}, {"event": "end", "code": 0, "why": ""}],
            "",
            "failed",
            "it ended without epoch 2",
        ),
        (
            [{"event": "start"}, {"event": "end", "code": 0, "why": ""}],
            "EarlyStopping: Training stopped early as",
            "done",
            "stopped early",
        ),
        (
            [{"event": "start"}],
            "Stopping training early as no",
            "done",
            f"stopped early; {_LATE}",
        ),
        (
            [
                {"event": "start"},
                {"event": "end", "code": 1, "why": ""},
                {"event": "start", "log": 19},
                {"event": "end", "code": 1, "why": ""},
            ],
            "CUDA out of memory\nKeyError: 'a'\n",
            "failed",
            "KeyError: 'a'",
        ),
        (["{torn", "[]", '"x"', {"event": "start"}], "", "cut off", "it was killed"),
    ],
)
def test_states(notes: list[object], log: str, state: str, why: str, tmp_path: Path) -> None:
    folder = run_folder(tmp_path, options={"epochs": 2})
    for values in notes:
        if isinstance(values, dict):
            _note(folder, **values)
        else:
            with (folder / "attempts.jsonl").open("a") as file:
                file.write(f"{values}\n")
    if notes:
        (folder / "train").mkdir()
        (folder / "train" / "results.csv").write_text(_HEADER + "0,.1,.1,.1,.1\n")
    (folder / "log.txt").write_text(log)
    status = status_of(folder)
    assert (status.state, status.why) == (state, why)
    assert status.notes == len(notes)
    # What a guard goes on with by itself, after it was handed to another machine.
    assert is_cut_off(str(folder), status.plan._asdict()) == (state == "cut off")


@_linux
def test_the_same_command_goes_on_after_a_kill(tmp_path: Path) -> None:
    """An engine may start a command again: the state it was made for has changed since."""
    folder = run_folder(tmp_path, options={"epochs": 8})
    command = guarded(status_of(folder))
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    _wait_for(lambda: len(status_of(folder).rows) >= 2)
    process.kill()
    process.wait()
    _wait_for(lambda: not is_locked(folder))
    again = [subprocess.Popen(command, stdin=subprocess.PIPE).wait(30) for _ in range(2)]
    assert again == [0, NOT_DUE]
    trained = epochs_trained(folder)
    assert set(trained) == set(range(8)) and len(trained) <= 9


@_linux
def test_a_stop_that_is_asked_for_waits_for_a_checkpoint(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, options={"epochs": 8, "seconds": 0.3})
    (folder / "stop").write_text("")  # asked of an attempt before this one
    process = _guard(folder)
    _wait_for(lambda: len(status_of(folder).rows) >= 2)
    (folder / "stop").write_text("")
    assert process.wait(20) == 1
    status = status_of(folder)
    assert (status.state, status.why) == ("cut off", "asked to stop at a checkpoint")
    assert 2 <= len(status.rows) <= 5
    process = _guard(folder)
    assert process.wait(30) == 0
    trained = epochs_trained(folder)
    # At most the beginning of an epoch is lost, never one that has a row.
    assert sorted(set(trained)) == list(range(8)) and len(trained) <= 9


@_linux
def test_a_study_is_stopped_by_a_file(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "study" / "runs", options={"epochs": 500})
    process = _guard(folder)
    _wait_for(lambda: trainings(folder))
    (tmp_path / "study" / "stop").write_text("")
    assert process.wait(20) == 1
    status = status_of(folder)
    assert (status.state, status.why) == ("cut off", "the study was stopped")
    before = (folder / "attempts.jsonl").read_bytes()
    assert subprocess.Popen(guarded(status), stdin=subprocess.PIPE).wait(20) == STOPPED
    assert (folder / "attempts.jsonl").read_bytes() == before


def test_why_a_job_trained_nothing(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    (folder / "job.log").write_text(
        "base-s0 on n1\nerror[versions-differ]: torch is 2\n  help: x\n"
    )
    status = status_of(folder)
    assert (status.state, status.why) == ("waiting", "torch is 2")


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_run_that_ends_in_nan_has_failed(value: str, tmp_path: Path) -> None:
    folder = run_folder(tmp_path, options={"epochs": 1})
    (folder / "train").mkdir()
    (folder / "train" / "results.csv").write_text(f"{_HEADER}0,0,0,0,{value}\n")
    _note(folder, event="start")
    _note(folder, event="end", code=0, why="")
    status = status_of(folder)
    assert status.state == "failed" and "not finite" in status.why
    assert not is_due(status, retry=True)


def test_the_guard_is_python_3_8() -> None:
    import ast

    from yamlmod.study import guard as package

    for path in Path(package.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
        names = {
            (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
            for node in ast.walk(tree)
            if isinstance(node, (ast.Import, ast.ImportFrom))
            and not (isinstance(node, ast.ImportFrom) and node.level)
            for alias in node.names
        }
        roots = {name.partition(".")[0] for name in names}
        assert roots <= {*sys.stdlib_module_names, "__future__"}, path
