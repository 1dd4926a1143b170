"""Names that have a scale, such as yolov8n.yaml: every command reads the file of that scale."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import yamlmod as package
from tests.cli.run import snapshot, yamlmod
from tests.ops.samples import SMALL
from tools.real_forks import fork_copy

_COMMANDS = Path(package.__file__).parent / "cli" / "commands"
_CFG = """\
nc: 3
scales:
  n: [0.33, 0.25, 1024]
  s: [0.33, 0.50, 1024]
backbone:
  - [-1, 1, Conv, [64, 3, 2]] # 0
  - [-1, 1, Conv, [128, 3, 2]] # 1
  - [-1, 3, C2f, [128, True]] # 2
  - [-1, 1, Conv, [256, 3, 2]] # 3
  - [-1, 1, C2f, [256, True]] # 4
head:
  - [[2, 4], 1, Detect, [nc]] # 5
"""
_NECK = f"scales: {{n: [0.33, 0.25, 1024], s: [0.33, 0.5, 1024]}}\n{SMALL}"
_RECIPE = "yamlmod: 1\nedits:\n  - insert: SimAM\n    after: 3\n"
# What is said after the name of a command, for the YAML in the current folder.
_ON_YAML = {
    "apply": ("recipe.yaml", "yolov8n.yaml"),
    "cite": ("yolov8n.yaml",),
    "check": ("yolov8n.yaml", "--base", "yolov8s.yaml"),
    "diff": ("yolov8n.yaml", "yolov8s.yaml"),
    "draw": ("yolov8n.yaml",),
    "add-head": ("yolov8n.yaml", "P2"),
    "drop-head": ("yolov8n.yaml", "2"),
    "graft": ("yolov8n.yaml", "--backbone", "yolov8n.yaml"),
    "insert": ("SimAM", "yolov8n.yaml", "--after", "3"),
    "move": ("yolov8n.yaml", "4", "--after", "2"),
    "remove": ("yolov8n.yaml", "4"),
    "replace": ("yolov8n.yaml", "4", "C3"),
    "show": ("yolov8n.yaml",),
}
_QUICK = ("--rounds", "0", "--imgsz", "64")
# And for a YAML that is found in the fork. remap has a test of its own below.
_ON_FORK = {
    "add": ("SimAM", "--cfg", "yolov8n.yaml", "--repo", "ultralytics", "--after", "3"),
    "explain": ("yolov8n.yaml", "--repo", "ultralytics"),
    "profile": ("ultralytics", "yolov8n.yaml", "--base", "yolov8s.yaml", *_QUICK),
    "verify": ("ultralytics", "yolov8n.yaml", "--base", "yolov8n.yaml"),
}


def _folder(tmp_path: Path, cfg: str = _CFG) -> Path:
    (tmp_path / "yolov8.yaml").write_text(cfg, encoding="utf-8")
    (tmp_path / "recipe.yaml").write_text(_RECIPE, encoding="utf-8")
    return tmp_path


def test_every_command_that_takes_a_yaml_is_here() -> None:
    taking = {
        path.stem.replace("_", "-")
        for path in _COMMANDS.glob("*.py")
        if 'metavar="CFG"' in (text := path.read_text(encoding="utf-8")) or "Cfgs" in text
    }
    assert taking <= {*_ON_YAML, *_ON_FORK, "remap"}


@pytest.mark.parametrize("command", _ON_YAML)
def test_a_scale_in_the_name(tmp_path: Path, command: str) -> None:
    # A scale is added to a neck, and not to the few rows of the others.
    folder = _folder(tmp_path, _NECK if command == "add-head" else _CFG)
    before = snapshot(folder)
    done = yamlmod(command, *_ON_YAML[command], cwd=folder)
    assert done.code == 0, done.err
    assert snapshot(folder) == before
    for name in ("yolov8q.yaml", "yolov9n.yaml"):
        words = [name if word == "yolov8n.yaml" else word for word in _ON_YAML[command]]
        other = yamlmod(command, *words, cwd=folder)
        assert other.code == 2 and "error[no-such-file]" in other.err


def test_the_edit_is_of_the_file_of_all_scales(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    words = ("insert", "SimAM", "yolov8n.yaml", "--after", "3")
    done = yamlmod(*words, "-w", cwd=folder)
    assert done.code == 0 and "yolov8n.yaml is yolov8.yaml at scale n" in done.err
    assert "SimAM" in (folder / "yolov8.yaml").read_text(encoding="utf-8")
    assert not (folder / "yolov8n.yaml").exists()
    out = yamlmod(*words, "-o", "yolov8n-sim.yaml", cwd=folder)
    assert out.code == 0 and (folder / "yolov8n-sim.yaml").exists()


def test_a_file_of_that_name_comes_first(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (folder / "yolov8n.yaml").write_text(_CFG.replace("C2f", "C3"), encoding="utf-8")
    text = yamlmod("show", "yolov8n.yaml", cwd=folder).out.decode()
    assert "C3" in text and "C2f" not in text


def test_a_scale_that_the_file_does_not_have(tmp_path: Path) -> None:
    done = yamlmod("show", "yolov8x.yaml", cwd=_folder(tmp_path))
    assert done.code == 2 and "yolov8.yaml has no scale x" in done.err


@pytest.mark.slow
@pytest.mark.fork
@pytest.mark.parametrize("command", _ON_FORK)
def test_a_scale_in_the_name_of_a_forks_yaml(tmp_path: Path, command: str) -> None:
    pytest.importorskip("torch")
    fork_copy("ultralytics==8.4.190", tmp_path)
    done = yamlmod(command, *_ON_FORK[command], cwd=tmp_path)
    assert done.code == 0, (done.err, done.out)
    if command == "profile":
        words = ("ultralytics", "yolov8s.yaml", "yolov8n.yaml")
        small = yamlmod(command, *words, *_QUICK, "--json", cwd=tmp_path)
        counts = [model["parameters"] for model in json.loads(small.out)["models"]]
        assert counts == [11_166_560, 3_157_200]
