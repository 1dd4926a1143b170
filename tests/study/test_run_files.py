"""The state of a run whose files are damaged: named per run, and the others are read."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.study.folders import run_folder
from yamlmod.errors import Refusal
from yamlmod.study.run_files import status_of

_HEAD = "epoch, metrics/precision, metrics/recall, metrics/mAP_0.5, metrics/mAP_0.5:0.95\n"


def _ended(folder: Path, results: str, code: int = 0) -> None:
    (folder / "train").mkdir(exist_ok=True)
    (folder / "train" / "results.csv").write_text(results, encoding="utf-8")
    lines = [{"event": "start", "log": 0}, {"event": "end", "code": code, "why": ""}]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "attempts.jsonl").write_text(text, encoding="utf-8")


def _rows(count: int, value: str = "0.5") -> str:
    return _HEAD + "".join(f"{n}, 0.1, 0.2, 0.3, {value}\n" for n in range(count))


@pytest.mark.parametrize(
    ("results", "state", "why"),
    [
        (_rows(5), "done", ""),
        (_rows(5, "nan"), "failed", "the metrics of epoch 5 are not finite numbers"),
        (_rows(5, "inf"), "failed", "the metrics of epoch 5 are not finite numbers"),
        (_rows(5, "45.3"), "failed", "the metrics of epoch 5 are not between 0 and 1"),
        (_rows(5, "-0.1"), "failed", "the metrics of epoch 5 are not between 0 and 1"),
        (_rows(4), "failed", "it ended without epoch 5"),
        (_rows(5)[:-1], "failed", "it ended without epoch 5"),
        (_rows(5).replace("recall", "recoil"), "failed", "with no metrics that are known"),
        ("", "failed", "with no metrics that are known"),
    ],
)
def test_what_results_mean(results: str, state: str, why: str, tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    _ended(folder, results)
    status = status_of(folder)
    assert status.state == state and why in status.why
    assert status.why == why or why.startswith("with")


def test_epochs_beyond_the_plan_are_not_compared(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    _ended(folder, _rows(5) + _rows(9, "0.9").split("\n", 6)[6])
    status = status_of(folder)
    assert status.state == "done" and [row.epoch for row in status.rows] == [1, 2, 3, 4, 5]
    assert status.rows[-1].map == 50


def test_results_that_are_no_file(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    _ended(folder, "")
    path = folder / "train" / "results.csv"
    path.unlink()
    path.mkdir()
    assert status_of(folder).state == "failed"
    path.rmdir()
    with path.open("wb") as file:
        file.truncate(1 << 40)  # no space is taken
    assert status_of(folder).state == "failed"
    path.unlink()
    if hasattr(os, "mkfifo"):
        os.mkfifo(path)
        assert status_of(folder).state == "failed"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '"x"', "\xff"])
def test_a_damaged_plan_is_refused_by_name(text: str, tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    (folder / "run.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(Refusal, match=r"run\.json is not the plan of a run"):
        status_of(folder)


def test_a_plan_of_an_unknown_family(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    text = (folder / "run.json").read_text().replace('"family": "yolov5"', '"family": "none"')
    (folder / "run.json").write_text(text)
    with pytest.raises(Refusal, match=r"run\.json is not the plan of a run"):
        status_of(folder)
