"""The live table of `study run`: what it says, its width, a terminal that changes, Ctrl-C."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.cli.run import yamlmod
from tests.cli.terminal import plain
from tests.study.folders import run_folder
from yamlmod.cli.study_live import StudyTable, duration
from yamlmod.report.widths import cell_count
from yamlmod.study.plan_files import StudyPlan, VariantFacts, write_study_plan
from yamlmod.study.results import EpochRow
from yamlmod.study.run_files import RunPlan, RunStatus, State


def _run(name: str, state: State, epochs: int, of: int = 10, gpus: str = "") -> RunStatus:
    plan = RunPlan(name, 0, "yolov5", of, (), (), "", {}, "", (), 1, {})
    rows = tuple(EpochRow(n, 1, 2, 3, 10.0 * n) for n in range(1, epochs + 1))
    return RunStatus(plan, Path(name), state, rows, gpus=gpus)


def test_time_left() -> None:
    now = [0.0]
    table = StudyTable(2, clock=lambda: now[0])

    def lines(*runs: RunStatus) -> list[str]:
        table.see(runs)
        return table.lines(runs, 79, 20)

    waiting = _run("b", "waiting", 0)
    head, columns, first, second = lines(_run("a", "running", 0, gpus="3"), waiting)
    assert head == "0 of 2 runs done, 1 running, 1 waiting"
    assert columns.split() == ["run", "state", "epoch", "mAP50-95", "left", "GPU"]
    assert first.split() == ["a-s0", "running", "0/10", "3"]
    assert second.split() == ["b-s0", "waiting", "0/10"]
    now[0] = 100  # the first epoch, with the start in it
    lines(_run("a", "running", 1), waiting)
    now[0] = 110
    assert lines(_run("a", "running", 1), waiting)[2].split()[3:] == [
        "10.0",
        "14",
        "min",
        "50",
        "s",
    ]
    now[0] = 120  # the second took 20 seconds: the start no longer counts
    head, _, first, _ = lines(_run("a", "running", 2), waiting)
    assert first.split()[3:] == ["20.0", "2", "min", "40", "s"]
    assert head.endswith("about 3 min 00 s left")  # 18 epochs by two at once
    now[0] = 1e6
    assert lines(_run("a", "running", 2), waiting)[2].endswith("0 s")
    assert "left" not in lines(_run("a", "done", 10), waiting)[0]


@pytest.mark.parametrize("width", [20, 40, 60, 79, 200])
@pytest.mark.parametrize("height", [3, 4, 10, 50])
def test_it_fits(width: int, height: int) -> None:
    states: tuple[State, ...] = ("done", "waiting", "running", "failed", "cut off")
    runs = [_run(f"{'x' * (3 * n)}-{state}", state, n, 999) for n in range(5) for state in states]
    table = StudyTable(1)
    table.see(runs)
    table.note = "stopping"
    lines = table.lines(runs, width, height)
    assert len(lines) <= max(height, 5) and lines[-1] == "stopping"
    if height > 5:
        assert lines[2].split()[1] == "running"
    if width >= 79:
        assert all(cell_count(line) <= width for line in lines)
    if height == 10:
        assert lines[-2].startswith("and ") and lines[-2].endswith("5 done")


def test_durations() -> None:
    texts = [duration(seconds) for seconds in (0, 59.6, 61, 3600, 86_399.9, 90_000)]
    assert texts == ["0 s", "1 min 00 s", "1 min 01 s", "1 h 00 min", "1 d 00 h", "1 d 01 h"]


def _study(home: Path, seconds: float) -> None:
    names = [run_folder(home / "runs", v, 0, {"epochs": 3, "seconds": seconds}).name for v in "ab"]
    facts = [VariantFacts(name, (), "", "", "x.yaml", 3) for name in "ab"]
    write_study_plan(home, StudyPlan("s", "yolov5", [], [0], facts, names))


class _Terminal:
    """A terminal with `study run` in it."""

    def __init__(self, home: Path) -> None:
        self.parent, child = pty.openpty()
        self.resize(80)
        words = [sys.executable, "-m", "yamlmod", "study", "run", "."]
        kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR")}
        self.process = subprocess.Popen(
            words,
            cwd=home,
            stdin=child,
            stdout=child,
            stderr=child,
            env={**kept, "TERM": "xterm", "CUDA_VISIBLE_DEVICES": "7"},
            start_new_session=True,
            # A shell starts background jobs with SIGINT ignored, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        os.close(child)
        self.text = io.StringIO()

    def resize(self, width: int) -> None:
        fcntl.ioctl(self.parent, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))

    def read(self, until: str = "\0") -> str:
        """Read until a text comes, or to the end; return all that was read."""
        end, part = time.monotonic() + 60, b""
        while until not in part.decode("utf-8", "replace"):
            assert time.monotonic() < end, part
            if not select.select([self.parent], [], [], 1)[0]:
                continue
            try:
                more = os.read(self.parent, 65536)
            except OSError:
                break
            if not more:
                break
            part += more
        return part.decode("utf-8", "replace").replace("\r\n", "\n")


def test_in_a_terminal_that_changes(tmp_path: Path) -> None:
    _study(tmp_path, 0.6)
    terminal = _Terminal(tmp_path)
    wide = terminal.read("2/3")
    assert "0 of 2 runs done, 1 running, 1 waiting" in wide
    rows = [line.split() for line in plain(wide) if line.startswith("a-s0  running")]
    assert rows[-1][-1] == "7"  # the GPU
    terminal.resize(50)
    rest = terminal.read()
    assert terminal.process.wait(60) == 0
    both = wide + rest  # on a busy machine the first part may have nearly all
    assert "a-s0 done\n" in both and "2 done" in plain(both)[-2]
    # A redraw returns to the start of the last line.
    pieces = [piece for line in plain(rest)[1:] for piece in line.split("\r")]
    assert all(cell_count(piece) <= 50 for piece in pieces)
    assert rest.count("\x1b[?25l") <= rest.count("\x1b[?25h")  # the cursor is shown again


def test_ctrl_c(tmp_path: Path) -> None:
    _study(tmp_path, 20)
    terminal = _Terminal(tmp_path)
    terminal.read("running")
    os.killpg(terminal.process.pid, signal.SIGINT)
    rest = terminal.read()
    assert terminal.process.wait(30) == 130
    assert "stopping what trains" in rest and "Traceback" not in rest
    assert "\x1b[?25h" in rest
    done = yamlmod("study", "status", ".", cwd=tmp_path)
    assert b"1 cut off, 1 waiting" in done.out


def test_elsewhere_there_are_plain_lines(tmp_path: Path) -> None:
    _study(tmp_path, 0.01)
    done = yamlmod("study", "run", ".", cwd=tmp_path)
    assert done.code == 0 and "\x1b" not in done.err and "left" not in done.err
    assert "a-s0 done" in done.err or b"2 done" in done.out
