"""One pipeline, several sinks: what is previewed is what is written, and nothing else is."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.run import snapshot, yamlmod
from tests.ops.samples import SMALL

_INSERT = ("insert", "SimAM", "x.yaml", "--after", "P4")
_EXPECTED = (
    SMALL.replace("# 12 (P4/16-medium)\n", "# 12 (P4/16-medium)\n   [-1, 1, SimAM, []],\n")
    .replace("[[9, 12]", "[[9, 13]")
    .encode()
)

_BLOCKS = """\
backbone:
  - [-1, 1, Conv, [64, 6, 2, 2]]  # 0
  - [-1, 1, C3, [64]]  # 1
head:
  - [[-1, 0], 1, Detect, [1]]  # 2"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "x.yaml").write_bytes(SMALL.encode())
    return tmp_path


def test_preview_writes_nothing(folder: Path) -> None:
    before = snapshot(folder)
    for _ in range(2):
        done = yamlmod(*_INSERT, cwd=folder)
        assert done.code == 0
        assert done.out.startswith(b"--- a/x.yaml\n+++ b/x.yaml\n@@")
        assert "layer 14 Detect now reads 13 SimAM  (from[1]: 12 -> 13)" in done.err
        assert "nothing was written" in done.err
        assert snapshot(folder) == before


def test_write_in_place(folder: Path) -> None:
    done = yamlmod(*_INSERT, "-w", cwd=folder)
    assert (done.code, done.out) == (0, b"")
    assert "wrote x.yaml" in done.err
    assert (folder / "x.yaml").read_bytes() == _EXPECTED
    again = yamlmod(*_INSERT, "-w", cwd=folder)
    assert "next to another" in again.err
    back = yamlmod("remove", "x.yaml", "SimAM#1", "SimAM#2", "-w", cwd=folder)
    assert back.code == 0
    assert (folder / "x.yaml").read_bytes() == SMALL.encode()


def test_write_elsewhere(folder: Path) -> None:
    assert yamlmod(*_INSERT, "-o", "y.yaml", cwd=folder).code == 0
    assert snapshot(folder) == {"x.yaml": SMALL.encode(), "y.yaml": _EXPECTED}
    again = yamlmod(*_INSERT, "-o", "y.yaml", cwd=folder)
    assert again.code == 2
    assert "error[exists]" in again.err
    assert "--force" in again.err
    assert yamlmod(*_INSERT, "-o", "y.yaml", "--force", cwd=folder).code == 0
    same = yamlmod(*_INSERT, "-o", "x.yaml", cwd=folder)
    assert same.code == 2
    assert "-w writes in place" in same.err
    assert yamlmod(*_INSERT, "-o", "none/y.yaml", cwd=folder).code == 2
    assert yamlmod(*_INSERT, "-o", "y.yaml", "-w", cwd=folder).code == 2


@pytest.mark.parametrize(
    "flags", [("-w", "--dry-run"), ("-o", "y.yaml", "--dry-run"), ("-w", "--check")]
)
def test_what_holds_writing_back(folder: Path, flags: tuple[str, ...]) -> None:
    done = yamlmod(*_INSERT, *flags, cwd=folder)
    assert done.code == (1 if "--check" in flags else 0)
    assert done.out
    assert snapshot(folder) == {"x.yaml": SMALL.encode()}


def test_diff_file(folder: Path) -> None:
    shown = yamlmod(*_INSERT, cwd=folder).out
    for _ in range(2):
        done = yamlmod(*_INSERT, "--diff", "d.diff", cwd=folder)
        assert (done.code, done.out) == (0, b"")
        assert (folder / "d.diff").read_bytes() == shown
    refused = yamlmod(*_INSERT, "--diff", "x.yaml", cwd=folder)
    assert refused.code == 2
    assert (folder / "x.yaml").read_bytes() == SMALL.encode()


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("tool", ["git", "patch"])
@pytest.mark.parametrize("final", [True, False], ids=["final newline", "none"])
def test_the_diff_applies(tmp_path: Path, newline: str, tool: str, final: bool) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    text = SMALL if final else _BLOCKS
    data = text.replace("\n", newline).encode()
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b" / "x.yaml").write_bytes(data)
    insert = ("insert", "SimAM", Path("a b/x.yaml"), "--after", "0", "--after", "1")
    diff = yamlmod(*insert, cwd=tmp_path)
    assert diff.code == 0, diff.err
    assert yamlmod(*insert, "-o", "want.yaml", cwd=tmp_path).code == 0
    command = ["git", "apply"] if tool == "git" else ["patch", "-p1", "--binary"]
    subprocess.run(command, input=diff.out, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "a b" / "x.yaml").read_bytes() == (tmp_path / "want.yaml").read_bytes()


