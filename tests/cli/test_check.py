"""`yamlmod check` as a user runs it: exit codes, formats, folders, fixes; every run twice."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.cli.run import Done, snapshot, yamlmod
from tests.ops.helpers import insert_text

MINIFORK = Path(__file__).parent.parent.parent / "examples" / "minifork"
MINI = MINIFORK / "models" / "mini.yaml"


def wrong_text() -> str:
    """Return the mini fork's YAML with ACmix put in and two references forgotten."""
    text = insert_text(MINI.read_text(encoding="utf-8"), "ACmix", before=["SPPF"])
    return text.replace("[-1, 15]", "[-1, 14]").replace("[-1, 11]", "[-1, 10]")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(MINI, tmp_path / "mini.yaml")
    (tmp_path / "acmix.yaml").write_text(wrong_text(), encoding="utf-8")
    (tmp_path / "data.yaml").write_text("train: images\nnc: 4\n", encoding="utf-8")
    return tmp_path


def twice(*arguments: str | Path, cwd: Path) -> Done:
    before = snapshot(cwd)
    first, second = (yamlmod("check", *arguments, cwd=cwd) for _ in range(2))
    assert (first.code, first.out) == (second.code, second.out)
    assert "Traceback" not in first.err
    assert snapshot(cwd) == before
    return first


def test_a_folder(folder: Path) -> None:
    done = twice(".", cwd=folder)
    assert done.code == 1
    out = done.out.decode()
    assert "acmix.yaml:" in out and "error[wiring]" in out and "write [-1, 15]" in out
    assert "2 errors" in done.err and "of 2 files" in done.err  # data.yaml is no model
    assert twice("mini.yaml", cwd=folder).code == 0


def test_json(folder: Path) -> None:
    done = twice("acmix.yaml", "--json", cwd=folder)
    data = json.loads(done.out)
    wiring = [item for item in data["findings"] if item["rule"] == "wiring"]
    assert [(i["layer"], i["actual"], i["expected"]) for i in wiring] == [
        (20, [-1, 14], [-1, 15]),
        (23, [-1, 10], [-1, 11]),
    ]
    assert {"rule", "severity", "file", "line", "column", "message"} < set(wiring[0])
    assert wiring[0]["file"] == "acmix.yaml"
    assert done.out == twice("acmix.yaml", "--format", "json", cwd=folder).out


def test_fix_is_what_insert_makes(folder: Path) -> None:
    right = insert_text(MINI.read_text(encoding="utf-8"), "ACmix", before=["SPPF"])
    done = twice("acmix.yaml", "--fix", cwd=folder)
    assert done.code == 1 and done.out.startswith(b"--- a/acmix.yaml")
    applied = subprocess.run(["git", "apply"], cwd=folder, input=done.out, check=False)
    assert applied.returncode == 0
    assert (folder / "acmix.yaml").read_text(encoding="utf-8") == right
    (folder / "acmix.yaml").write_text(wrong_text(), encoding="utf-8")
    assert yamlmod("check", "acmix.yaml", "--fix", "-w", cwd=folder).code == 0
    assert (folder / "acmix.yaml").read_text(encoding="utf-8") == right
    assert yamlmod("check", "acmix.yaml", "--fix", "-w", cwd=folder).code == 0
    assert (folder / "acmix.yaml").read_text(encoding="utf-8") == right


def test_base(folder: Path) -> None:
    data = json.loads(twice("acmix.yaml", "--base", "mini.yaml", "--json", cwd=folder).out)
    wiring = [item for item in data["findings"] if item["rule"] == "wiring"]
    assert [item["layer"] for item in wiring] == [20, 23]
    assert "mini.yaml" in wiring[0]["message"]


def test_sarif(folder: Path) -> None:
    library = pytest.importorskip("sarif_pydantic", reason="pip install .[test]")
    done = twice("acmix.yaml", "mini.yaml", "--format", "sarif", cwd=folder)
    log = library.Sarif.model_validate(json.loads(done.out))
    assert done.code == 1
    assert {"wiring"} <= {result.rule_id for result in log.runs[0].results}
    empty = json.loads(twice("mini.yaml", "--format", "sarif", cwd=folder).out)
    library.Sarif.model_validate(empty)
    assert empty["runs"][0]["results"] == []


def test_github(folder: Path) -> None:
    lines = twice("acmix.yaml", "--format", "github", cwd=folder).out.decode().splitlines()
    assert lines and all(line.startswith(("::error file=acmix.yaml", "::notice")) for line in lines)
    assert any("title=yamlmod wiring::layer 20 Concat" in line for line in lines)


def test_select_ignore_strict_explain(folder: Path) -> None:
    assert twice("acmix.yaml", "--ignore", "wiring", cwd=folder).code == 0
    assert twice("acmix.yaml", "--select", "dead-layer,references", cwd=folder).code == 0
    text = MINI.read_text(encoding="utf-8").replace("# 9\n", "# 8\n")
    (folder / "comment.yaml").write_text(text, encoding="utf-8")
    assert twice("comment.yaml", cwd=folder).code == 0
    assert twice("comment.yaml", "--strict", cwd=folder).code == 1
    done = twice("--explain", "wiring", cwd=folder)
    assert done.code == 0 and b"by the fewest slips" in " ".join(done.out.decode().split()).encode()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no file or folder"),
        (["nothing.yaml"], "there is no file"),
        (["mini.yaml", "-w"], "--fix"),
        (["mini.yaml", "--select", "nonsense"], "no rule"),
        (["mini.yaml", "--fix", "--format", "sarif"], "text or JSON"),
        (["mini.yaml", "--base", "data.yaml"], "no `backbone` table"),
        (["mini.yaml", "--repo", "."], "repository"),
    ],
)
def test_refusals(folder: Path, arguments: list[str], words: str) -> None:
    done = twice(*arguments, cwd=folder)
    assert done.code == 2
    assert words in done.err


