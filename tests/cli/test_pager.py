"""Long previews on a terminal go through the pager; nothing else does, and no pager does harm."""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("pty", reason="terminals of this kind are Unix's")

from tests.cli.run import snapshot, yamlmod
from tests.cli.terminal import open_terminal, plain

_MINIFORK = Path(__file__).parents[2] / "examples" / "minifork"
_ADD = ("add", "SimAM", "--repo", "fork", "--cfg", "fork/models/mini.yaml", "--at", "10")
_INSERT = ("insert", "SimAM", "fork/models/mini.yaml", "--at", "1")
_PROMPT = re.compile(rb"(:|\(END\))(\x1b\[[0-9;]*m|\x1b\[K)*$")
_PAGER = """#!{python}
import sys
text = sys.stdin.read()
open({log!r}, "a", encoding="utf-8").write(text)
print("PAGED", len(text.splitlines()))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(_MINIFORK, tmp_path / "fork", ignore=shutil.ignore_patterns("__pycache__"))
    pager = tmp_path / "a pager"
    pager.write_text(_PAGER.format(python=sys.executable, log=str(tmp_path / "log")))
    pager.chmod(0o755)
    return tmp_path


def shown(
    words: tuple[str, ...], folder: Path, keys: str = "", rows: int = 24, **variables: str
) -> tuple[int, str]:
    """Run in a terminal of some lines; type a key when less waits, the others one by one."""
    environment = {"PAGER": "", "TERM": "xterm", "LESS": "", **variables}
    if not environment["LESS"]:
        environment.pop("LESS")
    process, leader = open_terminal(list(words), folder, (rows, 100), environment)
    typed = False
    text, end = b"", time.monotonic() + 60
    with contextlib.suppress(OSError):  # how Linux tells the end
        while time.monotonic() < end:
            if select.select([leader], [], [], 0.2)[0]:
                part = os.read(leader, 65536)
                text += part
                if not part:
                    break
            elif keys and (typed or _PROMPT.search(text)):
                os.write(leader, keys[0].encode())
                keys, typed = keys[1:], True
    code = process.wait(30)
    os.close(leader)
    return code, text.decode("utf-8", "replace").replace("\r\n", "\n")


def _is_whole(text: str) -> bool:
    lines = plain(text)
    return any("+   [-1, 1, SimAM" in line for line in lines) and "nothing was written" in lines


def test_a_long_preview_is_paged_with_the_yaml_first(folder: Path) -> None:
    before = snapshot(folder)
    code, text = shown(_ADD, folder, YAMLMOD_PAGER=f"'{folder / 'a pager'}'")
    assert code == 0 and re.search(r"PAGED 1\d\d\n", text) and "class SimAM(" not in text
    assert "nothing was written" in plain(text)
    log = (folder / "log").read_text(encoding="utf-8")
    files = re.findall(r"^(?:\x1b\[\d*m)*--- a/(\S+?)(?:\x1b\[\d*m)*$", log, re.MULTILINE)
    assert [Path(file).suffix for file in files] == [".yaml", ".py", ".py"], files
    (folder / "log").unlink()
    again = shown(_ADD, folder, PAGER=f"'{folder / 'a pager'}'", YAMLMOD_PAGER="")
    assert again[0] == 0 and "class SimAM(" in again[1] and not (folder / "log").exists()
    assert {**before, "a pager": b""} == {**snapshot(folder), "a pager": b""}


def test_what_is_no_terminal_or_short_is_not_paged(folder: Path) -> None:
    pager = f"'{folder / 'a pager'}'"
    piped = yamlmod(*_INSERT, cwd=folder, PAGER=pager)
    assert piped.code == 0 and b"SimAM" in piped.out
    high = shown(_INSERT, folder, rows=200, PAGER=pager)
    dumb = shown(_INSERT, folder, PAGER=pager, TERM="dumb")
    assert _is_whole(high[1]) and _is_whole(dumb[1]) and high[0] == dumb[0] == 0
    assert not (folder / "log").exists()


@pytest.mark.parametrize("pager", ["no-such-program", "false", "'", "/", "sh -c 'kill -9 $$'"])
def test_a_pager_that_does_not_work_does_no_harm(pager: str, folder: Path) -> None:
    code, text = shown(_INSERT, folder, PAGER=pager)
    assert code == 0 and _is_whole(text), text
    assert "Traceback" not in text and "error" not in text


@pytest.mark.skipif(shutil.which("less") is None, reason="less is not on this machine")
@pytest.mark.parametrize("keys", ["q", "\x03q"], ids=["q", "Ctrl-C, q"])
def test_less_may_be_left_at_any_time(keys: str, folder: Path) -> None:
    code, text = shown(_INSERT, folder, keys, PAGER="less", LESS="R")
    assert code == 0 and "Traceback" not in text and "Broken" not in text, text
    assert "Detect" not in text.split("insert in")[0]  # the diff's end, which less did not show
    assert "nothing was written" in plain(text)[-2]
