"""Engines: how they are found, what becomes of a run that one loses, and what workers are asked."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.study.folders import epochs_trained, run_folder
from yamlmod.errors import Refusal
from yamlmod.study.drive import drive
from yamlmod.study.engine import Engine, EngineSettings, Started, WorkerAnswer
from yamlmod.study.engines.dask import _address_in, _is_local, _refuse_shared_cards
from yamlmod.study.engines.pool import Pool
from yamlmod.study.find_engine import find_engine, own_names
from yamlmod.study.freeze import digest_of_code, digest_of_file
from yamlmod.study.guard import check
from yamlmod.study.run_files import read_plan
from yamlmod.study.workers import bring_guard, check_workers

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_ROOT = Path(__file__).parents[2]


def test_the_entry_points_are_the_files_of_the_folder() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    points = project["entry-points"]["yamlmod.engines"]
    assert points == {name: f"yamlmod.study.engines.{name}:ENGINE" for name in own_names()}
    assert set(own_names()) == {"pool", "dask", "slurm"}
    assert [find_engine(name).stays for name in ("pool", "dask", "slurm")] == [False, True, True]


_OTHER = """\
from yamlmod.study.engine import EngineKind
from yamlmod.study.engines.pool import Pool
from yamlmod.study.commands import guarded
GOOD = EngineKind(lambda settings: Pool(1), guarded)
BAD = Pool
"""


def test_an_engine_of_another_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lab_engine.py").write_text(_OTHER)
    info = tmp_path / "lab_engine-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lab-engine\nVersion: 1\n")
    points = ["lab = lab_engine:GOOD", "bad = lab_engine:BAD", "gone = no_such_module:X"]
    points += ["pool = lab_engine:BAD"]
    (info / "entry_points.txt").write_text("\n".join(["[yamlmod.engines]", *points]) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    engine = find_engine("lab").start(EngineSettings(tmp_path))
    folder = run_folder(tmp_path / "runs", options={"epochs": 1, "seconds": 0})
    assert drive([folder], engine).runs[0].state == "done"
    assert find_engine("pool").start(EngineSettings(tmp_path)).__class__ is Pool
    for name, words in (("bad", "no EngineKind"), ("gone", "cannot be loaded"), ("x", "no engine")):
        with pytest.raises(Refusal) as refusal:
            find_engine(name)
        assert refusal.value.code == "no-such-engine" and words in refusal.value.message
    assert "lab" in refusal.value.hint


class _Lost:
    """A command that its engine has lost."""

    def done(self) -> bool:
        return True

    def result(self) -> None:
        return None


class _Forgetful:
    """An engine that loses each run before it starts, so many times."""

    def __init__(self, times: int) -> None:
        self.pool = Pool(1)
        self.times = times
        self.seen: list[str] = []

    def submit(self, argv: Sequence[str], gpus: int) -> Started:
        self.seen.append(argv[-3])
        return _Lost() if self.seen.count(argv[-3]) <= self.times else self.pool.submit(argv, gpus)

    def stop(self) -> None:
        self.pool.stop()


@pytest.mark.parametrize(("times", "state", "asked"), [(1, "done", 2), (1000, "waiting", 21)])
def test_a_run_that_was_lost_is_submitted_again(
    times: int, state: str, asked: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("yamlmod.study.drive._LOOK", 0.0)
    folder = run_folder(tmp_path, options={"epochs": 2, "seconds": 0})
    engine = _Forgetful(times)
    assert drive([folder], engine).runs[0].state == state
    assert len(engine.seen) == asked
    if state == "done":
        assert epochs_trained(folder) == [0, 1]


def test_an_engine_that_is_slow_to_submit_delays_no_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that waited for its scheduler left other runs alone for twenty times as long."""

    class Slow(_Forgetful):
        def submit(self, argv: Sequence[str], gpus: int) -> Started:
            time.sleep(0.5)
            return super().submit(argv, gpus)

    monkeypatch.setattr("yamlmod.study.drive._LOOK", 0.0)
    monkeypatch.setattr("yamlmod.study.drive._SHARE", 100)
    folder = run_folder(tmp_path, options={"epochs": 1, "seconds": 0})
    began = time.monotonic()
    assert drive([folder], Slow(2)).runs[0].state == "done"
    assert time.monotonic() - began < 30


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Return a study's folder with one run, its code and its data."""
    code = tmp_path / "variants" / "base" / "code"
    (code / "models" / "__pycache__").mkdir(parents=True)
    (code / "train.py").write_text("x = 1\n")
    (code / "models" / "a.yaml").write_text("a: 1\n")
    (code / "models-b.py").write_text("y = 1\n")
    (code / "models" / "__pycache__" / "a.py").write_text("cache\n")
    (code / "notes.txt").write_text("no source\n")
    (tmp_path / "variants" / "base" / "x.yaml").write_text("nc: 1\n")
    folder = run_folder(tmp_path / "runs")
    hashes = {
        "variants/base/code": digest_of_code(code),
        "variants/base/x.yaml": digest_of_file(code.parent / "x.yaml"),
    }
    plan = read_plan(folder)._replace(hashes=hashes)
    (folder / "run.json").write_text(plan.text())
    return tmp_path


