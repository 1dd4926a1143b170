"""The studies of the evidence page, from their material to the page, with one epoch each."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import yamlmod
from tools.evidence.__main__ import QUESTIONS, study_text
from tools.evidence.material import ROOT, STUDIES, WHOLE, mistakes
from tools.evidence.page import RESULTS, collect, pages
from tools.evidence.words import CHINESE, ENGLISH
from yamlmod.study.study_file import read_study

_MINI = (ROOT / "examples" / "minifork" / "models" / "mini.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", QUESTIONS)
def test_study_files_are_right(name: str) -> None:
    study = read_study(study_text(name, WHOLE), f"{name}.yaml")
    assert study.name == name and len(study.seeds) >= 5


def test_the_mistakes_are_what_check_finds() -> None:
    """Each has the layer, and wrong references alone."""
    right = yamlmod.load(_MINI).insert("CBAM", after="SPPF")
    for name, text in mistakes(_MINI).items():
        found = yamlmod.load(text).check()
        wrong = [finding.layer for finding in found if finding.rule == "wiring"]
        assert (
            wrong
            == {"head": [25], "concats": [20, 23], "nothing": [20, 23, 25]}[name.partition("-")[0]]
        )
        assert [layer.module for layer in yamlmod.load(text).layers] == [
            layer.module for layer in right.layers
        ]


def test_pages_have_a_place_for_every_study() -> None:
    for words in (ENGLISH, CHINESE):
        text = (STUDIES / words.page).read_text(encoding="utf-8")
        marks = re.findall(r"<!-- (?:results: )?(\S+) -->", text)
        assert marks == [*QUESTIONS, "runs"]


@pytest.mark.slow
def test_from_nothing_to_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-m", "tools.evidence", str(tmp_path), "--smallest"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for _ in range(2):  # the second finds everything done
        done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()[-2000:]
    for name in QUESTIONS:
        data = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
        assert all(variant["n"] == 1 for variant in data["variants"]), name
        attempts = list((tmp_path / "studies" / name / "runs").glob("*/attempts.jsonl"))
        assert attempts and all(path.read_text().count('"start"') == 1 for path in attempts)
    monkeypatch.setattr("tools.evidence.page.plots", lambda report: [])
    for name in QUESTIONS:
        collect(tmp_path, name, tmp_path / "results", tmp_path)
    for name, text in pages(tmp_path / "results", QUESTIONS).items():
        assert "<!--" not in text and text.count("| base |") == len(QUESTIONS), name


def test_the_pages_are_those_of_the_results() -> None:
    for name, text in pages(RESULTS, QUESTIONS).items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == text, name
