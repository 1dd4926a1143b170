"""Every option that names a new file says the same of a place that is taken, or is none."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.cli.run import snapshot, yamlmod
from tests.study.folders import STUB

_MINIFORK = Path(__file__).parents[2] / "examples" / "minifork"
_CFG = "fork/models/mini.yaml"
# Each command with the end of the file that it writes; PLACE is that file.
_COMMANDS: dict[str, tuple[str, ...]] = {
    "insert": ("insert", "SimAM", _CFG, "--at", "9", "-o", "PLACE.yaml"),
    "draw": ("draw", _CFG, "-o", "PLACE.svg"),
    "figure": ("insert", "SimAM", _CFG, "--at", "9", "--draw", "PLACE.svg"),
    "diff": ("insert", "SimAM", _CFG, "--at", "9", "--diff", "PLACE.diff"),
    "report": ("study", "report", "out", "-o", "PLACE.md"),
    "remap": ("remap", "w.pt", "--from", _CFG, "--to", _CFG, "--repo", "fork", "-o", "PLACE.pt"),
}
_STUDY = """study: small
repo: fork
base: mini.yaml
train: {epochs: 1}
seeds: 1
components:
  simam: {insert: SimAM, after: SPPF}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new")
    shutil.copytree(_MINIFORK, folder / "fork", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(STUB, folder / "fork" / "train.py")
    (folder / "study.yaml").write_text(_STUDY, encoding="utf-8")
    (folder / "w.pt").write_bytes(b"weights")
    assert yamlmod("study", "plan", "study.yaml", "--no-run", "-o", "out", cwd=folder).code == 0
    for words in _COMMANDS.values():
        suffix = Path(words[-1]).suffix
        (folder / f"taken{suffix}").write_text("mine\n", encoding="utf-8")
        (folder / f"folder{suffix}").mkdir(exist_ok=True)
        if sys.platform != "win32" and not (folder / f"pipe{suffix}").exists():
            os.mkfifo(folder / f"pipe{suffix}")
    return folder


def _words(command: str, place: str) -> list[str]:
    return [word.replace("PLACE", place) for word in _COMMANDS[command]]


def _files(folder: Path) -> dict[str, bytes]:
    return {name: data for name, data in snapshot(folder).items() if "/.yamlmod" not in name}


@pytest.mark.parametrize(
    ("place", "code"),
    [("taken", "exists"), ("folder", "is-folder"), ("no/x", "no-such-folder")],
)
@pytest.mark.parametrize("command", _COMMANDS)
def test_a_place_that_is_no_new_file(command: str, place: str, code: str, folder: Path) -> None:
    before = _files(folder)
    done = yamlmod(*_words(command, place), cwd=folder)
    assert done.code == 2 and f"error[{code}]" in done.err and "Traceback" not in done.err
    assert done.out == b"" and _files(folder) == before
    if code == "exists":
        assert "overwrite it with --force" in done.err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes of this kind")
@pytest.mark.parametrize("command", [name for name in _COMMANDS if name != "remap"])
def test_a_pipe_is_not_read(command: str, folder: Path) -> None:
    done = yamlmod(*_words(command, "pipe"), "--force", cwd=folder)
    assert done.code == 2 and "error[not-a-file]" in done.err


@pytest.mark.parametrize("command", ["insert", "draw", "report"])
def test_force_overwrites(command: str, folder: Path) -> None:
    path = folder / _words(command, "other")[-1]
    path.write_text("mine\n", encoding="utf-8")
    assert yamlmod(*_words(command, "other"), cwd=folder).code == 2
    for _ in range(2):
        assert yamlmod(*_words(command, "other"), "--force", cwd=folder).code == 0
        assert path.read_bytes() not in (b"mine\n", b"")
