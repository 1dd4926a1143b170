"""What a repository brings is read and written inside it only, unless somebody names the file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.run import Done, yamlmod
from tests.cli.test_check import MINI, wrong_text
from yamlmod.workspace import walk

posix = pytest.mark.skipif(os.name == "nt", reason="needs a POSIX system")
_RECIPE = "yamlmod: 1\ncfg: {}\nedits:\n  - insert: SimAM\n    at: 5\n"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A stranger's repository, beside a model of one's own."""
    clone = tmp_path / "clone"
    shutil.copytree(MINI.parents[1], clone)
    (clone / ".git").mkdir()
    (tmp_path / "mine.yaml").write_text(wrong_text(), encoding="utf-8")
    return clone


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".yamlmod" not in path.parts
    }


def _fix(folder: Path, *words: str) -> Done:
    return yamlmod("check", *words, "--fix", "-w", cwd=folder)


@posix
def test_fixes_reach_no_file_that_only_a_link_names(clone: Path, tmp_path: Path) -> None:
    link = clone / "models" / "link.yaml"
    link.symlink_to(tmp_path / "mine.yaml")
    before = (tmp_path / "mine.yaml").read_bytes()
    for _ in range(2):
        done = _fix(tmp_path, "clone")
        assert done.code == 0, done.err
        assert "link.yaml is not read: it points outside of" in done.err
        assert (tmp_path / "mine.yaml").read_bytes() == before
    data = json.loads(yamlmod("check", "clone", "--json", cwd=tmp_path).out)
    assert [item["code"] for item in data["skipped"]] == ["outside"]
    done = _fix(tmp_path, "clone/models/link.yaml")  # named: written through
    assert done.code == 0, done.err
    assert (tmp_path / "mine.yaml").read_bytes() != before
    assert link.is_symlink()


@posix
def test_a_link_out_of_the_folder_but_inside_the_repository(clone: Path, tmp_path: Path) -> None:
    (clone / "other").mkdir()
    (clone / "other" / "wrong.yaml").write_text(wrong_text(), encoding="utf-8")
    (clone / "models" / "link.yaml").symlink_to("../other/wrong.yaml")
    before = _files(clone)
    plain = yamlmod("check", "models", cwd=clone)
    assert plain.code == 1 and b"wiring" in plain.out
    done = _fix(clone, "models")
    assert done.code == 1, done.err  # the mistake stays, and is told
    assert "is a link out of the folder that was named, and is not fixed" in done.err
    assert _files(clone) == before
    done = _fix(clone, ".")
    assert done.code == 0 and "wrote other/wrong.yaml" in done.err


@posix
def test_a_file_with_two_names_is_written_once(clone: Path) -> None:
    (clone / "models" / "a.yaml").write_text(wrong_text(), encoding="utf-8")
    (clone / "more").mkdir()
    (clone / "more" / "b.yaml").symlink_to("../models/a.yaml")
    done = _fix(clone, ".")
    assert done.code == 0, done.err
    assert done.err.count("wrote ") == 1
    assert (clone / "more" / "b.yaml").is_symlink()


@pytest.mark.skipif(not hasattr(os, "link"), reason="no hard links here")
def test_a_hard_link_is_parted_and_not_written_through(clone: Path, tmp_path: Path) -> None:
    """An archive may bring one; a write replaces the name, and the other name keeps its bytes."""
    os.link(tmp_path / "mine.yaml", clone / "models" / "hard.yaml")
    before = (tmp_path / "mine.yaml").read_bytes()
    assert _fix(tmp_path, "clone").code == 0
    assert (tmp_path / "mine.yaml").read_bytes() == before
    assert (clone / "models" / "hard.yaml").read_bytes() != before


def _places(tmp_path: Path) -> dict[str, str]:
    return {
        "absolute": (tmp_path / "mine.yaml").as_posix(),
        "up": "../mine.yaml",
        "up and down": "models/../../mine.yaml",
        "link": "models/link.yaml",
        "folder link": "out/mine.yaml",
    }


