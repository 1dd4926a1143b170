"""A journal that came with a repository: shown, explained, and taken only with a flag."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.run import Done, yamlmod
from tests.workspace.hostile import entry, file, put

_FORK = Path(__file__).parents[2] / "examples" / "minifork"
_INSERT = ("insert", "SimAM", "victim/models/mini.yaml", "--at", "5")
_ADD = ("add", "SimAM", "--repo", "victim", "--cfg", "victim/models/mini.yaml", "--at", "5")
_HOOK = ".git/hooks/post-index-change"
_ESCAPES = ["yamlmod", "\x1b]0;owned\x07\x1b[2J", "\u202egnp", "a\ud800", "\n::error::x", "\0"]


def _git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(_FORK, tmp_path / "evil", ignore=shutil.ignore_patterns("__pycache__"))
    _git(tmp_path / "evil", "init", "-q")
    return tmp_path


def _clone(folder: Path, fields: Any, name: str = "pending.json") -> dict[str, Any]:
    """Commit a journal, and clone the repository with it. Returns the state of everything."""
    put(folder / "evil", fields, name)
    _git(folder / "evil", "add", "-fA")
    _git(folder / "evil", "commit", "-qm", "x")
    _git(folder, "clone", "-q", "evil", "victim")
    return _state(folder)


def _state(folder: Path) -> dict[str, Any]:
    return {
        path.relative_to(folder).as_posix(): (
            path.lstat().st_mode,
            path.read_bytes() if path.is_file() else None,
        )
        for path in sorted(folder.rglob("*"))
    }


def _is_clean(done: Done) -> None:
    text = done.err + done.out.decode()
    assert "Traceback" not in text
    assert "error[bug]" not in text
    assert all(sign.isprintable() or sign in "\n\t" for sign in text)
    assert not any(line.startswith("::") for line in text.splitlines())


def _hook_files(folder: Path) -> list[dict[str, Any]]:
    readme = (folder / "evil" / "README.md").read_bytes()
    return [
        file(0, "README.md", readme, b"?"),
        file(1, _HOOK, b"#!/bin/sh\ntouch ./PWNED\n", None, 0o755),
    ]


@pytest.mark.parametrize("write", [_INSERT, _ADD])
@pytest.mark.parametrize("name", ["pending.json", "000001.json"])
def test_a_clone_plants_no_hook(folder: Path, name: str, write: tuple[str, ...]) -> None:
    fields = entry(_hook_files(folder), when="", command=_ESCAPES)
    before = _clone(folder, fields, name)
    undo = ("undo", "victim")
    for words in (
        (*write, *(("-w",) if name == "pending.json" else ())),
        undo,
        (*undo, "-w"),
        (*undo, "--list"),
        (*undo, "--json"),
        (*undo, "--list", "--json"),
        (*undo, "--trust-journal"),
        (*undo, "--trust-journal", "-w"),
        (*undo, "--trust-journal", "--outside", "-w"),
        ("show", "victim/models/mini.yaml"),
        ("status", "victim"),
    ):
        done = yamlmod(*words, cwd=folder)
        reads = words[0] in ("show", "status") or "--list" in words or "-w" not in words
        assert done.code == 2 or reads, (words, done.err)
        _is_clean(done)
        assert _state(folder) == before, words
    _git(folder / "victim", "status")
    assert not list(folder.rglob("PWNED"))


def test_a_write_names_each_file_and_the_two_ways_out(folder: Path) -> None:
    _clone(folder, entry([*_hook_files(folder), file(2, "models/yolo.py", b"x", b"y")]))
    done = yamlmod(*_INSERT, "-w", cwd=folder)
    assert done.code == 2
    assert "error[foreign-journal]: victim/.yamlmod/pending.json" in done.err
    assert "`yamlmod undo victim --trust-journal`" in done.err
    assert "delete victim/.yamlmod/pending.json" in done.err
    assert f"victim/{_HOOK}: never touched, it belongs to git" in done.err
    assert "victim/README.md: never touched, yamlmod never writes a file of this" in done.err
    assert "victim/models/yolo.py: left unchanged, check it yourself" in done.err
    listed = yamlmod("undo", "victim", "--list", cwd=folder)
    assert listed.code == 0
    assert "victim/.yamlmod/pending.json: it is not signed" in listed.out.decode()
    shown = yamlmod("show", "victim/models/mini.yaml", cwd=folder)
    assert "warning: victim/.yamlmod/pending.json records an interrupted write" in shown.err
    (folder / "victim/.yamlmod/pending.json").unlink()
    assert yamlmod(*_INSERT, "-w", cwd=folder).code == 0


def test_a_stranger_s_write_is_passed_over(folder: Path) -> None:
    fields = entry([file(0, "models/yolo.py", b"x", b"y")], 5, command=_ESCAPES)
    _clone(folder, fields, "000005.json")
    before = (folder / "victim/models/mini.yaml").read_bytes()
    assert yamlmod("undo", "victim", "-w", cwd=folder).code == 2
    assert yamlmod(*_INSERT, "-w", cwd=folder).code == 0
    _clone_later = put(folder / "victim", {**fields, "number": 9}, "000009.json")
    done = yamlmod("undo", "victim", "-w", cwd=folder)
    assert done.code == 0, done.err
    assert "000009.json is passed over: it is not signed" in done.err
    assert "victim/models/mini.yaml: gets its old" in done.err
    assert (folder / "victim/models/mini.yaml").read_bytes() == before
    listed = json.loads(yamlmod("undo", "victim", "--list", "--json", cwd=folder).out)
    assert [(one["write"], bool(one["doubt"])) for one in listed["writes"]] == [
        (9, True),
        (6, False),
        (5, True),
    ]
    assert _clone_later.exists()
    _is_clean(yamlmod("undo", "victim", "--list", cwd=folder))


@pytest.mark.parametrize("key", ["made", "gone"])
def test_no_folder_elsewhere_is_removed(folder: Path, key: str) -> None:
    empty = folder / "empty"
    (empty / "__pycache__").mkdir(parents=True)
    (empty / "__pycache__" / "a.cpython-311.pyc").touch()
    yaml = (folder / "evil/models/mini.yaml").read_bytes()
    fields = entry([file(0, "models/mini.yaml", b"old", yaml)], **{key: [str(empty)]})
    before = _clone(folder, fields, "000001.json")
    for flags in ((), ("--trust-journal",), ("--trust-journal", "--outside")):
        done = yamlmod("undo", "victim", "-w", *flags, cwd=folder)
        assert done.code == 2
        assert _state(folder) == before
    assert f"{empty.as_posix()}: never touched" in done.err.replace(": empty", f": {empty}")


def test_lone_surrogates(folder: Path) -> None:
    files = [file(0, "a\ud800", b"x", b"y")]
    before = _clone(folder, entry(files))
    put(folder / "victim", entry(files), "000001.json")
    before = _state(folder)
    for words in ((*_INSERT, "-w"), ("undo", "victim", "-w"), ("undo", "victim", "--list")):
        done = yamlmod(*words, cwd=folder)
        assert done.code == (0 if "--list" in words else 2), done.err
        _is_clean(done)
        assert _state(folder) == before


def _made_before(folder: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A write of one's own, in the form that an earlier yamlmod gave its entry."""
    shutil.move(folder / "evil", folder / "victim")
    before = _files(folder)
    assert yamlmod(*_ADD, "-w", cwd=folder).code == 0
    path = folder / "victim/.yamlmod/000001.json"
    fields = json.loads(path.read_bytes())
    del fields["home"], fields["signature"]
    fields["format"] = 1
    path.write_bytes((json.dumps(fields, indent=1) + "\n").encode())
    return before, _files(folder), fields


