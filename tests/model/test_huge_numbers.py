"""Numbers that no float holds are refused before anything is made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.run import yamlmod
from tests.ops.samples import SMALL

HUGE = (
    "0x" + "f" * 5000,
    "0b" + "1" * 2000,
    "0o" + "7" * 400,
    "0x" + "f" * 300,
    "9" * 5000,
    "-" + "1" * 300,
    "0" * 300 + "7",
)


@pytest.mark.parametrize("number", HUGE, ids=lambda text: f"{text[:3]}-{len(text)}")
def test_in_a_model(number: str, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(SMALL.replace("[64, ", f"[{number}, ", 1), encoding="utf-8")
    assert number in (tmp_path / "m.yaml").read_text(encoding="utf-8")
    for words in (
        ("check", "m.yaml"),
        ("show", "m.yaml"),
        ("insert", "SimAM", "m.yaml", "--at", "3"),
    ):
        done = yamlmod(*words, cwd=tmp_path)
        told = done.err + done.out.decode()
        assert done.code in (1, 2) and "250 digits" in told, told


@pytest.mark.parametrize(
    "edit",
    ["remove: {}", "insert: SimAM\n    at: {}", "insert: SimAM\n    at: 3\n    args: [{}]"],
)
@pytest.mark.parametrize("number", HUGE[:3], ids=lambda text: f"{text[:3]}-{len(text)}")
def test_in_a_recipe(edit: str, number: str, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(SMALL, encoding="utf-8")
    text = f"yamlmod: 1\ncfg: m.yaml\nedits:\n  - {edit.format(number)}\n"
    (tmp_path / "r.yaml").write_text(text, encoding="utf-8")
    done = yamlmod("apply", "r.yaml", cwd=tmp_path)
    assert done.code == 2 and "250 digits" in done.err, done.err


@pytest.mark.parametrize("module", ["ECA", "CBAM", "ACmix"])
def test_in_the_args_of_the_command_line(module: str, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(SMALL, encoding="utf-8")
    words = ("insert", module, "m.yaml", "--at", "3", "--args", f"[{'9' * 400}]")
    done = yamlmod(*words, cwd=tmp_path)
    assert done.code in (0, 2), done.err