def test_a_new_file_applies_too(folder: Path) -> None:
    diff = yamlmod(*_INSERT, "-o", "y.yaml", "--dry-run", cwd=folder).out
    assert diff.startswith(b"--- /dev/null\n+++ b/y.yaml\n")
    subprocess.run(["git", "apply"], input=diff, cwd=folder, check=True, capture_output=True)
    assert (folder / "y.yaml").read_bytes() == _EXPECTED


def test_a_file_outside_the_current_folder(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    done = yamlmod("insert", "SimAM", folder / "x.yaml", "--after", "P4", cwd=elsewhere)
    assert done.out.startswith(b"--- a/x.yaml\n+++ b/x.yaml\n")
    assert "the diff applies in" in done.err
    subprocess.run(["git", "apply"], input=done.out, cwd=folder, check=True, capture_output=True)
    assert (folder / "x.yaml").read_bytes() == _EXPECTED


def test_json(folder: Path) -> None:
    for flags in (("--json",), ("--format", "json")):
        done = yamlmod(*_INSERT, *flags, cwd=folder)
        data = json.loads(done.out)
        assert done.err == ""
        assert data["changed"] is True
        assert data["written"] == []
        assert data["inserted"][0]["index"] == 13
        (consumer,) = data["consumers"]
        assert (consumer["reader"], consumer["module"], consumer["reads"]) == (14, "Detect", 13)
        assert data["diff"].startswith("--- a/x.yaml")
    error = yamlmod("insert", "SimAM", "x.yaml", "--after", "C3", "--json", cwd=folder)
    assert error.code == 2
    assert json.loads(error.out)["error"]["code"] == "ambiguous-selector"
    missing = yamlmod("insert", "SimAM", "none.yaml", "--at", "1", "--json", cwd=folder)
    assert json.loads(missing.out)["error"]["code"] == "no-such-file"


def test_nothing_to_change_is_said(folder: Path) -> None:
    (folder / "y.yaml").write_bytes(_EXPECTED)
    done = yamlmod(*_INSERT, "-o", "y.yaml", "--force", "--check", cwd=folder)
    assert done.code == 0
    assert "nothing to change" in done.err


def test_bytes_that_are_not_the_tools_to_touch(folder: Path) -> None:
    bom = b"\xef\xbb\xbf" + SMALL.encode()
    (folder / "x.yaml").write_bytes(bom)
    assert yamlmod(*_INSERT, "-w", cwd=folder).code == 0
    assert (folder / "x.yaml").read_bytes() == b"\xef\xbb\xbf" + _EXPECTED


@pytest.mark.parametrize("encoding", ["cp936", "cp1252", "ascii"])
def test_a_console_that_lacks_characters(folder: Path, encoding: str) -> None:
    text = SMALL.replace("# a comment", "# 🚀 主干 é").replace("# 9 (", "# 9 ü 层 (")
    (folder / "x.yaml").write_bytes(text.encode())
    done = yamlmod(
        "insert",
        "SimAM",
        "x.yaml",
        "--at",
        "1",
        cwd=folder,
        PYTHONIOENCODING=encoding,
        PYTHONUTF8="0",
    )
    assert done.code == 0, done.err
    assert "# 10 ü 层 (".encode() in done.out
    bad = yamlmod(
        "insert",
        "SimAM",
        "x.yaml",
        "--after",
        "层",
        cwd=folder,
        PYTHONIOENCODING=encoding,
        PYTHONUTF8="0",
    )
    assert bad.code == 2
    assert "error[no-such-layer]" in bad.err
    assert yamlmod("show", "x.yaml", cwd=folder, PYTHONIOENCODING=encoding).code == 0
