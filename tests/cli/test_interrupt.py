"""Ctrl-C in what runs a fork: results so far, exit code 130, no process and no file left."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.json_schema import SCHEMA, errors
from tests.cli.run import save_checkpoint, snapshot, yamlmod

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")

_MINIFORK = Path(__file__).parents[2] / "examples" / "minifork"
_MINI = "fork/models/mini.yaml"


class Stopped(NamedTuple):
    """What a command left that was stopped: its code, stdout, the terminal of stderr."""

    code: int
    out: str
    shown: str
    left: list[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("interrupt")
    shutil.copytree(_MINIFORK, folder / "fork")
    assert yamlmod("patch", "fork", "SimAM", "-w", cwd=folder).code == 0
    assert yamlmod("insert", "SimAM", _MINI, "--at", "24", "-o", "a.yaml", cwd=folder).code == 0
    save_checkpoint(folder, "fork", _MINI)
    return folder


def stopped(
    words: Sequence[str],
    cwd: Path,
    after: str | Callable[[], bool],
    signals: int = 1,
    **variables: str,
) -> Stopped:
    """Run a command whose stderr is a terminal; send SIGINT at ``after``: shown, or true."""
    import pty

    leader, follower = pty.openpty()
    mark = f"YAMLMOD_TEST={uuid.uuid4().hex}"
    name, _, value = mark.partition("=")
    process = subprocess.Popen(
        [sys.executable, "-m", "yamlmod", *words],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=follower,
        start_new_session=True,
        # A shell starts background jobs with SIGINT ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        env={
            **os.environ,
            name: value,
            "TERM": "xterm",
            "COLUMNS": "400",
            "OMP_NUM_THREADS": "1",
            **variables,
        },
    )
    os.close(follower)
    shown = b""
    limit = time.monotonic() + 100
    with contextlib.suppress(OSError):  # how Linux tells the end
        while time.monotonic() < limit:
            if select.select([leader], [], [], 0.02)[0]:
                shown += os.read(leader, 65536)
            reached = re.search(after.encode(), shown) if isinstance(after, str) else after()
            if signals and reached:
                for _ in range(signals):
                    os.kill(process.pid, signal.SIGINT)
                    time.sleep(0.02)
                signals = 0
    os.close(leader)
    try:
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    end = time.monotonic() + 10
    while (left := _living(mark)) and time.monotonic() < end:
        time.sleep(0.02)
    return Stopped(process.returncode, out.decode(), shown.decode(), left)


def _living(mark: str) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state = (folder / "stat").read_bytes().rpartition(b")")[2].split()[0]
            if state not in (b"Z", b"X") and mark.encode() in (folder / "environ").read_bytes():
                found.append(folder.name)
    return found


def test_verify_keeps_the_checks_that_ended(folder: Path) -> None:
    before = snapshot(folder)
    done = stopped(("verify", "fork", "a.yaml", _MINI), folder, r"mini\.yaml: alive")
    assert (done.code, done.left) == (130, []), done
    assert "1 of 2: a.yaml: pass" in done.shown and "Traceback" not in done.shown
    assert "interrupted: 1 of 2 networks not verified" in done.shown
    lines = done.out.splitlines()
    assert re.match(r"a\.yaml +all +pass +\d+ checks passed", lines[1])
    assert re.match(rf"{re.escape(_MINI)} +all +skip +interrupted after \d+ checks", lines[2])
    assert snapshot(folder) == before


@pytest.mark.slow
def test_profile_keeps_what_was_counted(folder: Path) -> None:
    words = ("profile", "fork", "a.yaml", _MINI, "--imgsz", "64")
    done = stopped((*words, "--rounds", "100000"), folder, r"latency: \d+ of 100,000")
    assert (done.code, done.left) == (130, []), done
    assert "1 of 2: a: 0.448 M parameters" in done.shown and "Traceback" not in done.shown
    rounds = re.search(r"interrupted: latency is of (\d+) instead of 100,000 rounds", done.shown)
    assert rounds and f"median and quartiles of {rounds[1]} rounds" in done.out
    assert re.search(r"^mini +0\.448", done.out, re.MULTILINE)


@pytest.mark.slow
def test_the_answer_so_far_is_json_in_the_envelope(folder: Path, tmp_path: Path) -> None:
    """Beside JSON nothing is shown: here the fork itself says when a network is built."""
    shutil.copytree(folder / "fork", tmp_path / "fork")
    parser, built = tmp_path / "fork/models/yolo.py", tmp_path / "built"
    text = (
        parser.read_text(encoding="utf-8")
        + f"""

class Model(Model):
    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        with open({str(built)!r}, "a") as file:
            file.write("x")
"""
    )
    parser.write_text(text, encoding="utf-8")
    words = ("profile", "fork", _MINI, "a.yaml", "--rounds", "100000", "--imgsz", "64", "--json")
    shutil.copy(folder / "a.yaml", tmp_path / "a.yaml")
    seen: list[float] = []

    def second_is_built() -> bool:
        if built.is_file() and built.stat().st_size > 1:
            seen.append(time.monotonic())
        return bool(seen) and seen[-1] - seen[0] > 0.5

    done = stopped(words, tmp_path, second_is_built, YAMLMOD_PROTECTION="none")
    data = json.loads(done.out)
    assert (done.code, done.left) == (130, []), done
    assert not list(errors(data, SCHEMA, SCHEMA)) and data["interrupted"] is True
    assert data["models"][0]["parameters"] > 400_000 and "interrupted" not in done.shown


@pytest.mark.parametrize("signals", [1, 2])
def test_remap_leaves_no_half_written_file(folder: Path, signals: int) -> None:
    before = snapshot(folder)
    words = ("remap", "w.pt", "--from", _MINI, "--to", "a.yaml", "--repo", "fork", "-o", "o.pt")
    done = stopped(words, folder, "writing and reading back", signals)
    assert (done.code, done.left) == (130, []), done
    assert "Traceback" not in done.shown and "interrupted" in done.shown
    if signals == 1:
        assert re.search(r"\d+ of \d+ tensors have their layers", done.shown)
        assert "interrupted: o.pt was not written" in done.shown
        assert "100.0 %" in done.out and "Transferred" not in done.out
    assert snapshot(folder) == before and not list(folder.glob(".yamlmod-*"))
