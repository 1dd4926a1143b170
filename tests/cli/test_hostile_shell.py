"""Names of a stranger's files reach neither the shell's line, nor the pager, nor the cursor."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.hostile_text import TEXT, faults, model_yaml
from tests.cli.run import yamlmod
from tests.ops.samples import SMALL
from yamlmod.report import stream

_EVIL = [
    "$(touch pwned)",
    "`touch pwned`",
    "x;touch pwned",
    "x|touch pwned",
    "x&touch pwned",
    "'x",
    "a b",
    "~x",
    "*.py",
    "x>pwned",
    "{a,b}",
    "!x",
    "x\u202ey",
]
_SHELLS = {
    "complete_bash": {"COMP_WORDS": "yamlmod remove x.yaml ", "COMP_CWORD": "3"},
    "complete_zsh": {"_TYPER_COMPLETE_ARGS": "yamlmod remove x.yaml "},
    "complete_fish": {
        "_TYPER_COMPLETE_ARGS": "yamlmod remove x.yaml ",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    },
}


@pytest.mark.parametrize("shell", sorted(_SHELLS))
def test_completion_offers_no_word_that_a_shell_reads(shell: str, tmp_path: Path) -> None:
    row = "[-1, 3, C3, [256]],"
    names = ["Plain.Block", *_EVIL]
    rows = "".join(f"\n   [-1, 1, {json.dumps(name)}, [8]]," for name in names)
    text = SMALL.replace(row, row + rows, 1)
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    assert yamlmod("show", "x.yaml", cwd=tmp_path).code == 0
    done = yamlmod(cwd=tmp_path, _YAMLMOD_COMPLETE=shell, **_SHELLS[shell])
    out = done.out.decode()
    assert "Plain.Block" in out and "Conv#1" in out and "P3" in out, (out, done.err)
    for name in _EVIL:
        assert name not in out
    assert "touch" not in out and not (tmp_path / "pwned").exists()


def test_what_is_under_way_is_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    stream.write_step(TEXT)
    stream.write_step("注意力" * 40)
    stream.write_step("")
    shown = screen.getvalue()
    assert list(faults(shown.encode(), terminal=True)) == []
    parts = shown.split("\r\x1b[K")
    assert len(parts) == 4 and parts[-1] == "" and all(len(part) < 40 for part in parts)


def test_what_a_pager_gets_is_safe(tmp_path: Path) -> None:
    pytest.importorskip("pty", reason="terminals of this kind are Unix's")
    from tests.cli.terminal import screen

    (tmp_path / "x.yaml").write_text(model_yaml(), encoding="utf-8")
    pager = tmp_path / "pager"
    pager.write_text(
        f"#!{sys.executable}\nimport sys\nopen('log', 'wb').write(sys.stdin.buffer.read())\n"
    )
    pager.chmod(0o755)
    shown = screen("insert", "SimAM", "x.yaml", "--at", "1", cwd=tmp_path, width=80, LINES="10",
                   COLUMNS="80", YAMLMOD_PAGER=str(pager))  # fmt: skip
    log = (tmp_path / "log").read_bytes()
    assert b"SimAM" in log and list(faults(log, terminal=True)) == []
    assert list(faults(shown.encode(), terminal=True)) == []


@pytest.mark.parametrize(
    "comment",
    [
        "# yamlmod: ignore[" + "a, " * 60_000,
        "# yamlmod: ignore" * 10_000,
        "# yamlmod:" + " " * 150_000 + "x",
        "# yamlmod: ignore[" + "[" * 100_000 + "]",
    ],
    ids=["an open list", "many", "blanks", "brackets"],
)
def test_an_ignore_comment_of_any_form_takes_no_time(comment: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(SMALL.replace("# 5\n", comment + "\n", 1), encoding="utf-8")
    command = [sys.executable, "-m", "yamlmod", "check", "x.yaml"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode in (0, 1, 2) and "Traceback" not in done.stderr, done.stderr
    assert "bug" not in done.stderr
