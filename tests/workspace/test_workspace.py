"""All or nothing: whatever fails on the way, every file is old or every file is new."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from yamlmod.errors import Refusal
from yamlmod.workspace import disk
from yamlmod.workspace.commit import Purpose, commit
from yamlmod.workspace.files import FileChange, read_text, real_path
from yamlmod.workspace.tree import Tree


def _three(folder: Path) -> list[FileChange]:
    (folder / "a").write_bytes(b"old a")
    (folder / "b").write_bytes(b"old b")
    return [
        FileChange(folder / "a", b"old a", b"new a"),
        FileChange(folder / "b", b"old b", b"new b"),
        FileChange(folder / "c", None, b"new c"),
    ]


def _state(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_all(tmp_path: Path) -> None:
    changes = _three(tmp_path)
    (tmp_path / "a").chmod(0o754)
    commit(changes)
    assert _state(tmp_path) == {"a": b"new a", "b": b"new b", "c": b"new c"}
    if sys.platform != "win32":
        assert (tmp_path / "a").stat().st_mode & 0o777 == 0o754


@pytest.mark.parametrize("call", range(1, 4))
@pytest.mark.parametrize(
    "error", [OSError("disk full"), KeyboardInterrupt()], ids=["error", "interrupt"]
)
def test_nothing_when_a_replacement_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int, error: BaseException
) -> None:
    changes = _three(tmp_path)
    before = _state(tmp_path)
    calls = 0
    replace = os.replace

    def failing(source: Any, target: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            raise error
        return replace(source, target)

    monkeypatch.setattr(disk.os, "replace", failing)
    with pytest.raises((Refusal, KeyboardInterrupt)):
        commit(changes)
    assert _state(tmp_path) == before


# Of the journal's own files, then of the three temporary ones; 3 and 4 are those of folders.
@pytest.mark.parametrize("call", [1, 2, 5, 6, 7])
def test_nothing_when_staging_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    changes = _three(tmp_path)
    before = _state(tmp_path)
    calls = 0

    def failing(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk.os, "fsync", failing)
    with pytest.raises(Refusal) as caught:
        commit(changes)
    assert "No space left" in caught.value.message
    assert _state(tmp_path) == before


def test_a_file_that_changed_meanwhile(tmp_path: Path) -> None:
    changes = _three(tmp_path)
    (tmp_path / "b").write_bytes(b"somebody else's")
    with pytest.raises(Refusal) as caught:
        commit(changes)
    assert caught.value.code == "changed-meanwhile"
    assert _state(tmp_path) == {"a": b"old a", "b": b"somebody else's"}


def test_a_file_that_appeared(tmp_path: Path) -> None:
    changes = _three(tmp_path)
    (tmp_path / "c").write_bytes(b"there")
    with pytest.raises(Refusal, match="appeared"):
        commit(changes)
    assert _state(tmp_path)["a"] == b"old a"


def test_a_folder_goes_with_its_last_file(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    make = [FileChange(inner / name, None, b"x", makes_folders=True) for name in ("c", "d")]
    drop = [FileChange(inner / name, b"x", None, makes_folders=True) for name in ("c", "d")]
    commit(make)
    commit(drop[:1])
    assert _state(inner) == {"d": b"x"}
    (inner / "__pycache__").mkdir()
    (inner / "__pycache__" / "d.cpython-311.pyc").write_bytes(b"")
    shutil.rmtree(inner / ".yamlmod")  # a plain folder keeps its journal beside the files
    commit(drop[1:], Purpose(home=real_path(tmp_path)))
    assert not inner.exists()
    assert inner.parent.is_dir()


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as caught:
        commit([FileChange(tmp_path / "no" / "c", None, b"x")])
    assert caught.value.code == "no-such-folder"


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need rights on Windows")
def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    commit([FileChange(tmp_path / "link", b"old", b"new")])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anything")
def test_a_read_only_file(tmp_path: Path) -> None:
    changes = _three(tmp_path)
    (tmp_path / "b").chmod(0o444)
    with pytest.raises(Refusal, match="read-only"):
        commit(changes)
    assert _state(tmp_path)["a"] == b"old a"


def test_read_text(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\n")
    file = read_text(path)
    assert file.text == "a: 1\r\n"
    assert file.encode("b: 2\r\n") == b"\xef\xbb\xbfb: 2\r\n"
    path.write_bytes(b"a\n\xb8\xc4: 1\n")
    with pytest.raises(Refusal) as caught:
        read_text(path, "x.yaml")
    assert (caught.value.code, str(caught.value.place)) == ("not-utf8", "x.yaml:2")
    with pytest.raises(Refusal, match="no file"):
        read_text(tmp_path / "none")
    with pytest.raises(Refusal, match="folder"):
        read_text(tmp_path)
    with pytest.raises(Refusal):
        read_text(Path("nul\0byte"))


def test_tree(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "a.py").write_bytes(b"x = 1\n")
    tree = Tree(tmp_path)
    assert tree.read("models/none.py") is None
    assert tree.read("models/a.py") == "x = 1\n"
    assert tree.glob("*/a.py") == ["models/a.py"]
    assert tree.change("models/a.py", "x = 2\n").after == b"x = 2\n"
    with pytest.raises(Refusal):
        Tree(tmp_path / "none")
