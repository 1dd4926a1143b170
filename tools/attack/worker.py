"""Runs hostile forks: nothing of them outlives the command, and no answer of theirs is a bug.

Each case is a fork that does one thing when it is imported, or forges an answer, under one level
of protection and one command. Held against it: the command ends in time with 0, 1 or 2; no process
of the case is alive; where the protection says so, the listener of the attack (on 127.0.0.1) got
nothing and neither the home nor the fork is changed.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import stat
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.attack._forged import forged
from tools.attack._worker_forks import KINDS, TORCH, UNSEEN, YOLO, code
from tools.attack.report import Budget, Report

CASES = 60
SECONDS = 40.0
LEVELS = ("all", "none", "processes", "network", "home", "network,home")
COMMANDS = ("explain", "verify", "profile", "remap")
_LIMIT = 25.0  # seconds for a command whose --timeout is 1
_YAML = "nc: 2\nanchors: 3\nbackbone:\n  [[-1, 1, Conv, [8]],\n   [-1, 1, Conv, [8]]]\nhead:\n"
_YAML += "  [[[0, 1], 1, Concat, [1]],\n   [[2], 1, Detect, [nc, anchors]]]\n"
_COMMON = "class Conv: pass\nclass C3: pass\nclass Concat: pass\n"


@dataclass(frozen=True)
class Ran:
    """How one command ended."""

    code: int
    seconds: float
    out: str
    err: str


class Place:
    """The folders of the attack, its listener, and what a case must leave as it was."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home, self.fork = folder / "home", folder / "fork"
        stub = folder / "stub" / "torch"
        stub.mkdir(parents=True)
        (stub / "__init__.py").write_text(TORCH, encoding="utf-8")
        self.weights = folder / "w.safetensors"
        self.weights.write_bytes((2).to_bytes(8, "little") + b"{}")
        self.name = f"yamlmod-attack-{uuid.uuid4().hex}"
        self.tcp, self.udp = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.tcp.bind(("127.0.0.1", 0))
        self.udp.bind(self.tcp.getsockname())
        self.path, self.abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        self.path.bind(str(folder / "socket"))
        self.abstract.bind("\0" + self.name)
        for one in (self.tcp, self.path, self.abstract):
            one.listen(64)
        for one in (self.tcp, self.udp, self.path, self.abstract):
            one.setblocking(False)

    def fresh(self, planted: str) -> None:
        """Make the home and the fork anew."""
        for folder in (self.home, self.fork):
            shutil.rmtree(folder, ignore_errors=True)
        (self.home / ".ssh").mkdir(parents=True)
        (self.home / ".ssh" / "authorized_keys").write_text("key\n", encoding="utf-8")
        (self.home / ".bashrc").write_text("# mine\n", encoding="utf-8")
        models = self.fork / "models"
        models.mkdir(parents=True)
        files = {"yolo": f"from models.common import *\n{YOLO}", "common": _COMMON,
                 "planted": planted, "__init__": ""}  # fmt: skip
        for name, text in files.items():
            (models / f"{name}.py").write_text(text, encoding="utf-8")
        (models / "mini.yaml").write_text(_YAML, encoding="utf-8")

    def state(self) -> list[Any]:
        """Return all that is in the home and in the fork."""
        return [
            (str(path), found.st_mode, found.st_mtime_ns, _bytes(path, found.st_mode))
            for root in (self.home, self.fork)
            for path in (root, *sorted(root.rglob("*")))
            for found in [path.lstat()]
        ]

    def got(self) -> list[str]:
        """Return on which sockets something arrived, and take it."""
        found = []
        for name in ("tcp", "udp", "path", "abstract"):
            listener = getattr(self, name)
            with contextlib.suppress(BlockingIOError):
                while True:
                    if name == "udp":
                        listener.recv(64)
                    else:
                        listener.accept()[0].close()
                    found.append(name)
        return found

    def close(self) -> None:
        """Let go of the sockets."""
        for one in (self.tcp, self.udp, self.path, self.abstract):
            one.close()


def _bytes(path: Path, mode: int) -> bytes:
    return path.read_bytes() if stat.S_ISREG(mode) else b""


