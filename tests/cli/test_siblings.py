"""`yamlmod check FILE`: the other files of its folder may be its base."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.run import snapshot, yamlmod

# A family that no official network is like.
_BASE = """\
nc: 4
backbone:
  - [-1, 1, Stem, [32]]
  - [-1, 1, Stage, [64, 2]]
  - [-1, 2, Stage, [128, 2]]
  - [-1, 2, Stage, [256, 2]]
head:
  - [-1, 1, Widen, [128]]
  - [[-1, 2], 1, Weave, [128]]
  - [-1, 1, Narrow, [256]]
  - [[-1, 3], 1, Weave, [256]]
  - [[5, 7], 1, Detect, [nc]]
"""
_LEFT = _BASE.replace(
    "  - [-1, 2, Stage, [128, 2]]\n", "  - [-1, 1, Gate, [64]]\n  - [-1, 2, Stage, [128, 2]]\n"
)
# Both Weaves and the head read one layer early.
_RIGHT_NUMBERS = [(6, [-1, 3]), (8, [-1, 4]), (9, [6, 8])]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "net.yaml").write_text(_BASE, encoding="utf-8")
    (tmp_path / "models" / "gate.yaml").write_text(_LEFT, encoding="utf-8")
    return tmp_path


def _wiring(folder: Path, *names: str) -> list[tuple[int, list[int]]]:
    """Run it twice and return layers and numbers; nothing may be written."""
    before = snapshot(folder)
    first, second = (yamlmod("check", *names, "--json", cwd=folder) for _ in range(2))
    assert (first.code, first.out) == (second.code, second.out)
    assert snapshot(folder) == before and "Traceback" not in first.err
    found = json.loads(first.out)["findings"]
    files = {item["file"] for item in found}
    assert len(files) <= len(names), "a file that was not named is reported"
    return [(item["layer"], item["expected"]) for item in found if item["rule"] == "wiring"]


def test_one_file_is_compared_with_the_others_of_its_folder(folder: Path) -> None:
    assert _wiring(folder, "models/gate.yaml") == _RIGHT_NUMBERS
    assert _wiring(folder / "models", "gate.yaml") == _RIGHT_NUMBERS
    assert _wiring(folder, "models/net.yaml") == []


def test_only_files_of_the_same_folder_count(folder: Path) -> None:
    (folder / "models" / "net.yaml").rename(folder / "net.yaml")
    assert _wiring(folder, "models/gate.yaml") == []


def test_a_file_with_the_mistake_itself_is_no_base(folder: Path) -> None:
    # Detect reads itself.
    text = _BASE.replace("[5, 7]", "[5, 8]")
    (folder / "models" / "net.yaml").write_text(text, encoding="utf-8")
    assert _wiring(folder, "models/gate.yaml") == []


def test_what_cannot_be_read_beside_it_is_passed_over(folder: Path) -> None:
    models = folder / "models"
    (models / "broken.yaml").write_text("backbone:\n  [[-1, 1, Stem, [32]\nhead: [", "utf-8")
    (models / "odd.yaml").write_bytes(b"backbone: \xff\xfe\n")
    (models / "gone.yaml").symlink_to("nowhere.yaml")
    os.mkfifo(models / "pipe.yaml")
    assert _wiring(folder, "models/gate.yaml") == _RIGHT_NUMBERS


def test_fix_uses_the_same_base(folder: Path) -> None:
    base = (folder / "models" / "net.yaml").read_bytes()
    done = yamlmod("check", "models/gate.yaml", "--fix", "--unsafe-fixes", "-w", cwd=folder)
    assert done.code == 0, done.err
    text = (folder / "models" / "gate.yaml").read_text(encoding="utf-8")
    assert "[-1, 3], 1, Weave" in text and "[[6, 8], 1, Detect" in text
    assert (folder / "models" / "net.yaml").read_bytes() == base
    assert _wiring(folder, "models/gate.yaml") == []
