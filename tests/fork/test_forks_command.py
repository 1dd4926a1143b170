"""The loop over a folder of forks, on a small sample; the whole run is `python -m tools.forks`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools.forks import check_fork, main
from tools.real_forks import fork_folder

MINIFORK = Path(__file__).parent.parent.parent / "examples" / "minifork"


@pytest.mark.slow
@pytest.mark.fork
@pytest.mark.parametrize("spec", ["ultralytics==8.0.0", "yolov5==6.1.9"])
def test_sample(spec: str) -> None:
    (outcome,) = check_fork(fork_folder(spec).parent, build=True)
    assert outcome.result == "ok"
    assert len(outcome.patched) + len(outcome.taken) > 3
    assert outcome.built.endswith("built and run")


def test_what_is_no_fork_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "forks" / "none").mkdir(parents=True)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(MINIFORK, tmp_path / "forks" / "me+mini", ignore=ignore)
    (tmp_path / "forks" / "me+mini" / "models" / "mine.py").write_bytes(b"x = 1\n")
    table = tmp_path / "table.md"
    assert main([str(tmp_path / "forks"), "--markdown", str(table)]) == 0
    out = capsys.readouterr().out
    assert "ok: me/mini models/yolo.py:parse_model; dialect none" in out
    assert "refused not-a-fork" in out
    assert "1 ok, 1 refused" in out
    assert "| me/mini | `models/yolo.py:parse_model` | none |" in table.read_text(encoding="utf-8")
