"""Kills a write at every call that touches the disk; the next command finds all old or all new."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.workspace.faults import Killed, Machine
from tools.attack._place import build, run, state, workplace
from tools.attack.report import Budget, Report
from yamlmod.workspace import disk
from yamlmod.workspace.key import key_for

CASES = 150
SECONDS = 30.0
# Every so many cases a process of its own is killed, at a moment of the clock's choice.
_REAL = 25
_AT = ("--at", "5", "-w")
_WRITES = (
    ["insert", "SimAM", "repo/models/mini.yaml", *_AT],
    ["insert", "SimAM", "repo/models/mini.yaml", "--at", "5", "-o", "repo/models/new.yaml"],
    ["insert", "SimAM", "repo/models/mini.yaml", *_AT, "--diff", "repo/x.diff"],
    ["add", "SimAM", "--repo", "repo", "--cfg", "repo/models/mini.yaml", *_AT],
    [
        "add",
        "CBAM",
        "--repo",
        "repo",
        "--cfg",
        "repo/models/mini.yaml",
        *_AT,
        "--placement=package",
    ],
    ["undo", "repo", "-w"],
    ["undo", "repo", "--redo", "-w"],
)
_NEXT = ["insert", "ECA", "repo/other.yaml", "--at", "3", "-w"]
State = dict[str, tuple[int, bytes | str | None]]


def attack(budget: Budget) -> Report:
    """Kill each write at each step in turn, then at random ones, and let the next one settle."""
    report = Report()
    done = 0
    with workplace() as place:
        key_for(place, make=True)  # else the first write makes it, and is longer than the others
        steps = [_Write(place / f"write{index}", words) for index, words in enumerate(_WRITES)]
        plan = _plan(random.Random(budget.seed), steps)
        while not budget.spent(done):
            write, at, fault = next(plan)
            if done % _REAL == _REAL - 1:
                _real(write, place / "case", budget.seed * 1_000_003 + done, report)
            else:
                _simulated(write, place / "case", at, fault, report)
            done += 1
    return report


class _Write:
    """A write, how many calls it makes, and the states before and after it."""

    def __init__(self, root: Path, words: list[str]) -> None:
        self.root, self.words = root, words
        _prepare(build(root), words)
        copy = root.with_name("undisturbed")
        # What is read once in a process must not be counted among the steps.
        self.copy(copy)
        run(words, copy)
        shutil.rmtree(copy)
        self.copy(copy)
        self.before = _files(copy)
        with _machine() as counted:
            ran = run(words, copy)
        if ran.code:
            raise RuntimeError(ran.err)
        self.calls = len(counted.calls)
        self.after = _files(copy)
        shutil.rmtree(copy)

    def copy(self, root: Path) -> None:
        """Make a fresh fork; the journal of an undo is made anew, since a copy has none of ours."""
        shutil.copytree(self.root, root, symlinks=True)
        if self.words[0] == "undo":
            shutil.rmtree(root / "repo")
            build_root = root / "fresh"
            _prepare(build(build_root), self.words)
            (build_root / "repo").rename(root / "repo")
            shutil.rmtree(build_root)


def _prepare(repo: Path, words: list[str]) -> None:
    shutil.copy(repo / "models" / "mini.yaml", repo / "other.yaml")
    if words[0] != "undo":
        return
    for earlier in (_WRITES[4], *([_WRITES[5]] if "--redo" in words else [])):
        ran = run(earlier, repo.parent)
        if ran.code:
            raise RuntimeError(ran.err)


def _plan(chance: random.Random, writes: list[_Write]) -> Iterator[tuple[_Write, int, str]]:
    """Yield every step of every write once, the writes by turns, then steps at random."""
    every = [(write, at) for write in writes for at in range(1, write.calls + 1)]
    chance.shuffle(every)
    for write, at in every:
        yield write, at, chance.choice(["kill", "torn"])
    while True:
        write = chance.choice(writes)
        yield write, chance.randint(1, write.calls), chance.choice(["kill", "torn"])


@contextlib.contextmanager
def _machine(at: int = 0, fault: str = "kill") -> Iterator[Machine]:
    machine = Machine(at, fault)
    disk.os = machine  # type: ignore[assignment]
    try:
        yield machine
    finally:
        disk.os = os


def _files(root: Path) -> State:
    """Return all that is not the journal's."""
    return {name: told for name, told in state(root).items() if "/.yamlmod" not in name}


def _rubbish(root: Path) -> list[str]:
    names = [name for name in state(root) if "/.yamlmod" in name]
    return [name for name in names if name.endswith((".tmp", "/lock", "pending.json"))]


def _simulated(write: _Write, root: Path, at: int, fault: str, report: Report) -> None:
    write.copy(root)
    with _machine(at, fault) as machine, contextlib.suppress(Killed):
        run(write.words, root)
    where = f"{' '.join(write.words)}, {fault} at call {at} ({machine.calls[-1]})"
    _judge(write, root, where, report, " " if machine.dead else " not ")


def _real(write: _Write, root: Path, seed: int, report: Report) -> None:
    """Kill a process of its own some time after it has begun to write."""
    write.copy(root)
    child = subprocess.Popen(
        [sys.executable, "-m", "yamlmod", *write.words],
        cwd=root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    store = root / "repo" / ".yamlmod"
    deadline = time.monotonic() + 60
    while child.poll() is None and not (store / "lock").exists() and time.monotonic() < deadline:
        time.sleep(0.0002)
    time.sleep(random.Random(seed).random() * 0.01)
    child.send_signal(signal.SIGKILL)
    killed = child.wait(60) == -signal.SIGKILL
    where = f"{' '.join(write.words)}, a process killed (seed {seed})"
    _judge(write, root, where, report, " " if killed else " not ", "process")


def _judge(
    write: _Write, root: Path, where: str, report: Report, killed: str, what: str = "call"
) -> None:
    """Let the next write settle, and compare; then undo what is new."""
    try:
        trouble, outcome = _settled(write, root)
        if trouble:
            report.fail(f"{where}: {trouble}")
        else:
            report.add(f"{what}{killed}killed, {outcome}")
    finally:
        os.chdir(root.parent)
        shutil.rmtree(root)


def _settled(write: _Write, root: Path) -> tuple[str, str]:
    ran = run(_NEXT, root)
    if ran.code:
        return f"the next write ends with {ran.code}: {ran.err[-300:]}", ""
    ran = run(["undo", "repo/other.yaml", "-w"], root)
    if ran.code:
        return f"its undo ends with {ran.code}: {ran.err[-300:]}", ""
    found = _files(root)
    if found not in (write.before, write.after):
        names = {name for name in found | write.before if found.get(name) != write.before.get(name)}
        return f"neither old nor new: {sorted(names)}", ""
    if _rubbish(root):
        return f"left: {_rubbish(root)}", ""
    if found == write.before:
        return "", "all old"
    if write.words[0] != "undo":
        place = "repo/models"
        ran = run(["undo", place, "-w"], root)
        kept = {name: told for name, told in _files(root).items() if name != "repo/x.diff"}
        if ran.code or kept != write.before:
            return f"undo does not give the bytes back: {ran.code} {ran.err[-300:]}", ""
    return "", "all new"
