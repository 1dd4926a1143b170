"""`yamlmod check` on many files: several processes, what ends them, and the bar on a terminal."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_check import MINI, wrong_text
from yamlmod.checks.folder import Fixes, check_folder
from yamlmod.checks.run import Options
from yamlmod.errors import Place, Refusal
from yamlmod.usecases import check as checking
from yamlmod.usecases.check import Checked, check_files
from yamlmod.workspace.walk import YamlFile

# What is patched here reaches a process only where it is forked.
forked = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux")
Run = Callable[[], list[Checked]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Check five folders, one of them with a file that cannot be read, in two processes."""
    found = []
    for name in "abcde":
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(MINI, folder / "mini.yaml")
        (folder / "wrong.yaml").write_text(wrong_text(), encoding="utf-8")
        (folder / "data.yaml").write_text("nc: 4\n", encoding="utf-8")
        found += [YamlFile(path) for path in sorted(folder.iterdir())]
    named = [tmp_path / "c" / "latin.yaml"]
    named[0].write_bytes(b"nc: 4 # \xe4")
    monkeypatch.setattr(checking, "_ALONE", 0)
    monkeypatch.setattr(checking, "_cores", lambda: 2)
    if sys.platform == "linux":
        import multiprocessing

        context = multiprocessing.get_context("fork")
        monkeypatch.setattr(multiprocessing, "get_context", lambda method=None: context)
        monkeypatch.setattr("concurrent.futures.process.mp.get_context", lambda *_: context)
    return lambda: check_files(named, found, Options(), Fixes.certain)


def plain(done: list[Checked]) -> list[Any]:
    return [
        (file.findings, file.fixed, file.change, file.unreadable and file.unreadable.lines())
        for file in done
    ]


def test_two_processes_answer_as_one_does(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    both = plain(run())
    monkeypatch.setattr(checking, "_cores", lambda: 1)
    assert both == plain(run())
    assert len(both) == 11 and sum(bool(fixed) for _, fixed, _, _ in both) == 5


def patched(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Let the check of folder `d` do something else, in a process that was started for it."""
    here = os.getpid()

    def other(texts: Any, *rest: Any) -> Any:
        if os.getpid() != here and "/d/" in texts[0].shown:
            act()
        return check_folder(texts, *rest)

    monkeypatch.setattr(checking, "check_folder", other)


@forked
def test_a_refusal_in_a_process_arrives(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise Refusal("bad-yaml", "no", place=Place("d.yaml", 3, 4), hint="so")

    patched(monkeypatch, refuse)
    with pytest.raises(Refusal) as caught:
        run()
    assert caught.value.lines()[0] == "d.yaml:3:4: error[bad-yaml]: no"


@forked
def test_a_bug_in_a_process_arrives(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    patched(monkeypatch, lambda: [][1])
    with pytest.raises(IndexError):
        run()


@forked
def test_a_process_that_is_killed_is_stood_in_for(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    patched(monkeypatch, lambda: os._exit(9))
    both = plain(run())
    monkeypatch.setattr(checking, "_cores", lambda: 1)
    assert both == plain(run())


def test_no_processes_to_be_had(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any, **__: Any) -> None:
        raise OSError("no semaphores")

    both = plain(run())
    monkeypatch.setattr("concurrent.futures.process.ProcessPoolExecutor", none)
    assert plain(run()) == both


@pytest.mark.parametrize("before", [signal.default_int_handler, signal.SIG_IGN])
def test_the_caller_keeps_its_way_with_ctrl_c(run: Run, before: Any) -> None:
    own = signal.signal(signal.SIGINT, before)
    try:
        run()
        assert signal.getsignal(signal.SIGINT) is before
    finally:
        signal.signal(signal.SIGINT, own)


_SLOW = """
import sys, time
import yamlmod.usecases.check as checking
from yamlmod.checks import folder
def slow(texts, *rest):
    (sys.stdout.write("begun\\n"), sys.stdout.flush(), time.sleep(20))
    return folder.check_folder(texts, *rest)
checking.check_folder, checking._ALONE, checking._cores = slow, 0, lambda: 2
from yamlmod.__main__ import main
sys.argv = ["yamlmod", "check", "."]
main()
"""


@forked
def test_ctrl_c_ends_every_process_without_a_word(run: Run, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _SLOW],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # A shell starts background jobs with SIGINT ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == b"begun\n"
        start = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)  # a terminal tells all of them
        _, told = process.communicate(timeout=15)
    assert (process.returncode, told) == (130, b"interrupted\n")
    assert time.monotonic() - start < 10


def on_terminal(folder: Path, **environment: str) -> str:
    """Run `yamlmod check` with its messages on a terminal, and return what came there."""
    import pty

    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", **environment}
    with subprocess.Popen(
        [sys.executable, "-m", "yamlmod", "check", "."],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env=env,
    ) as process:
        os.close(theirs)
        told = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # Linux says so at the end
                break
            if not part:
                break
            told += part
        assert process.wait(timeout=30) == 0
    os.close(ours)
    return told.decode()


@pytest.mark.skipif(os.name == "nt", reason="no pseudo-terminals on Windows")
def test_a_bar_on_a_terminal(tmp_path: Path) -> None:
    for number in range(45):
        shutil.copy(MINI, tmp_path / f"m{number}.yaml")
    told = on_terminal(tmp_path)
    assert "checking" in told and "\x1b[" in told
    assert told.endswith("45 files checked, nothing found\r\n")
    # What is taken away at the end leaves the closing line alone on the screen.
    assert "\x1b[2K" in told or "\x1b[1A" in told
    plain_words = on_terminal(tmp_path, NO_COLOR="1")
    assert "checking" in plain_words and not re.search(r"\x1b\[[0-9;]*3[0-9]", plain_words)
    assert on_terminal(tmp_path, TERM="dumb") == "45 files checked, nothing found\r\n"
