"""`add` refuses a YAML where the fork gives layers other numbers than their rows, and no other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.run import snapshot, yamlmod

MINI = Path(__file__).parents[2] / "examples" / "minifork"
STORE = "        m_.i, m_.f = i, f\n"
BY_KEY = "        m_.i, m_.f = i + 2 if i > 5 and 'stages' in d else i, f\n"
BY_NAME = "        m_.i, m_.f = i + 1 if m.__name__ == 'SimAM' else i, f\n"


def _fork(tmp_path: Path, store: str, key: str = "") -> Path:
    fork = tmp_path / "fork"
    shutil.copytree(MINI, fork, ignore=shutil.ignore_patterns("__pycache__"))
    yolo, cfg = fork / "models/yolo.py", fork / "models/mini.yaml"
    text = yolo.read_text(encoding="utf-8")
    assert text.count(STORE) == 1
    yolo.write_text(text.replace(STORE, store), encoding="utf-8")
    cfg.write_text(key + cfg.read_text(encoding="utf-8"), encoding="utf-8")
    return fork


@pytest.mark.parametrize(
    ("store", "key", "module", "words"),
    [
        (BY_KEY, "", "SimAM", ""),
        (BY_KEY, "stages: 5\n", "SimAM", "layer of row 6, C3, gets the number 8"),
        # The old rows do not trigger it, the new one does.
        (BY_NAME, "", "SimAM", "layer of row 24, SimAM, gets the number 25"),
        (BY_NAME, "", "TripletAttention", ""),
    ],
)
def test_only_rows_that_trigger_the_offset(
    tmp_path: Path, store: str, key: str, module: str, words: str
) -> None:
    fork = _fork(tmp_path, store, key)
    before = snapshot(fork)
    for _ in range(2):
        done = yamlmod(
            "add", module, "--repo", fork, "--cfg", "models/mini.yaml", "--at", "24", cwd=tmp_path
        )
        assert done.code == (2 if words else 0), done.err
        assert snapshot(fork) == before
        if words:
            assert "error[offset-indices]" in done.err and words in done.err
            assert "yamlmod patch" in done.err and done.out == b""