def test_the_guard_hashes_as_the_plan_does(study: Path) -> None:
    code = study / "variants" / "base" / "code"
    assert check.digest(str(code)) == digest_of_code(code) != check.digest(str(code / "models"))
    assert check.digest(str(code / "train.py")) == digest_of_file(code / "train.py")
    assert check.digest(str(code / "absent.py")) == ""


class _Workers:
    """An engine with workers that answer as this machine does, but for what is put in."""

    def __init__(self, *others: dict[str, object]) -> None:
        self.others = others
        self.asked: list[str] = []

    def ask(self, argv: Sequence[str]) -> list[WorkerAnswer]:
        self.asked = list(argv)
        answers = []
        for number, other in enumerate(({}, *self.others)):
            done = subprocess.run(argv, capture_output=True, check=False, text=True)
            line = next(line for line in done.stdout.splitlines() if line.startswith("YAMLMOD"))
            data = json.loads(line.partition(" ")[2])
            for key, value in other.items():
                data[key] = {**data[key], **value} if isinstance(value, dict) else value
            text = f"\nYAMLMOD {json.dumps(data)}\n"
            answers.append(WorkerAnswer(f"w{number}", done.returncode, text))
        return answers


def _check(engine: _Workers, study: Path, paths: Sequence[str] = ()) -> list[str]:
    said: list[str] = []
    plans = [read_plan(study / "runs" / "base-s0")]
    check_workers(engine, study, plans, ("pytest", "no-such"), paths, said.append)
    return said


def test_workers_that_are_the_same(study: Path) -> None:
    engine = _Workers({})
    absent = str(study / "images")
    said = _check(engine, study, [str(study), absent])
    assert "no worker has" in said[0] and said[1].startswith("2 workers")
    versions = json.loads((study / "versions.json").read_text())
    assert versions["pytest"] == pytest.__version__ and versions["no-such"] is None
    # One that joins later is asked the same, and fails if it is not the same.
    late = lambda: subprocess.run(engine.asked, capture_output=True, check=False).returncode  # noqa: E731
    assert late() == 0
    (study / "versions.json").write_text(json.dumps({**versions, "pytest": "1.0"}))
    assert late() == 1
    (study / "versions.json").write_text(json.dumps(versions))
    (study / "variants" / "base" / "code" / "train.py").write_text("x = 2\n")
    assert late() == 1


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"versions": {"pytest": "1.0"}}, "pytest is 1.0, elsewhere"),
        ({"versions": {"Python": "3.8.1"}}, "Python is 3.8.1"),
        ({"wrong": ["variants/base/code"]}, "w2: variants/base/code is not as planned"),
        ({"missing": ["/data/voc"]}, "there is no /data/voc, which others have"),
    ],
)
def test_workers_that_differ_are_refused(other: dict[str, object], words: str, study: Path) -> None:
    with pytest.raises(Refusal) as refusal:
        _check(_Workers({}, other), study)
    assert refusal.value.code == "workers-differ" and words in refusal.value.message
    assert not (study / "versions.json").exists()  # nothing counts as the first run