@posix
@pytest.mark.parametrize("kind", ["absolute", "up", "up and down", "link", "folder link"])
def test_a_recipe_leads_to_no_file_outside(clone: Path, tmp_path: Path, kind: str) -> None:
    (clone / "models" / "link.yaml").symlink_to("../../mine.yaml")
    (clone / "out").symlink_to(tmp_path)
    (clone / "r.yaml").write_text(_RECIPE.format(_places(tmp_path)[kind]), encoding="utf-8")
    before = _files(tmp_path)
    for sink in ((), ("-w",), ("--check",), ("-o", "new.yaml")):
        done = yamlmod("apply", "clone/r.yaml", *sink, cwd=tmp_path)
        assert done.code == 2 and "error[outside]" in done.err, (sink, done.err)
        assert "yamlmod apply RECIPE CFG" in done.err
        assert _files(tmp_path) == before
    done = yamlmod("apply", "clone/r.yaml", "mine.yaml", "-w", cwd=tmp_path)
    assert done.code == 0, done.err


def test_a_recipe_inside_its_repository(clone: Path, tmp_path: Path) -> None:
    (clone / "recipes").mkdir()
    recipe = clone / "recipes" / "r.yaml"
    recipe.write_text(_RECIPE.format("../models/mini.yaml"), encoding="utf-8")
    assert yamlmod("apply", recipe, "--check", cwd=tmp_path).code == 1
    recipe.write_text(_RECIPE.format("~/mine.yaml"), encoding="utf-8")
    assert yamlmod("apply", recipe, "-w", cwd=tmp_path, HOME=str(tmp_path)).code == 2


