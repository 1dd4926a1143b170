"""The lock where the system's own does not reach: other machines, and file systems without one."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.study.folders import run_folder
from yamlmod.study.drive import guarded
from yamlmod.study.guard import lock as module
from yamlmod.study.guard.lock import Lock, is_held, newest
from yamlmod.study.guard.notes import is_cut_off
from yamlmod.study.run_files import status_of

_linux = pytest.mark.skipif(sys.platform != "linux", reason="speaks of flock and boot ids")


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT", 0.1)
    monkeypatch.setattr(module, "STALE", 1.0)


def _on(monkeypatch: pytest.MonkeyPatch, machine: str, system: bool) -> None:
    """Be another machine; without ``system`` its file system has no lock of its own."""
    monkeypatch.setattr(module, "machine", lambda: machine)
    if not system:

        def flock(*_: object) -> None:
            raise OSError(errno.ENOLCK, "No locks available")

        monkeypatch.setattr("fcntl.flock", flock)


def _close(lock: Lock) -> None:
    """End as a kill does: the system's lock goes, the holder's file says nothing of it."""
    lock.released.set()
    os.close(lock.descriptor)


@_linux
@pytest.mark.parametrize("system", [True, False])
def test_a_beat_on_another_machine_keeps_it(
    system: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _on(monkeypatch, "a", system)
    first = Lock(str(tmp_path))
    assert first.acquire()
    os.close(first.descriptor)  # as where the system's lock does not reach the other machine
    thread = threading.Thread(target=first.keep, args=(lambda: None,))
    thread.start()
    _on(monkeypatch, "b", system)
    assert is_held(str(tmp_path)) and not Lock(str(tmp_path)).acquire()
    first.released.set()
    thread.join()
    first.release()
    assert not is_held(str(tmp_path))
    began = time.monotonic()
    assert Lock(str(tmp_path)).acquire() and time.monotonic() - began < 0.5
    assert newest(str(tmp_path))[0] == 2


@_linux
def test_a_holder_that_died_elsewhere_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _on(monkeypatch, "a", True)
    first = Lock(str(tmp_path))
    assert first.acquire()
    _close(first)
    _on(monkeypatch, "b", True)
    holder = tmp_path / "holders" / "1"
    for clock in (-86_400, 86_400, 0):  # that of the dead machine does not count
        os.utime(holder, (time.time() + clock,) * 2)
    assert is_held(str(tmp_path))
    began = time.monotonic()
    assert Lock(str(tmp_path)).acquire()
    assert 0.9 < time.monotonic() - began < 5
    assert newest(str(tmp_path))[0] == 2


@_linux
def test_on_its_own_machine_a_dead_holder_is_known_at_once(tmp_path: Path) -> None:
    first = Lock(str(tmp_path))
    assert first.acquire() and is_held(str(tmp_path))
    _close(first)
    assert not is_held(str(tmp_path))
    began = time.monotonic()
    assert Lock(str(tmp_path)).acquire() and time.monotonic() - began < 0.5


@_linux
def test_of_many_that_find_a_dead_holder_one_takes_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _on(monkeypatch, "a", False)
    first = Lock(str(tmp_path))
    assert first.acquire()
    _close(first)
    _on(monkeypatch, "b", False)
    takers = [Lock(str(tmp_path)) for _ in range(8)]
    outcomes: list[bool] = []
    threads = [
        threading.Thread(target=lambda taker=taker: outcomes.append(taker.acquire()))
        for taker in takers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * 7 + [True]


@_linux
def test_who_is_taken_over_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _on(monkeypatch, "a", False)
    first = Lock(str(tmp_path))
    assert first.acquire()
    _on(monkeypatch, "b", False)
    assert Lock(str(tmp_path)).acquire()
    lost = threading.Event()
    first.keep(lost.set)
    assert lost.is_set()


@_linux
def test_the_lock_names_its_host_and_is_seen_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json
    import socket

    folder = run_folder(tmp_path, options={"epochs": 500})
    process = subprocess.Popen(guarded(status_of(folder)), stdin=subprocess.PIPE)
    end = time.monotonic() + 20
    while not newest(str(folder))[1] and time.monotonic() < end:
        time.sleep(0.01)
    holder = json.loads(newest(str(folder))[1])
    assert (holder["host"], holder["pid"]) == (socket.gethostname(), process.pid)
    monkeypatch.setattr(module, "STALE", 30.0)
    _on(monkeypatch, "b", False)
    assert status_of(folder).state == "running"
    assert process.stdin is not None
    process.stdin.close()
    process.wait(20)
    assert status_of(folder).state == "cut off"


@pytest.mark.skipif(sys.platform == "win32", reason="has no pipes in folders")
@pytest.mark.parametrize("name", ["log.txt", "attempts.jsonl", "holders"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "file"])
def test_what_a_shipped_folder_may_hold(tmp_path: Path, name: str, kind: str) -> None:
    """Nothing waits for a pipe, and a folder or damaged lines end no command."""
    folder = run_folder(tmp_path)
    path = folder / name
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
        (path / "1").write_text("[1]")
    else:
        deep = "[" * 100_000
        path.write_text(f'{{"event": "start", "log": "x"}}\n{deep}\n')
    assert status_of(folder).state in ("waiting", "cut off")
    assert is_cut_off(str(folder), {"results": [name], "epochs": 3}) == (
        (name, kind) == ("attempts.jsonl", "file")
    )
