"""Run a command on a Dask worker: sent there by value, so that a worker needs no yamlmod."""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
import time
from typing import Any

_LOCKED = 75  # of the guard: another process trains in the folder
_PATIENCE = 90.0  # seconds until such a command is given up: the other one may be dying
_PAUSE = 5.0  # seconds that a worker waits which cannot run what it was given
_STATE = "yamlmod"


def train(argv: list[str], ready: list[str], gpus: int) -> int:
    """Run a command to its end, with GPUs of its own of those that the worker has."""
    from distributed import Reschedule, get_worker

    worker = get_worker()
    if ready and not _is_fit(worker, ready):
        time.sleep(_PAUSE)
        raise Reschedule()
    cards, environment = _take(worker, gpus), dict(os.environ)
    if cards:
        environment["CUDA_VISIBLE_DEVICES"] = ",".join(cards)
    try:
        return _run(argv, environment)
    finally:
        with _state(worker)["lock"]:
            _state(worker)["cards"] += cards


def _run(argv: list[str], environment: dict[str, str]) -> int:
    end = time.monotonic() + _PATIENCE
    while True:
        # Its standard input is a pipe: it closes with this worker, and a guard ends with it.
        process = subprocess.Popen(
            argv,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        code = process.wait()
        if process.stdin is not None:
            process.stdin.close()
        if code != _LOCKED or time.monotonic() > end:
            return code
        time.sleep(1.0)


def _state(worker: Any) -> dict[str, Any]:
    """Return what is kept on a worker: a lock, its cards that are free, what it is fit for."""
    state: dict[str, Any] = worker.__dict__.setdefault(
        _STATE, {"lock": threading.Lock(), "cards": _cards(worker), "fit": set()}
    )
    return state


def _cards(worker: Any) -> list[str]:
    words = os.environ.get("CUDA_VISIBLE_DEVICES")
    if words is not None:
        return [word for word in words.split(",") if word]
    return [str(number) for number in range(int(_offered(worker)))]


def _offered(worker: Any) -> float:
    return float(worker.state.total_resources.get("GPU", 0))


def _take(worker: Any, gpus: int) -> list[str]:
    if not _offered(worker):  # it has what it was started with
        return []
    state = _state(worker)
    seen = len(_cards(worker))
    if gpus > seen:
        raise RuntimeError(f"this worker offers GPUs, but sees {seen} of the {gpus} for a run")
    while True:
        with state["lock"]:
            if len(state["cards"]) >= gpus:
                taken, state["cards"] = state["cards"][:gpus], state["cards"][gpus:]
                return list(taken)
        time.sleep(0.1)


def _is_fit(worker: Any, ready: list[str]) -> bool:
    key = tuple(ready)
    if key not in _state(worker)["fit"]:
        code, _ = _asked(ready)
        if code:
            return False
        _state(worker)["fit"].add(key)
    return True


def _asked(argv: list[str]) -> tuple[int, str]:
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=600
        )
    except (OSError, subprocess.SubprocessError) as error:
        return 127, str(error)
    text = (done.stdout if b"YAMLMOD" in done.stdout else done.stderr)[-20_000_000:]
    return done.returncode, text.decode("utf-8", "replace")


async def ask(argv: list[str], dask_worker: Any = None) -> dict[str, Any]:
    """Run a command on a worker beside its trainings; say what it offers, too."""
    loop = asyncio.get_running_loop()
    code, text = await loop.run_in_executor(None, _asked, argv)
    if code == 0:
        _state(dask_worker)["fit"].add(tuple(argv))
    return {
        "code": code,
        "text": text,
        "name": str(dask_worker.name),
        "gpus": _offered(dask_worker),
        "cards": len(_cards(dask_worker)),
        "is_pinned": "CUDA_VISIBLE_DEVICES" in os.environ,
        "threads": dask_worker.state.nthreads,
    }


# Pickles name a function by its module, which scheduler and workers do not have; one of `__main__`
# they carry whole.
for _function in (train, ask, _asked, _cards, _is_fit, _offered, _run, _state, _take):
    _function.__module__ = "__main__"