@posix
@pytest.mark.parametrize(
    "word", ["/ABSOLUTE", "../elsewhere", "link", "link/deeper", "~/x", "~no/x"]
)
def test_new_writes_into_no_folder_that_a_stranger_names(
    clone: Path, tmp_path: Path, word: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (clone / "link").symlink_to("../elsewhere")
    word = word.replace("/ABSOLUTE", (tmp_path / "elsewhere").as_posix())
    (clone / "yamlmod.toml").write_text(f'templates = ["{word}", "fine"]\n', encoding="utf-8")
    before = _files(tmp_path)
    home = str(tmp_path / "home")
    done = yamlmod("new", "Mine", cwd=clone, HOME=home)
    assert done.code == 2 and "--dir DIR" in done.err, done.err
    assert _files(tmp_path) == before and not list((tmp_path / "elsewhere").iterdir())
    listed = yamlmod("list", cwd=clone, HOME=home)
    assert listed.code == 0 and b"SimAM" in listed.out and "warning: " in listed.err
    done = yamlmod("new", "Mine", "--dir", tmp_path / "elsewhere", cwd=clone, HOME=home)
    assert done.code == 0, done.err
    assert (tmp_path / "elsewhere" / "mine" / "manifest.toml").is_file()


@posix
def test_new_does_not_follow_a_link_of_the_usual_name(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (clone / "yamlmod_templates").symlink_to("../elsewhere")
    done = yamlmod("new", "Mine", cwd=clone)
    assert done.code == 2 and "error[outside]" in done.err
    assert not list((tmp_path / "elsewhere").iterdir())


def test_new_makes_the_folder_that_yamlmod_toml_names(clone: Path) -> None:
    (clone / "yamlmod.toml").write_text('templates = ["a/b"]\n', encoding="utf-8")
    assert yamlmod("new", "Mine", cwd=clone).code == 0
    assert yamlmod("info", "Mine", cwd=clone).code == 0


@posix
def test_a_fork_reads_no_file_outside(clone: Path, tmp_path: Path) -> None:
    outside = tmp_path / "common.py"
    shutil.move(clone / "models" / "common.py", outside)
    (clone / "models" / "common.py").symlink_to(outside)
    before = _files(tmp_path)
    for words in (
        ("patch", "clone", "SimAM", "-w"),
        ("status", "clone"),
        ("unpatch", "clone", "X"),
    ):
        done = yamlmod(*words, cwd=tmp_path)
        assert done.code == 2 and "points outside of" in done.err, (words, done.err)
    assert _files(tmp_path) == before


_WITHOUT_RIGHTS = """
import ctypes, os, sys
if os.geteuid() == 0:  # root may enter all, but for these two capabilities
    for capability in (1, 2):
        assert ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) == 0
os.execv(sys.executable, [sys.executable, "-m", "yamlmod", *sys.argv[1:]])
"""


def _as_an_ordinary_user(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _WITHOUT_RIGHTS, *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform != "linux", reason="root gives up its rights as Linux has them")
@pytest.mark.parametrize("closed", ["folder", "file"])
def test_what_may_not_be_entered_is_named(clone: Path, closed: str) -> None:
    target = clone / "models" / ("closed" if closed == "folder" else "closed.yaml")
    if closed == "folder":
        target.mkdir()
    shutil.copy(MINI, target)
    target.chmod(0)
    try:
        for words in ("check .", "check models --json", "check . --fix -w", "status .", "doctor ."):
            done = _as_an_ordinary_user(*words.split(), cwd=clone)
            assert done.returncode == 2, (words, done.stdout, done.stderr)
            assert target.name in done.stdout + done.stderr
            assert "Traceback" not in done.stderr
        done = _as_an_ordinary_user("check", f"models/{target.name}", cwd=clone)
        assert done.returncode == 2 and target.name in done.stderr
    finally:
        target.chmod(0o755)


def test_a_folder_that_the_system_does_not_open(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same, for every reason that a system may give, and whoever runs the tests."""
    from yamlmod.cli.app import app

    (clone / "models" / "closed").mkdir()
    real = os.scandir

    def scandir(path: Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(walk.os, "scandir", scandir)
    monkeypatch.chdir(clone)
    for command in (["check", "."], ["check", ".", "--fix"], ["status", "."], ["doctor", "."]):
        monkeypatch.setattr(sys, "argv", ["yamlmod", *command])
        with pytest.raises(SystemExit) as caught:
            app(command, prog_name="yamlmod")
        captured = capsys.readouterr()
        assert caught.value.code == 2, command
        assert "models/closed" in captured.out + captured.err, command
    with pytest.raises(SystemExit):
        app(["check", "."], prog_name="yamlmod")
    assert "1 file checked, nothing found; 1 folder cannot be read" in capsys.readouterr().err


@posix
def test_walks_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links in a circle, deep trees, many names, names that are no text."""
    (tmp_path / "round").symlink_to(".")
    (tmp_path / "up").symlink_to("..")
    (tmp_path / os.fsdecode(b"\xff\xfe")).mkdir()
    shutil.copy(MINI, tmp_path / os.fsdecode(b"\xff\xfe") / os.fsdecode(b"\xfe.yaml"))
    (tmp_path / "line\nbreak").mkdir()
    shutil.copy(MINI, tmp_path / "line\nbreak" / "a\nb.yaml")
    done = yamlmod("check", ".", cwd=tmp_path)
    assert (done.code, done.err) == (0, "2 files checked, nothing found\n")
    data = json.loads(yamlmod("check", ".", "--json", cwd=tmp_path).out)
    assert data["files"] == 2
    deep = tmp_path.joinpath(*["d"] * 70)
    deep.mkdir(parents=True)
    done = yamlmod("check", ".", cwd=tmp_path)
    assert done.code == 2 and "more than 64 folders deep" in done.err
    monkeypatch.setattr(walk, "MAX_ENTRIES", 3)
    files = walk.Walk(3)
    list(files.files(tmp_path, lambda *_: True, (".yaml",)))
    assert [error.code for error in files.unreadable][:1] == ["too-many"]


def test_a_folder_that_vanishes_during_a_walk(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.yaml").touch()
    seen = []
    one_walk = walk.Walk()
    for path, _ in one_walk.files(tmp_path, lambda *_: True, (".yaml",)):
        seen.append(path.parent.name)
        shutil.rmtree(tmp_path / "b", ignore_errors=True)
    assert seen == ["a", "c"] and not one_walk.unreadable
