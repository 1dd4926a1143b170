"""Drafts of folders: written by the one module that writes, and gone after any failure."""

from __future__ import annotations

import ast
import os
import shutil
import sys
from pathlib import Path

import pytest

import yamlmod
from tests.cli.run import snapshot
from tests.study.folders import STUB
from yamlmod.errors import Refusal
from yamlmod.usecases.study_plan import plan_study
from yamlmod.workspace import disk

_FORK = Path(__file__).parents[2] / "examples" / "minifork"
_STUDY = """\
study: s
repo: fork
base: mini.yaml
train: {epochs: 1}
seeds: 1
components: {simam: {insert: SimAM, after: SPPF}}
"""
_PLANNERS = ("usecases/study_plan.py", "usecases/study_proof.py", "study/freeze.py")
_WRITERS = {
    *("write_text", "write_bytes", "mkdir", "makedirs", "rename", "unlink", "rmtree", "rmdir"),
    *("copyfile", "copytree", "copy", "copy2", "move", "touch", "symlink_to", "hardlink_to"),
}


def test_files_of_any_size_and_folders_are_copied(tmp_path: Path) -> None:
    data = os.urandom(3 * (1 << 20) + 7)
    disk.write_draft(tmp_path / "a" / "b" / "c.bin", data)
    disk.write_draft(tmp_path / "a" / "empty", b"")
    disk.copy_folder(tmp_path / "a", tmp_path / "x" / "y")
    assert snapshot(tmp_path / "a") == snapshot(tmp_path / "x" / "y")
    disk.write_draft(tmp_path / "a" / "b" / "c.bin", b"short")
    assert (tmp_path / "a" / "b" / "c.bin").read_bytes() == b"short"
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(disk.UnfitError):
            disk.copy_file(tmp_path / "pipe", tmp_path / "z")


@pytest.mark.skipif(os.name == "nt", reason="Windows asks for a right to make links")
def test_no_link_is_followed(tmp_path: Path) -> None:
    disk.write_draft(tmp_path / "kept" / "file", b"1")
    disk.write_draft(tmp_path / "draft" / "inner" / "file", b"2")
    (tmp_path / "draft" / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "draft" / "file").symlink_to(tmp_path / "kept" / "file")
    with pytest.raises(OSError):
        disk.write_draft(tmp_path / "draft" / "file", b"3")
    disk.remove_draft(tmp_path / "draft")
    disk.remove_draft(tmp_path / "draft")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept" / "file").read_bytes() == b"1"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("study")
    shutil.copytree(_FORK, home / "fork", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(STUB, home / "fork" / "train.py")
    (home / "study.yaml").write_text(_STUDY, encoding="utf-8")
    return home


@pytest.mark.parametrize("call", ["open", "write", "mkdir", "replace", "read"])
def test_a_disk_that_fails_leaves_nothing(
    call: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call fails once, late: when the draft is half written, or is put in its place."""
    real, below = getattr(os, call), [0]

    def failing(*words: object, **named: object) -> object:
        below[0] += 1
        if below[0] == at:
            raise OSError(28, "No space left on device")
        return real(*words, **named)

    before = snapshot(home)
    for _ in range(2):  # the first fills caches, which later ones do not read again
        counts = _Counting(os, call)
        monkeypatch.setattr(disk, "os", counts)
        plan_study(home / "study.yaml", home / "out", sys.executable, False, lambda line: None)
        disk.remove_draft(home / "out")
    assert counts.count
    at = max(counts.count - 1, 1)
    monkeypatch.setattr(disk, "os", _Counting(os, call, failing))
    with pytest.raises(Refusal, match="No space left on device"):
        plan_study(home / "study.yaml", home / "out", sys.executable, False, lambda line: None)
    monkeypatch.undo()
    assert snapshot(home) == before
    assert sorted(path.name for path in home.iterdir()) == ["fork", "study.yaml"]


class _Counting:
    """The module `os` for disk.py, with one function counted or replaced."""

    def __init__(self, module: object, name: str, other: object = None) -> None:
        self._module, self._name, self._other = module, name, other
        self.count = 0

    def __getattr__(self, name: str) -> object:
        if name == self._name:
            self.count += 1
            return self._other or getattr(self._module, name)
        return getattr(self._module, name)


@pytest.mark.parametrize("name", _PLANNERS)
def test_what_plans_writes_by_it_alone(name: str) -> None:
    tree = ast.parse((Path(yamlmod.__file__).parent / name).read_text(encoding="utf-8"))
    calls = {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    imports = {alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
    assert not calls & _WRITERS and "shutil" not in imports
