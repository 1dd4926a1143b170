"""Processes of the tool that are forked from one that has imported it: a fifth of a second less.

    python -m tests.cli.prepared SOCKET     what `Prepared` starts

Each run is a process of its own, with its own folder, environment and streams; what Python does
before the first import of yamlmod is not done again. So a run whose environment Python reads at its
start, or that libraries read when they are imported, takes the long way (`starts_anew`).
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC", "TERMINAL_", "TYPER", "_TYPER", "RUAMEL",
             "GITHUB_", "FORCE_COLOR", "PY_COLORS")  # fmt: skip
_ROOT = Path(__file__).parents[2]
# Programs of their own: other processes run them. What is optional may be missing.
_NOT_IMPORTED = ("__main__", "yamlmod_worker", "yamlmod_guard", "yamlmod_overlay", "worker_")


def starts_anew(environment: Mapping[str, str], prepared: Mapping[str, str]) -> bool:
    """Whether the environments differ in something that counts before yamlmod itself runs."""
    names = {name for name in {*environment, *prepared} if name.startswith(_AT_START)}
    return any(environment.get(name) != prepared.get(name) for name in names)


class Prepared:
    """The far end: a process that has imported yamlmod and forks itself for every run."""

    def __init__(self, seed: int) -> None:
        self.environment = dict(os.environ)
        mine, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.cli.prepared", str(theirs.fileno())],
                cwd=_ROOT,
                env={**os.environ, "PYTHONHASHSEED": str(seed)},
                stdin=subprocess.DEVNULL,
                # Of the kind that a run has: Python looks at its streams when it starts.
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
            )
        self._socket, self._lock = mine, threading.Lock()

    def run(
        self, words: Sequence[str], cwd: Path, environment: Mapping[str, str], seconds: float
    ) -> tuple[int, bytes, bytes]:
        """Return exit code and streams of `yamlmod WORDS`, as `subprocess.run` has them."""
        (out, own), (err, other) = os.pipe(), os.pipe()
        try:
            status = self.start(words, cwd, environment, own, other)
        finally:
            os.close(own)
            os.close(other)
        out_text, err_text, end = _read_all((out, err, status), seconds)
        return self._code(end), out_text, err_text

    def start(
        self, words: Sequence[str], cwd: Path, environment: Mapping[str, str], out: int, err: int
    ) -> int:
        """Start `yamlmod WORDS`; return what its id and then its exit code can be read from."""
        task = json.dumps([list(words), os.fspath(cwd), dict(environment)]).encode()
        status, writer = os.pipe()
        try:
            with self._lock:
                socket.send_fds(self._socket, [struct.pack("!I", len(task))], [out, err, writer])
                self._socket.sendall(task)
        except BrokenPipeError:
            self._code(b"")
        finally:
            os.close(writer)
        return status

    def wait(self, status: int, seconds: float = 300) -> int:
        """Wait for the end of what was started; return its exit code."""
        return self._code(_read_all((status,), seconds)[0])

    def _code(self, status: bytes) -> int:
        """Return the exit code; where there is none, this process has ended, and says why."""
        _, _, code = status.strip().partition(b"\n")
        if not code:
            self._process.kill()
            assert self._process.stderr is not None
            raise AssertionError(self._process.stderr.read().decode("utf-8", "replace")[-2000:])
        return int(code)

    def close(self) -> None:
        """End it; what it has forked is not touched."""
        self._socket.close()
        self._process.wait()


def _read_all(descriptors: Sequence[int], seconds: float) -> list[bytes]:
    """Read until all are closed; the process whose id the last names is killed after a while."""
    end = time.monotonic() + seconds
    texts = dict.fromkeys(descriptors, b"")
    with selectors.DefaultSelector() as selector:
        for descriptor in descriptors:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(max(end - time.monotonic(), 0))
            for key, _ in ready:
                part = os.read(key.fd, 1 << 16)
                texts[key.fd] += part
                if not part:
                    selector.unregister(key.fd)
                    os.close(key.fd)
            if not ready:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(texts[descriptors[-1]].split(b"\n")[0]), signal.SIGKILL)
                raise subprocess.TimeoutExpired("yamlmod", seconds)
    return list(texts.values())


def _import_all() -> None:
    import yamlmod

    for module in pkgutil.walk_packages(yamlmod.__path__, "yamlmod.", onerror=lambda name: None):
        if not any(word in module.name for word in _NOT_IMPORTED):
            with contextlib.suppress(ImportError):
                importlib.import_module(module.name)


def _serve(tasks: socket.socket) -> Any:
    """Fork for every task. Return in the process that is to run it, with its words; else end."""
    while True:
        head, descriptors, _, _ = socket.recv_fds(tasks, 4, 3)
        if not head:
            os._exit(0)
        (size,) = struct.unpack("!I", head)
        text = b""
        while len(text) < size:
            text += tasks.recv(size - len(text))
        if not os.fork():
            tasks.close()
            return _become(*json.loads(text), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _become(
    words: list[str], cwd: str, environment: dict[str, str], descriptors: list[int]
) -> list[str]:
    """Fork once more: the parent waits for the run and says how it ended."""
    out, err, status = descriptors
    child = os.fork()
    if child:
        os.close(out)
        os.close(err)
        os.write(status, f"{child}\n".encode())
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.write(status, f"{code}\n".encode())
        os._exit(0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    for descriptor in descriptors:
        os.close(descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    for stream in (sys.stdout, sys.stderr):
        if stream.isatty():
            stream.reconfigure(line_buffering=True)
    return words


def _end(code: object) -> None:
    """End as Python does, but for taking hundreds of modules apart, which costs more than a run."""
    if isinstance(code, int):
        atexit._run_exitfuncs()
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code & 255)


if __name__ == "__main__":
    _import_all()
    sys.path.remove(str(_ROOT)) if sys.path[0] == str(_ROOT) else None
    gc.collect()
    gc.freeze()
    os.environ.pop("PYTHONHASHSEED")
    sys.argv[1:] = _serve(socket.socket(fileno=int(sys.argv[1])))
    try:
        runpy.run_module("yamlmod", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        _end(end.code)
        raise
