"""What a hostile or unlucky machine does: one message, the right exit code, nothing half done."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.run import snapshot, yamlmod
from tests.ops.samples import SMALL

posix = pytest.mark.skipif(os.name == "nt", reason="needs a POSIX system")
_INSERT = ("insert", "SimAM", "x.yaml", "--after", "P4")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "x.yaml").write_bytes(SMALL.encode())
    return tmp_path


def shell(command: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    full = command.replace("yamlmod", f"'{sys.executable}' -m yamlmod")
    return subprocess.run(["bash", "-c", full], cwd=cwd, capture_output=True, check=False)


def test_a_diff_that_cannot_be_written_leaves_the_target_alone(folder: Path) -> None:
    before = snapshot(folder)
    for diff in ("none/x.diff", ".", "x.yaml", "./x.yaml"):
        for force in ((), ("--force",)):
            done = yamlmod(*_INSERT, "-w", "--diff", diff, *force, cwd=folder)
            assert done.code == 2, (diff, done.err)
            assert snapshot(folder) == before
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    assert yamlmod(*_INSERT, "-w", "--diff", "notes.txt", cwd=folder).code == 2
    assert (folder / "x.yaml").read_bytes() == SMALL.encode()


def test_the_closing_says_where_the_diff_is(folder: Path) -> None:
    done = yamlmod(*_INSERT, "--diff", "d.diff", "--dry-run", cwd=folder)
    assert "the diff is in d.diff" in done.err
    assert "nothing else was written" in done.err
    both = yamlmod(*_INSERT, "--diff", "d.diff", "-w", cwd=folder)
    assert "wrote x.yaml" in both.err
    assert "the diff is in d.diff" in both.err


@pytest.mark.parametrize("flags", [("--json",), ("--format", "json")])
def test_errors_in_json(folder: Path, flags: tuple[str, ...]) -> None:
    done = yamlmod("insert", "SimAM", "x.yaml", "--at", "99", *flags, cwd=folder)
    assert (done.code, done.err) == (2, "")
    assert json.loads(done.out)["error"]["code"] == "no-such-layer"


@posix
def test_lost_output(folder: Path) -> None:
    if Path("/dev/full").exists():
        full = shell("yamlmod insert SimAM x.yaml --after P4 > /dev/full", folder)
        assert full.returncode == 2
        assert b"stdout cannot be written" in full.stderr
        assert b"nothing was written" in full.stderr
        wrote = shell("yamlmod insert SimAM x.yaml --after P4 -o y.yaml --json >/dev/full", folder)
        assert wrote.returncode == 2
        assert b"wrote y.yaml" in wrote.stderr or (folder / "y.yaml").exists()
        for command in ("--help", "--version", "list", "show x.yaml", "info SimAM"):
            done = shell(f"yamlmod {command} > /dev/full", folder)
            assert done.returncode in (2, 120), command
            assert b"Traceback" not in done.stderr, command
        assert shell("yamlmod insert SimAM x.yaml --after P4 2> /dev/full", folder).returncode == 0
    for streams in (">&-", "2>&-", ">&- 2>&-"):
        done = shell(f"yamlmod insert SimAM x.yaml --after P4 {streams}", folder)
        assert done.returncode == 0, streams
        assert b"Traceback" not in done.stderr
    piped = shell(
        "yamlmod insert SimAM x.yaml --after P4 --check | true; echo ${PIPESTATUS[0]}", folder
    )
    assert piped.stdout == b"1\n"


@posix
def test_paths_that_lead_nowhere(folder: Path) -> None:
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    os.mkfifo(folder / "pipe")
    for arguments in (
        ("insert", "SimAM", "a", "--at", "1"),
        (*_INSERT, "-o", "a"),
        (*_INSERT, "--diff", "a"),
        ("patch", "a", "SimAM"),
        ("insert", "SimAM", "pipe", "--at", "1"),
        ("insert", "SimAM", "n" * 300, "--at", "1"),
        (*_INSERT, "-o", "n" * 300),
        (*_INSERT, "-o", ""),
        (*_INSERT, "-o", "-"),
        (*_INSERT, "-o", "."),
        ("patch", "", "SimAM"),
        ("patch", "n" * 300, "SimAM"),
        ("patch", "x.yaml", "SimAM"),
    ):
        done = yamlmod(*arguments, cwd=folder)
        assert done.code == 2, (arguments, done.err)
        assert "Traceback" not in done.err
        assert "error[bug]" not in done.err
    assert (folder / "x.yaml").read_bytes() == SMALL.encode()


@posix
def test_a_current_folder_that_is_gone(folder: Path) -> None:
    gone = folder / "gone"
    gone.mkdir()
    command = f"cd '{gone}' && rmdir '{gone}' && yamlmod insert SimAM '{folder}/x.yaml' --at 3"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    full = command.replace("yamlmod", f"'{sys.executable}' -m yamlmod")
    done = subprocess.run(
        ["bash", "-c", full], cwd=folder, capture_output=True, env=env, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"--- a/x.yaml")


@posix
@pytest.mark.parametrize("name", ["a\tb.yaml", "a\nb.yaml", 'a"b.yaml', "主干.yaml", "a b.yaml"])
def test_names_that_a_line_cannot_hold(folder: Path, name: str) -> None:
    shutil.copy(folder / "x.yaml", folder / name)
    done = yamlmod("insert", "SimAM", name, "--after", "P4", cwd=folder)
    assert done.code == 0
    subprocess.run(["git", "apply"], input=done.out, cwd=folder, check=True, capture_output=True)
    assert yamlmod(*_INSERT, "-w", cwd=folder).code == 0
    assert (folder / name).read_bytes() == (folder / "x.yaml").read_bytes()


@posix
def test_a_name_that_is_not_utf8(folder: Path) -> None:
    name = os.fsdecode(b"\xff\xfe.yaml")
    shutil.copy(folder / "x.yaml", folder / name)
    done = yamlmod("insert", "SimAM", name, "--after", "P4", cwd=folder)
    assert done.code == 0, done.err
    assert b"\xff\xfe.yaml" in done.out


def test_words_in_the_wrong_order(folder: Path) -> None:
    done = yamlmod("insert", "x.yaml", "SimAM", "--at", "1", cwd=folder)
    assert done.code == 2
    assert "the order is MODULE CFG" in done.err


@pytest.mark.parametrize("name", ["true", "null", "yes", "No", "class", "None", "on"])
def test_names_that_yaml_reads_otherwise(folder: Path, name: str) -> None:
    done = yamlmod("insert", name, "x.yaml", "--at", "1", "--args", "[]", cwd=folder)
    assert done.code == 2
    assert "bad-module" in done.err


def test_small_numbers_are_numbers_to_every_reader(folder: Path) -> None:
    yaml = pytest.importorskip("yaml")
    done = yamlmod(
        "insert", "New", "x.yaml", "--at", "1", "--args", "[1e-5, 1e20, 2.5e-7]", "-w", cwd=folder
    )
    assert done.code == 0, done.err
    row = yaml.safe_load((folder / "x.yaml").read_text(encoding="utf-8"))["backbone"][1]
    assert row[3] == [1e-5, 1e20, 2.5e-7]
