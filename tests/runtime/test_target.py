"""`--target` of the commands that run a fork: of two parse functions, the chosen one builds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

import yamlmod as package
from tests.cli.run import yamlmod

_FORK = Path(__file__).parents[2] / "examples" / "minifork"
_CFG = "edited.yaml"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two forks in one folder, and a network whose module only the second has."""
    folder = tmp_path_factory.mktemp("target")
    for name in ("a", "b"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(_FORK, folder / "both" / name, ignore=ignore)
    assert yamlmod("patch", "both/b", "CBAM", "-w", cwd=folder).code == 0
    text = (_FORK / "models" / "mini.yaml").read_text(encoding="utf-8")
    (folder / "base.yaml").write_text(text, encoding="utf-8")
    edited = package.load(text).insert("CBAM", after=2).to_text()
    (folder / _CFG).write_text(edited, encoding="utf-8")
    torch.save({"model": {"model.0.conv.weight": torch.ones(8, 3, 5, 5)}}, folder / "w.pt")
    for _ in range(2):
        refused = yamlmod("verify", "both", _CFG, cwd=folder)
        assert refused.code == 2 and "--target b/models/yolo.py" in refused.err, refused.err
    return folder


_COMMANDS = {
    "verify": ("verify", "both", _CFG),
    "profile": ("profile", "both", _CFG),
    "explain": ("explain", _CFG, "--repo", "both"),
    "remap": ("remap", "w.pt", "--repo", "both", "--from", "base.yaml", "--to", _CFG),
}


@pytest.mark.parametrize("command", _COMMANDS)
def test_the_chosen_parse_function_builds(command: str, home: Path) -> None:
    words = _COMMANDS[command]
    done = yamlmod(*words, "--target", "b/models/yolo.py", "--json", cwd=home)
    assert done.code == 0 and json.loads(done.out)["command"] == command, (done.out, done.err)
    other = yamlmod(*words, "--target", "a/models/yolo.py", cwd=home)
    assert other.code != 0 and "CBAM" in other.err + other.out.decode(), other.err
