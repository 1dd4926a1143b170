"""Inputs, spellings and odd Python through the real tool, each edit twice where a file is left."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.run import snapshot, yamlmod

FORK = Path(__file__).parents[2] / "examples" / "minifork"


@pytest.fixture
def fusion(tmp_path: Path) -> Path:
    """A folder with the small fork's YAML, its last Concat but one under an unknown name."""
    text = (FORK / "models" / "mini.yaml").read_bytes()
    text = text.replace(b"[[-1, 14], 1, Concat", b"[[-1, 14], 1, MyFusion")
    (tmp_path / "b.yaml").write_bytes(text)
    return tmp_path


@pytest.mark.parametrize("command", ["move b.yaml MyFusion --after 21", "remove b.yaml 19"])
@pytest.mark.parametrize("flag", [(), ("-w",)])
def test_an_unknown_fusion_keeps_its_inputs(
    fusion: Path, command: str, flag: tuple[str, ...]
) -> None:
    before = snapshot(fusion)
    done = yamlmod(*command.split(), *flag, cwd=fusion)
    assert done.code == 2
    assert "b.yaml:37:4: error[joins-inputs]: 19 MyFusion joins 2 inputs" in done.err
    assert "--from" in done.err
    assert snapshot(fusion) == before


def test_remove_from(fusion: Path) -> None:
    done = yamlmod("remove", "b.yaml", "19", "--from", "14", "-w", cwd=fusion)
    assert done.code == 0, done.err
    assert "now reads 14 Conv" in done.err
    assert b"   [-5, 3, C3, [512, False]],  # 19 (P4" in (fusion / "b.yaml").read_bytes()
    again = yamlmod("remove", "b.yaml", "19", "--from", "14", cwd=fusion)
    assert again.code == 2
    assert "error[usage]: --from: 14 Conv is not an input of any of these layers" in again.err


HEX = """\
nc: 1
backbone: [[-1, 1, Conv, [64]], [-1, 0x3, C3, [64]] ,
  [-1, 03, Foo, ['a  b']]]
head:
  - [[2], 1, Detect, [nc]]
"""


def test_rows_stay_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "h.yaml"
    path.write_text(HEX, encoding="utf-8")
    for _ in range(2):
        done = yamlmod("replace", "h.yaml", "1", "C2f", "-w", cwd=tmp_path)
        assert done.code == 0, done.err
        assert path.read_text(encoding="utf-8") == HEX.replace("C3", "C2f")
    for _ in range(2):
        assert yamlmod("insert", "SimAM", "h.yaml", "--at", "2", "-w", cwd=tmp_path).code == 0
        assert yamlmod("remove", "h.yaml", "2", "-w", cwd=tmp_path).code == 0
        assert path.read_text(encoding="utf-8") == HEX.replace("C3", "C2f")
    done = yamlmod("move", "h.yaml", "Foo", "--after", "0", "-w", cwd=tmp_path)
    assert done.code == 0, done.err
    assert "[-1, 03, Foo, ['a  b']]" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        ('__all__ = ["Conv", *["C3"]]', "\n"),
        ('__all__ = "Conv", "C3"', ""),
        ("\f", "\n  "),
        ("match 1:\n    case _: pass", "\n\t"),
    ],
)
def test_valid_python_is_patched_and_comes_back(tmp_path: Path, code: str, ending: str) -> None:
    fork = tmp_path / "fork"
    shutil.copytree(FORK, fork, ignore=shutil.ignore_patterns("__pycache__"))
    common, yolo = fork / "models" / "common.py", fork / "models" / "yolo.py"
    text = common.read_text(encoding="utf-8").rstrip("\n")
    common.write_text(f"{text}\n{code}{ending}", encoding="utf-8")
    imports = yolo.read_text(encoding="utf-8").split("from models.common import (")
    rest = imports[1].split(")", 1)[1]
    yolo.write_text(f"{imports[0]}from models.common import *{rest}", encoding="utf-8")
    before = snapshot(fork)
    done = yamlmod("patch", "fork", "SimAM", "-w", cwd=tmp_path)
    assert done.code == 0, done.err
    between = snapshot(fork)
    assert between != before
    again = yamlmod("patch", "fork", "SimAM", "-w", cwd=tmp_path)
    assert again.code == 0, again.err
    assert snapshot(fork) == between
    done = yamlmod("unpatch", "fork", "SimAM", "-w", cwd=tmp_path)
    assert done.code == 0, done.err
    assert snapshot(fork) == before


def test_the_summary_names_all_that_a_new_layer_reads(tmp_path: Path) -> None:
    cfg = Path(__file__).parents[2] / "examples" / "minifork" / "models" / "mini.yaml"
    done = yamlmod("insert", "BiFPN_Add", cfg, "--at", "12", "--from", "11,6", cwd=tmp_path)
    assert done.code == 0
    assert "new layer 12 BiFPN_Add [] reads 11 nn.Upsample, 6 C3  (--at 12)" in done.err