def attack(budget: Budget) -> Report:
    """Run the cases; as many of forks that do something as of those that forge an answer."""
    report = Report()
    if sys.platform != "linux":
        report.add("not on this system")
        return report
    source = random.Random(budget.seed)
    folder = Path(tempfile.mkdtemp(prefix="yamlmod-attack-"))
    folder.chmod(0o755)
    place = Place(folder)
    try:
        levels = {level: _protection(place, level) for level in LEVELS}
        kinds = list(KINDS)
        source.shuffle(kinds)
        for done in range(10**9):
            if budget.spent(done):
                break
            # By turns, so that a small budget sees every level; a kind comes again at another.
            level = LEVELS[(done // 2 + done // (2 * len(kinds))) % len(LEVELS)]
            command = COMMANDS[source.randrange(len(COMMANDS))]
            if done % 2:
                _forge(place, report, level, command, source.randrange(10**9))
            else:
                kind = kinds[(done // 2) % len(kinds)]
                _case(place, report, (level, levels[level]), command, kind)
    finally:
        place.close()
        shutil.rmtree(folder, ignore_errors=True)
    return report


def _protection(place: Place, level: str) -> dict[str, Any]:
    """Ask an innocent run what it was protected by."""
    place.fresh("")
    ran = _run(place, level, "explain", {})
    found = ran.err.splitlines()
    return {
        "processes": any("every process ends with the run" in line for line in found),
        "network": any("; no network" in line for line in found),
        "home": any("are discarded" in line for line in found),
    }


def _case(
    place: Place, report: Report, at: tuple[str, dict[str, Any]], command: str, kind: str
) -> None:
    level, kept = at
    # Only three of the commands import the fork of this place; the weights are of no network.
    command = "explain" if command == "remap" else command
    place.fresh(code(kind))
    before = place.state()
    ran = _run(place, level, command, {})
    problems = _problems(ran)
    time.sleep(0.005)
    left = _living(place.name)
    if left:
        problems.append(f"{len(left)} processes alive: {left[:3]}")
    got = place.got()
    if got and (kept["network"] or kind not in UNSEEN) and not _path_alone(got, kept):
        problems.append(f"arrived by {sorted({*got})}")
    if kept["home"] and place.state() != before:
        changed = {str(one[0]) for one in {*map(tuple, place.state())} ^ {*map(tuple, before)}}
        problems.append(f"changed: {sorted(changed)[:4]}")
    _end(left)
    words = f"{command} under {level}: {kind}"
    _count(report, words, ran, problems)


def _path_alone(got: list[str], kept: dict[str, Any]) -> bool:
    """Say whether only the socket in a folder was reached, which a view of the files hides."""
    return {*got} == {"path"} and not kept["home"]


def _forge(place: Place, report: Report, level: str, command: str, seed: int) -> None:
    place.fresh("")
    lines = forged(command, random.Random(seed))
    planted = place.folder / "planted.py"
    text = f"{code('exit 0').rpartition('os._exit')[0]}\nos.set_blocking(1, True)\n"
    text += f"data = {lines!r}\nfor d in range(3, 12):\n"
    text += "    try: os.write(d, data)\n    except OSError: pass\ntime.sleep(20)\n"
    planted.write_text(text, encoding="utf-8")
    ran = _run(place, level, command, {"ATTACK_TORCH": str(planted)}, as_json=bool(seed % 2))
    problems = _problems(ran)
    left = _living(place.name)
    problems += [f"{len(left)} processes alive"] * bool(left)
    _end(left)
    _count(report, f"{command} under {level}: forged, seed {seed}, {lines[:120]!r}", ran, problems)


def _count(report: Report, words: str, ran: Ran, problems: list[str]) -> None:
    if problems:
        report.fail(f"{words}: {'; '.join(problems)}")
    else:
        report.add(f"exit {ran.code}")


def _problems(ran: Ran) -> list[str]:
    problems = []
    if ran.code not in (0, 1, 2):
        problems.append(f"exit {ran.code}: {ran.err[-300:]!r}")
    if ran.seconds > _LIMIT:
        problems.append(f"took {ran.seconds:.0f} s")
    if "Traceback" in ran.err:
        problems.append(f"a traceback: {ran.err[-300:]!r}")
    return problems


def _run(
    place: Place, level: str, command: str, extra: dict[str, str], as_json: bool = False
) -> Ran:
    """Run one command in a child of this process, which has imported yamlmod already."""
    cfg, repo = "models/mini.yaml", str(place.fork)
    words = {
        "explain": [cfg, "--repo", repo, "--imgsz", "32"],
        "verify": [repo, cfg],
        "profile": [repo, cfg, "--rounds", "0"],
        "remap": [str(place.weights), "--repo", repo, "--from", cfg, "--to", cfg],
    }[command]
    out, err = place.folder / "out", place.folder / "err"
    start = time.monotonic()
    child = os.fork()
    if not child:
        _be(place, level, [command, *words, "--timeout", "1", *["--json"] * as_json], extra)
    status = 0
    while not (done := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() - start > 2 * _LIMIT:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.002)
    status = done[1]
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in (out, err)]
    return Ran(os.waitstatus_to_exitcode(status), time.monotonic() - start, *texts)


def _be(place: Place, level: str, words: list[str], extra: dict[str, str]) -> None:
    """Become the command: its environment, its streams, its exit code."""
    code = 3
    try:
        for stream, name in ((1, "out"), (2, "err")):
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            os.dup2(os.open(place.folder / name, flags, 0o644), stream)
        os.environ.update(
            HOME=str(place.home),
            PYTHONPATH=str(place.folder / "stub"),
            YAMLMOD_PROTECTION=level,
            ATTACK_NAME=place.name,
            ATTACK_PID=str(os.getpid()),
            ATTACK_PORT=str(place.tcp.getsockname()[1]),
            ATTACK_SOCKET=str(place.folder / "socket"),
            **extra,
        )
        os.chdir(place.home)
        sys.argv = ["yamlmod", *words]
        from yamlmod.__main__ import main

        main()
        code = 0
    except SystemExit as done:
        code = done.code if isinstance(done.code, int) else int(done.code is not None)
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _living(name: str) -> list[int]:
    """Return the processes that a case left: by its name in their environment, or by theirs."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) == os.getpid():
            continue
        with contextlib.suppress(OSError, IndexError):
            state = (folder / "stat").read_bytes().rpartition(b")")[2].split()[0]
            words = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
            if state not in (b"Z", b"X") and name.encode() in words:
                found.append(int(folder.name))
    return found


def _end(processes: list[int]) -> None:
    for process in processes:
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGKILL)


def _warm() -> None:
    """Import what the commands import: the cases are children of this process."""
    from yamlmod.cli import profile_report
    from yamlmod.usecases import explain as explaining
    from yamlmod.usecases import remap as remapping
    from yamlmod.usecases import verify as verifying

    json.dumps([module.__name__ for module in (explaining, profile_report, remapping, verifying)])


_warm()
