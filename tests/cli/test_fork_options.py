"""`--placement`, `--target` and `--dialect` on the command line, and forks that are refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.run import snapshot, yamlmod

MINIFORK = Path(__file__).parent.parent.parent / "examples" / "minifork"
_PACKAGE = "fork/models/yamlmod_modules"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(MINIFORK, tmp_path / "fork", ignore=ignore)
    return tmp_path


def test_package_and_back(folder: Path) -> None:
    before = snapshot(folder)
    words = ("patch", "fork", "SimAM", "ACmix", "--placement", "package")
    preview = yamlmod(*words, cwd=folder)
    assert preview.code == 0, preview.err
    assert snapshot(folder) == before
    assert yamlmod(*words, "-w", cwd=folder).code == 0
    after = snapshot(folder)
    assert {path for path in after if path not in before} == {
        f"{_PACKAGE}/{name}.py" for name in ("__init__", "simam", "acmix")
    }
    again = yamlmod("patch", "fork", "SimAM", "ACmix", "--check", cwd=folder)
    assert (again.code, snapshot(folder)) == (0, after)
    (folder / _PACKAGE / "__pycache__").mkdir()
    (folder / _PACKAGE / "__pycache__" / "simam.cpython-311.pyc").write_bytes(b"")
    assert yamlmod("unpatch", "fork", "SimAM", "-w", cwd=folder).code == 0
    assert (folder / _PACKAGE / "acmix.py").is_file()
    done = yamlmod("unpatch", "fork", "ACmix", "-w", cwd=folder)
    assert f"removed {_PACKAGE}/acmix.py" in done.err
    assert not (folder / _PACKAGE).exists()
    assert snapshot(folder) == before


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_the_diff_of_new_and_removed_files_applies(folder: Path) -> None:
    before = snapshot(folder)
    words = ("fork", "SimAM")
    patch = yamlmod("patch", *words, "--placement", "package", cwd=folder)
    git = ["git", "apply"]
    subprocess.run(git, input=patch.out, cwd=folder, check=True)
    assert yamlmod("patch", *words, "--check", cwd=folder).code == 0
    back = yamlmod("unpatch", *words, cwd=folder)
    subprocess.run(git, input=back.out, cwd=folder, check=True)
    assert snapshot(folder) == before


def test_the_dialect_is_told_and_can_be_named(folder: Path) -> None:
    sniffed = yamlmod("patch", "fork", "SimAM", "--json", cwd=folder)
    told = json.loads(sniffed.out)["fork"]
    assert told == {
        "dialect": "none",
        "parse": "models/yolo.py",
        "function": "parse_model",
        "modules": "models/common.py",
        "others": [],
    }
    named = yamlmod("patch", "fork", "SimAM", "--dialect", "yolov5", cwd=folder)
    assert "dialect yolov5 (YOLOv5): parse_model in fork/models/yolo.py" in named.err
    assert yamlmod("patch", "fork", "SimAM", "--dialect", "v5", cwd=folder).code == 2


def test_target(folder: Path) -> None:
    for name in ("a", "b"):
        shutil.copytree(folder / "fork", folder / "both" / name)
    refused = yamlmod("patch", "both", "SimAM", cwd=folder)
    assert refused.code == 2
    assert "--target b/models/yolo.py" in refused.err
    words = ("both", "SimAM", "--target", "b/models/yolo.py", "-w")
    assert yamlmod("patch", *words, cwd=folder).code == 0
    assert snapshot(folder / "both" / "a") == snapshot(folder / "fork")
    assert yamlmod("unpatch", *words, cwd=folder).code == 0
    assert snapshot(folder / "both" / "b") == snapshot(folder / "fork")


def _non_utf8(fork: Path) -> str:
    path = fork / "models" / "common.py"
    path.write_bytes("# \u6ce8\u610f\n".encode("gbk") + path.read_bytes())
    return "not-utf8"


def _no_python(fork: Path) -> str:
    path = fork / "models" / "yolo.py"
    path.write_bytes(path.read_bytes() + b"x = (1\n")
    return "syntax-error"


def _read_only(fork: Path) -> str:
    (fork / "models" / "yolo.py").chmod(0o444)
    return "unwritable"


def _link_out(fork: Path) -> str:
    path = fork / "models" / "yolo.py"
    path.rename(fork.parent / "elsewhere.py")
    path.symlink_to(fork.parent / "elsewhere.py")
    return "outside"


def _folder_link_out(fork: Path) -> str:
    path = fork / "models"
    path.rename(fork.parent / "elsewhere")
    path.symlink_to(fork.parent / "elsewhere", target_is_directory=True)
    return "outside"


def _no_repository(fork: Path) -> str:
    shutil.rmtree(fork / "models")
    return "not-a-fork"


def _folder_for_file(fork: Path) -> str:
    (fork / "models" / "yolo.py").unlink()
    (fork / "models" / "yolo.py").mkdir()
    return "is-folder"


@pytest.mark.parametrize(
    "harm",
    [
        _non_utf8,
        _no_python,
        _read_only,
        _link_out,
        _folder_link_out,
        _no_repository,
        _folder_for_file,
    ],
)
@pytest.mark.parametrize("placement", ["common", "package"])
def test_refused_and_unchanged(folder: Path, harm: object, placement: str) -> None:
    assert callable(harm)
    if harm is _read_only and hasattr(os, "geteuid") and os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    code = harm(folder / "fork")
    before = snapshot(folder)
    done = yamlmod("patch", "fork", "ACmix", "--placement", placement, "-w", cwd=folder)
    assert done.code == 2, done.err
    assert f"error[{code}]" in done.err
    assert "Traceback" not in done.err
    assert snapshot(folder) == before
