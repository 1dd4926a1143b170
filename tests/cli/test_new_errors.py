"""`add` and `patch` read the fork as it will be, and refuse what it could not build."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.run import snapshot, yamlmod
from tests.fork.read.mini import PYTHON, with_row

_SECOND_LOOK = """\
        if m is SimAM:
            args = [ch[f], *args]
        m_ ="""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in PYTHON.items():
        path = tmp_path / "fork" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "x.yaml").write_text(with_row(), encoding="utf-8")
    return tmp_path


def _parser(folder: Path, old: str, new: str) -> None:
    path = folder / "fork" / "ultralytics" / "nn" / "tasks.py"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_row_that_cannot_be_built_is_refused(folder: Path) -> None:
    before = snapshot(folder)
    words = ("add", "KernelGate", "--repo", "fork", "--cfg", "x.yaml", "--after", "5")
    for flags in ((), ("-w",)):
        done = yamlmod(*words, "--use-existing", "--args", "[512]", *flags, cwd=folder)
        assert (done.code, done.out) == (2, b"")
        assert "tasks.py:66:9: error[cannot-build]" in done.err
        assert "cannot build KernelGate with [512]" in done.err
        assert snapshot(folder) == before


def test_an_error_that_was_there_is_none_of_ours(folder: Path) -> None:
    (folder / "x.yaml").write_text(with_row("[-1, 1, Missing, []]"), encoding="utf-8")
    words = ("add", "SimAM", "--repo", "fork", "--cfg", "x.yaml", "--after", "2")
    done = yamlmod(*words, cwd=folder)
    assert done.code == 0, done.err
    check = yamlmod("check", "x.yaml", "--repo", "fork", cwd=folder)
    assert "does not define Missing" in check.err + check.out.decode()


def test_a_branch_behind_the_chain_is_seen(folder: Path) -> None:
    """The chain is patched as ever; what comes behind it gives the class too many arguments."""
    _parser(folder, "        m_ =", _SECOND_LOOK)
    before = snapshot(folder)
    for flags in ((), ("-w",)):
        done = yamlmod("patch", "fork", "SimAM", *flags, cwd=folder)
        assert done.code == 2
        assert "error[wrong-branch]: the fork would not build a plain row of SimAM" in done.err
        assert "[64] instead of []" in done.err
        assert snapshot(folder) == before


def test_a_fork_that_is_not_understood_is_patched(folder: Path) -> None:
    _parser(folder, "        n = max(", "        args = unknown_helper(args)\n        n = max(")
    assert yamlmod("patch", "fork", "SimAM", cwd=folder).code == 0
