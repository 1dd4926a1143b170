"""The JSON of every command is what docs/json.schema.json says, errors of usage included."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.json_schema import SCHEMA, errors
from tests.cli.run import save_checkpoint, yamlmod
from tests.cli.test_seeds import TRAIN
from tests.study.folders import STUB
from yamlmod.cli.groups import COMMANDS, command_names

_ROOT = Path(__file__).parents[2]
_MINIFORK = _ROOT / "examples" / "minifork"
_CFG = "fork/models/mini.yaml"

_COMMANDS: tuple[tuple[str, ...], ...] = (
    ("add", "ECA", "--cfg", _CFG, "--at", "24"),
    ("add", "SimAM", "--cfg", _CFG, "--replace", "C3#2", "-o", "b.yaml"),
    ("add-head", _CFG, "P2"),
    ("apply", "r.yaml", _CFG),
    ("check", _CFG, "broken.yaml"),
    ("check", _CFG, "--fix"),
    ("check", "--explain", "wiring"),
    ("cite", _CFG),
    ("diff", _CFG, "a.yaml"),
    ("diff", _CFG, "a.yaml", "--recipe"),
    ("doctor", "fork"),
    ("draw", _CFG),
    ("draw", "a.yaml", "--base", _CFG, "--side-by-side"),
    ("draw", _CFG, "-o", "f.svg", "--force"),
    ("drop-head", _CFG, "P5"),
    ("graft", _CFG, "--backbone", "a.yaml"),
    ("help",),
    ("info", "CBAM"),
    ("insert", "SimAM", _CFG, "--at", "24"),
    ("insert", "SimAM", _CFG, "--at", "24", "-o", "c.yaml"),
    ("list",),
    ("move", _CFG, "4", "--after", "6"),
    ("new", "MyAttention", "--dry-run"),
    ("patch", "fork", "ECA"),
    ("remove", "a.yaml", "SimAM"),
    ("replace", "ACmix", _CFG, "C3#4"),
    ("show", _CFG),
    ("show", _CFG, "--scale", "s"),
    ("show", _CFG, "--repo", "fork"),
    ("status", "fork"),
    ("study", "plan", "none.yaml"),
    ("study", "plan", "study.yaml", "--no-run", "-o", "plan"),
    ("study", "run", "out"),
    ("study", "status", "out"),
    ("study", "report", "out"),
    ("study", "seeds", "fork", "--no-run"),
    ("study", "seeds", "seeded", "--fix"),
    ("study", "seeds", "none"),
    ("study", "stop", "out"),
    ("undo", "fork", "--list"),
    ("undo", "fork"),
    ("unpatch", "fork", "SimAM"),
    ("remap", "none.pt", "--from", _CFG, "--to", "a.yaml"),
    ("explain", "none.onnx"),
)
_FAIL = (
    *(("remap", "none.pt"), ("explain", "none.onnx")),
    *(("study", "plan", "none.yaml"), ("study", "seeds", "none")),
)
_RUNS: tuple[tuple[str, ...], ...] = (
    ("verify", "fork", "a.yaml"),
    ("profile", "fork", "a.yaml", "--rounds", "1", "--imgsz", "64"),
    ("explain", "a.yaml", "--repo", "fork", "--imgsz", "64"),
    ("remap", "w.pt", "--from", _CFG, "--to", "a.yaml", "--repo", "fork", "-o", "o.pt", "--force"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("json")
    shutil.copytree(_MINIFORK, folder / "fork")
    (folder / "broken.yaml").write_text("backbone: [", encoding="utf-8")
    (folder / "r.yaml").write_text("yamlmod: 1\nedits:\n  - insert: SimAM\n    after: 9\n")
    assert yamlmod("patch", "fork", "SimAM", "-w", cwd=folder).code == 0
    words = ("insert", "SimAM", _CFG, "--at", "24", "-o", "a.yaml")
    assert yamlmod(*words, cwd=folder).code == 0
    save_checkpoint(folder, "fork", _CFG)
    (folder / "stub").mkdir()
    shutil.copytree(_MINIFORK, folder / "stub" / "fork")
    shutil.copyfile(STUB, folder / "stub" / "fork" / "train.py")
    shutil.copytree(_MINIFORK, folder / "seeded")
    (folder / "seeded" / "train.py").write_text(TRAIN, encoding="utf-8")
    (folder / "study.yaml").write_text(_STUDY, encoding="utf-8")
    assert yamlmod("study", "plan", "study.yaml", "--no-run", "-o", "out", cwd=folder).code == 0
    return folder


_STUDY = """study: small
repo: stub/fork
base: mini.yaml
train: {epochs: 1, seconds: 0.01}
seeds: 3
components:
  simam: {insert: SimAM, after: SPPF}
"""


def _wrong(value: Any) -> list[str]:
    return list(errors(value, SCHEMA, SCHEMA))


def test_every_command_is_asked() -> None:
    asked = {words[0] for words in (*_COMMANDS, *_RUNS)}
    assert set(command_names()) - {"exec", "overlay"} == asked
    studies = {words[1] for words in _COMMANDS if words[0] == "study"}
    # Its output is the commands themselves.
    assert set(command_names(COMMANDS / "study")) - {"export"} == studies


@pytest.mark.parametrize(
    "words",
    [*_COMMANDS, *(pytest.param(words, marks=pytest.mark.slow) for words in _RUNS)],
    ids=" ".join,
)
def test_an_answer_is_as_the_schema_says(words: tuple[str, ...], folder: Path) -> None:
    done = yamlmod(*words, "--json", cwd=folder)
    data = json.loads(done.out)
    assert _wrong(data) == []
    command = " ".join(words[:2] if words[0] == "study" else words[:1])
    assert data["command"] == command if words[0] != "list" else isinstance(data, list)
    fails = any(words[: len(start)] == start for start in _FAIL)
    assert ("error" in data) == fails and (done.code == 2) == fails, done.err


_NAMES = sorted(set(command_names()) - {"exec", "overlay", "study"})
_INNER = [
    f"{name} {inner}" for name in ("overlay", "study") for inner in command_names(COMMANDS / name)
]


@pytest.mark.parametrize("name", [*_NAMES, *_INNER])
def test_a_usage_error_is_in_the_envelope(name: str, tmp_path: Path) -> None:
    done = yamlmod(*name.split(), "--no-such-option", "--json", cwd=tmp_path)
    data = json.loads(done.out)
    assert done.code == 2 and done.err == "" and _wrong(data) == []
    assert data["error"]["code"] == "usage" and data["command"] == name


@pytest.mark.parametrize("words", [("nothing",), ("list", "--sort", "x"), ("insert",)])
def test_other_usage_errors(words: tuple[str, ...], tmp_path: Path) -> None:
    for form in (["--json"], ["--format", "json"], ["--format=json"]):
        done = yamlmod(*words, *form, cwd=tmp_path)
        assert done.code == 2 and _wrong(json.loads(done.out)) == []
    text = yamlmod(*words, cwd=tmp_path)
    assert text.code == 2 and text.out == b"" and "error[usage]" in text.err


def test_the_schema_can_fail(folder: Path) -> None:
    data = json.loads(yamlmod("insert", "SimAM", _CFG, "--at", "24", "--json", cwd=folder).out)
    for key in data:
        assert _wrong({name: value for name, value in data.items() if name != key}), key
    other = copy.deepcopy(data)
    other["consumers"][0].pop("slot")
    assert _wrong(other)
    assert _wrong({**data, "schema_version": 2}) and _wrong({**data, "written": "x"})
    assert _wrong([{"name": "x"}]) and _wrong(3)