def _files(folder: Path) -> dict[str, Any]:
    return {name: told for name, told in _state(folder).items() if ".yamlmod" not in name}


def test_an_own_write_of_before_is_undone_with_the_flag(folder: Path) -> None:
    before, after, _ = _made_before(folder)
    refused = yamlmod("undo", "victim", "-w", cwd=folder)
    assert refused.code == 2
    assert "error[foreign-journal]" in refused.err
    assert "victim/models/yolo.py" in refused.err
    assert _files(folder) == after
    preview = yamlmod("undo", "victim", "--trust-journal", cwd=folder)
    assert preview.code == 0
    assert "an earlier yamlmod wrote it" in preview.err
    assert _files(folder) == after
    done = yamlmod("undo", "victim", "--trust-journal", "-w", cwd=folder)
    assert done.code == 0, done.err
    assert "victim/models/common.py: gets its old" in done.err
    assert _files(folder) == before
    assert yamlmod("undo", "victim", "--redo", "-w", cwd=folder).code == 0
    assert _files(folder) == after


def test_an_own_interrupted_write_of_before_is_settled_with_the_flag(folder: Path) -> None:
    before, _, fields = _made_before(folder)
    store = folder / "victim/.yamlmod"
    (store / "000001.json").rename(store / "pending.json")
    yolo = next(one for one in fields["files"] if one["path"] == "models/yolo.py")
    old = before["victim/models/yolo.py"][1]
    (folder / "victim/models/yolo.py").write_bytes(old)
    temporary = folder / "victim/models" / yolo["temporary"]
    temporary.write_bytes(b"new")
    half = _state(folder)
    for words in ((*_INSERT, "-w"), ("undo", "victim", "-w")):
        done = yamlmod(*words, cwd=folder)
        assert (done.code, _state(folder) == half) == (2, True)
        assert "victim/models/common.py: gets its old" in done.err
        assert "victim/models/yolo.py: stays as it was before" in done.err
    done = yamlmod("undo", "victim", "--trust-journal", "-w", cwd=folder)
    assert done.code == 0, done.err
    assert _files(folder) == before


