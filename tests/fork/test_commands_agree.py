"""check, doctor, status and show --repo say the same: small forks; all by tools.agreement."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fork.read.mini import PYTHON, with_row
from tools.agreement import compared, patched_differently
from tools.real_forks import fork_copy, fork_folder


@pytest.mark.fork
@pytest.mark.parametrize("spec", ["yolov5==7.0.14", "ultralytics==8.3.91"])
def test_commands_agree_on_published_forks(spec: str) -> None:
    found = compared(fork_folder(spec), most=4)
    assert found.lines == ()
    assert found.yamls == 4 and found.built > 35


@pytest.mark.slow
@pytest.mark.fork
@pytest.mark.parametrize("spec", ["yolov5==6.2.3", "ultralytics==8.3.0"])
def test_commands_agree_on_what_is_patched(spec: str, tmp_path: Path) -> None:
    assert patched_differently(fork_copy(spec, tmp_path), ["CBAM", "ECA", "C3_SE"]) == []


def test_commands_agree_on_names_that_are_not_there(tmp_path: Path) -> None:
    """A class that __all__ hides, one that does not exist, and one of torch that does not."""
    for name, text in PYTHON.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace('    "Pick",\n', ""), encoding="utf-8")
    for number, row in enumerate(_ROWS):
        (tmp_path / f"{number}.yaml").write_text(with_row(row), encoding="utf-8")
    found = compared(tmp_path)
    assert found.lines == ()
    assert found.yamls == len(_ROWS)
    assert found.unresolved == 2


_ROWS = [
    "[-1, 1, Conv, [64, 3, 1]]",
    "[-1, 1, SurelyNot, [64]]",
    "[-1, 1, SurelyNotEither, []]",
]


def test_a_disagreement_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in PYTHON.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "a.yaml").write_text(with_row(_ROWS[1]), encoding="utf-8")
    monkeypatch.setattr("tools.agreement.yaml_findings", lambda rows, known: ())
    assert len(compared(tmp_path).lines) == 2