def test_files_that_cannot_be_read(folder: Path) -> None:
    (folder / "latin.yaml").write_bytes("nc: 1 # cl\xe4sses".encode("latin-1"))
    done = twice("latin.yaml", "mini.yaml", cwd=folder)
    assert done.code == 2 and "UTF-8" in done.err
    assert done.err.endswith("1 file checked, nothing found; 1 file cannot be read\n")
    (folder / "broken.yaml").write_text("backbone:\n  [[-1, 1, Conv, [8]]\n", encoding="utf-8")
    done = twice("broken.yaml", cwd=folder)
    assert done.code == 1 and b"error[syntax]" in done.out
    assert twice("data.yaml", cwd=folder).code == 1  # named, so it should be a model


def test_what_a_folder_holds_besides_models(folder: Path) -> None:
    """What is no model is passed over; a model that cannot be read is told."""
    (folder / "acmix.yaml").unlink()
    (folder / "noise.yaml").write_bytes(bytes(range(256)) * 4)
    (folder / "loop").symlink_to(".")
    (folder / "gone.yaml").symlink_to("nowhere.yaml")
    (folder / "folder.yaml").mkdir()
    (folder / "empty.yaml").touch()
    (folder / "mm.yaml").write_text(
        "model:\n  backbone:\n    depth: 1.0\n  head:\n    type: free\n"
    )
    (folder / "stub.yaml").write_text("backbone:\n  - type: yolov5s\nhead:\n  - type: Detect\n")
    done = twice(".", cwd=folder)
    assert (done.code, done.err) == (0, "1 file checked, nothing found\n")
    (folder / "gbk.yaml").write_bytes("backbone:  # \u4e3b\n".encode("gbk"))
    done = twice(".", cwd=folder)
    assert done.code == 2 and "gbk.yaml:1: error[not-utf8]" in done.err


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_of_a_folder_without_permission(folder: Path) -> None:
    (folder / "mini.yaml").chmod(0)
    done = yamlmod("check", ".", cwd=folder)
    assert done.code == 2 and "mini.yaml cannot be read: Permission denied" in done.err


def test_the_hook_passes_over_what_is_no_model(folder: Path) -> None:
    """pre-commit names every YAML below models/, cfg/ and configs/: data sets are among them."""
    root = MINIFORK.parent.parent
    hook, fixing = yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    for one in (hook, fixing):
        # Under YOLOv5's own settings, and with one process for all files.
        assert (one["language_version"], one["require_serial"]) == ("python3", True)
    program, command, *options = hook["entry"].split()
    assert (hook["id"], program, command) == ("yamlmod-check", "yamlmod", "check")
    assert re.search(hook["files"], "ultralytics/cfg/datasets/coco.yaml")
    done = twice(*options, "data.yaml", "mini.yaml", cwd=folder)
    assert (done.code, done.err) == (0, "1 file checked, nothing found\n")
    assert twice(*options, "data.yaml", "acmix.yaml", cwd=folder).code == 1
    _, _, *options = fixing["entry"].split()
    assert fixing["id"] == "yamlmod-fix" and {"--fix", "-w"} <= set(options)
    assert yamlmod("check", *options, "data.yaml", "acmix.yaml", cwd=folder).code == 0
    assert twice(*options, "data.yaml", "acmix.yaml", cwd=folder).code == 0


def test_what_a_file_holds_moves_no_cursor(folder: Path) -> None:
    text = MINI.read_text(encoding="utf-8").replace("SPPF, [", '"SP\\e[31mF", [')
    (folder / "colours.yaml").write_text(text + "# \u001b[2J\n", encoding="utf-8")
    (folder / "name.yaml").write_text(text.replace("[-1, 10]", "[-1, 99]"), encoding="utf-8")
    for name in ("colours.yaml", "name.yaml"):
        done = twice(name, cwd=folder)
        assert done.code == 1 and b"\x1b" not in done.out + done.err.encode()


def test_a_fork(folder: Path) -> None:
    fork = folder / "fork"
    shutil.copytree(MINIFORK, fork)
    assert twice("fork/models", "--repo", "fork", cwd=folder).code == 0
    text = insert_text(MINI.read_text(encoding="utf-8"), "SimAM", at=[9])
    (folder / "simam.yaml").write_text(text, encoding="utf-8")
    done = twice("simam.yaml", "--repo", "fork", cwd=folder)
    assert done.code == 1 and b"error[unresolved-name]" in done.out
    assert yamlmod("patch", "fork", "SimAM", "-w", cwd=folder).code == 0
    assert twice("simam.yaml", "--repo", "fork", cwd=folder).code == 0


def test_renumbered_layers_are_told_of_what_has_weights(tmp_path: Path) -> None:
    """Not of an official P2 variant, nor of one with a scale drawn by hand: both are nearer."""
    done = yamlmod("add-head", MINI, "P6", "-o", "p6.yaml", cwd=tmp_path)
    assert done.code == 0, done.err
    for _ in range(2):
        done = yamlmod("check", "p6.yaml", cwd=tmp_path)
        told = done.out.decode()
        assert done.code == 0 and "compared with yolov5 v6.0 yolov5l (layer 9 is now 11)" in told
