"""`check --repo` on many files: the fork is asked about all of them at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.fork.read.mini import PYTHON, with_row
from yamlmod.checks.folder import Fixes
from yamlmod.checks.run import Options
from yamlmod.model.build_answer import KnownAnswers
from yamlmod.ops.network import registry_kinds
from yamlmod.usecases import check as checking
from yamlmod.usecases.check import Job, answer_job, check_files
from yamlmod.usecases.check_setup import _builder
from yamlmod.usecases.named_fork import NamedFork
from yamlmod.workspace.walk import YamlFile

_ROWS = ["", "[-1, 1, ChanGate, [512]]", "[-1, 1, KernelGate, [512]]", "[-1, 1, NoSuch, [512]]"]


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    for name, text in PYTHON.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    folder = tmp_path / "cfg"
    folder.mkdir()
    for number, row in enumerate(_ROWS * 2):
        text = with_row(row).replace("nc: 4", f"nc: {number + 2}")
        (folder / f"{number}.yaml").write_text(text, encoding="utf-8")
    (folder / "data.yaml").write_text("nc: 4\n", encoding="utf-8")
    (folder / "broken.yaml").write_text("backbone:\n  - [\nhead: x\n", encoding="utf-8")
    return tmp_path


def _run(repo: Path) -> list[Any]:
    options = Options(registry_kinds, builder=_builder(NamedFork(repo)))
    found = [YamlFile(path) for path in sorted((repo / "cfg").iterdir())]
    return [
        (file.findings, file.unreadable and file.unreadable.lines())
        for file in check_files([], found, options, Fixes.none)
    ]


def test_files_of_one_folder_are_asked_about_in_several_processes(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "_cores", lambda: 1)
    alone = _run(repo)
    calls: list[tuple[object, int, int]] = []
    spied = checking.in_processes

    def spy(work: Any, jobs: Sequence[Job], sizes: Any, workers: int, bar: Any) -> list[Any]:
        calls.append((work, len(jobs), workers))
        return spied(work, jobs, sizes, workers, bar)

    monkeypatch.setattr(checking, "_cores", lambda: 2)
    monkeypatch.setattr(checking, "in_processes", spy)
    assert _run(repo) == alone
    assert calls == [(answer_job, 10, 2)]
    assert any(findings for findings, _ in alone)


def test_what_was_answered_is_not_asked_again(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    original = KnownAnswers.__call__

    def call(self: KnownAnswers, data: Any) -> Any:
        asked.append(data)
        return original(KnownAnswers(_never, self.known), data)

    monkeypatch.setattr(checking, "_cores", lambda: 2)
    monkeypatch.setattr(KnownAnswers, "__call__", call)
    _run(repo)
    assert len(asked) == len(_ROWS) * 2


def _never(data: Any) -> Any:
    raise AssertionError("asked again")