def test_a_worker_without_the_folder_is_named(study: Path) -> None:
    class Elsewhere(_Workers):
        def ask(self, argv: Sequence[str]) -> list[WorkerAnswer]:
            text = "python: can't open file '/x/guard/check.py': No such file"
            return [WorkerAnswer("w7", 2, text)]

    with pytest.raises(Refusal) as refusal:
        _check(Elsewhere(), study)
    assert (
        refusal.value.code == "worker-unfit" and "w7: python: can't open" in refusal.value.message
    )


def test_the_guard_that_a_study_brings_along_is_whole(tmp_path: Path) -> None:
    folder = Path(check.__file__).parent
    bring_guard(tmp_path)
    brought = {path.name for path in (tmp_path / "guard").iterdir()}
    assert brought == {path.name for path in folder.glob("*.py")}
    before = {path: path.stat().st_ino for path in (tmp_path / "guard").iterdir()}
    bring_guard(tmp_path)
    assert before == {path: path.stat().st_ino for path in (tmp_path / "guard").iterdir()}
    run = run_folder(tmp_path / "runs", options={"epochs": 1, "seconds": 0})
    words = [sys.executable, "-I", str(tmp_path / "guard"), str(run), "0", "resume"]
    assert subprocess.Popen(words, stdin=subprocess.PIPE).wait(30) == 0
    assert epochs_trained(run) == [0]


@pytest.mark.parametrize(
    ("address", "is_local"),
    [
        ("tcp://127.0.0.1:8786", True),
        ("tcp://localhost:8786", True),
        ("tcp://[::1]:8786", True),
        ("tcp://10.0.0.1:8786", False),
        ("tcp://node1:8786", False),
        ("tcp://127.example.org:1", False),
    ],
)
def test_addresses_that_only_this_machine_reaches(address: str, is_local: bool) -> None:
    assert _is_local(address) == is_local


@pytest.mark.parametrize(
    ("workers", "words"),
    [
        ({"tcp://a:1": (1, 1, False), "tcp://b:1": (1, 1, False)}, ""),
        ({"tcp://a:1": (1, 1, True), "tcp://a:2": (1, 1, True)}, ""),
        ({"tcp://a:1": (0, 0, False), "tcp://a:2": (0, 0, False)}, ""),
        ({"tcp://a:1": (1, 1, False), "tcp://a:2": (1, 1, False)}, "would share a GPU"),
        ({"tcp://a:1": (2, 1, True)}, "offers GPU=2 and sees 1"),
    ],
)
def test_no_two_trainings_are_given_one_gpu(
    workers: dict[str, tuple[int, int, bool]], words: str
) -> None:
    answers = {
        name: {"gpus": float(gpus), "cards": cards, "is_pinned": pinned}
        for name, (gpus, cards, pinned) in workers.items()
    }
    if not words:
        _refuse_shared_cards(answers)
        return
    with pytest.raises(Refusal) as refusal:
        _refuse_shared_cards(answers)
    assert words in refusal.value.message


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"address": 1}', "{torn"])
def test_files_that_name_no_scheduler(text: str, tmp_path: Path) -> None:
    path = tmp_path / "scheduler.json"
    path.write_text(text)
    with pytest.raises(ValueError):
        _address_in(path)


def test_without_distributed_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("dask", "distributed"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(Refusal) as refusal:
        find_engine("dask").start(EngineSettings(tmp_path, options={"scheduler": "tcp://a:1"}))
    assert refusal.value.code == "no-dask" and "[dask]" in refusal.value.hint


def test_an_engine_is_what_the_contract_says() -> None:
    engine: Engine = _Forgetful(0)
    engine.stop()