@pytest.mark.skipif(os.name == "nt", reason="the folder is the platform's there")
def test_without_a_place_for_the_key_all_works_but_undo_asks(folder: Path) -> None:
    shutil.move(folder / "evil", folder / "victim")
    before = _files(folder)
    for state in ("/dev/null/x", "/proc/none"):
        done = yamlmod(*_ADD, "-w", cwd=folder, XDG_STATE_HOME=state)
        assert done.code == 0, done.err
        assert "warning: `yamlmod undo` of this will ask for --trust-journal" in done.err
        asked = yamlmod("undo", "victim", "-w", cwd=folder, XDG_STATE_HOME=state)
        assert asked.code == 2
        assert "it was written where no key could be kept" in asked.err
        flags = ("--trust-journal", "-w")
        assert yamlmod("undo", "victim", *flags, cwd=folder, XDG_STATE_HOME=state).code == 0
        assert _files(folder) == before


def test_a_moved_folder_and_a_copied_one(folder: Path) -> None:
    shutil.move(folder / "evil", folder / "victim")
    before = {name.removeprefix("victim"): told for name, told in _files(folder).items()}
    assert yamlmod(*_ADD, "-w", cwd=folder).code == 0
    shutil.copytree(folder / "victim", folder / "copy")
    (folder / "victim").rename(folder / "moved")
    refused = yamlmod("undo", "copy", "-w", cwd=folder)
    assert refused.code == 2
    assert "it was written in another folder" in refused.err
    for place, flags in (("moved", ()), ("copy", ("--trust-journal",))):
        assert yamlmod("undo", place, "-w", *flags, cwd=folder).code == 0
        found = _files(folder).items()
        names = {name.removeprefix(place): told for name, told in found if name.startswith(place)}
        assert names == before


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
@pytest.mark.parametrize("name", ["pending.json", "000001.json"])
def test_an_entry_that_is_a_link_is_named_itself(folder: Path, name: str) -> None:
    """What the link leads to is a file of the user's, and he is told to delete what is named."""
    (folder / "mine.txt").write_text("mine")
    store = folder / "evil" / ".yamlmod"
    store.mkdir()
    (store / name).symlink_to("../../mine.txt")
    words = [_INSERT] if name == "pending.json" else []
    for command in (*words, ("undo", "victim", "--list"), ("undo", "victim", "--list", "--json")):
        done = yamlmod(*[word.replace("victim", "evil") for word in command], cwd=folder)
        text = done.err + done.out.decode()
        assert f"evil/.yamlmod/{name}" in text
        assert "mine.txt" not in text
    if words:
        done = yamlmod("insert", "SimAM", "evil/models/mini.yaml", "--at", "5", "-w", cwd=folder)
        assert done.code == 2 and done.err.count(f"evil/.yamlmod/{name}") == 2
        assert "mine.txt" not in done.err


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
@pytest.mark.parametrize("target", ["../elsewhere", "/dev/zero", "nowhere"])
def test_a_journal_folder_that_is_a_link_tells_of_no_write(folder: Path, target: str) -> None:
    (folder / "elsewhere").mkdir()
    (folder / "evil" / ".yamlmod").symlink_to(target)
    done = yamlmod("insert", "SimAM", "evil/models/mini.yaml", "--at", "5", "-w", cwd=folder)
    assert done.code == 2 and "error[journal-unwritable]" in done.err, done.err
    assert "interrupted" not in done.err and "link" in done.err
    assert not any((folder / "elsewhere").iterdir())


def test_a_damaged_entry_is_named(tmp_path: Path) -> None:
    store = tmp_path / ".yamlmod"
    store.mkdir()
    (tmp_path / "m.yaml").write_text("nc: 4\n")
    (store / "000001.json").write_text('{"format": 2, "number": "one"}')
    for flags in ((), ("--trust-journal",)):
        done = yamlmod("undo", ".", *flags, cwd=tmp_path)
        assert done.code == 2
        assert ".yamlmod/000001.json" in done.err
        assert "nothing-to-undo" in done.err
