"""Processes on this machine, as many at once as there are GPUs: the default."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from yamlmod.study.commands import guarded
from yamlmod.study.engine import EngineKind, EngineSettings
from yamlmod.study.interrupts import held_interrupts


class Pool:
    """Runs commands here; each gets GPUs of its own by `CUDA_VISIBLE_DEVICES`.

    A command's standard input is a pipe: it closes with this process, and a guard ends with it.
    """

    def __init__(self, jobs: int, gpus: Sequence[str] = ()) -> None:
        self._executor = ThreadPoolExecutor(max_workers=jobs)
        self._free = list(gpus)
        self._has_gpus = bool(gpus)
        self._change = threading.Condition()
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def submit(self, argv: Sequence[str], gpus: int) -> Future[int | None]:
        with held_interrupts():
            return self._executor.submit(self._run, list(argv), gpus)

    def stop(self) -> None:
        with held_interrupts(), self._change:
            self._stopped = True
            self._change.notify_all()
            for process in self._processes:
                if process.stdin is not None:
                    process.stdin.close()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _run(self, argv: list[str], gpus: int) -> int:
        taken = self._take(gpus)
        if taken is None:
            return 1
        try:
            process = self._start(argv, taken)
            return 1 if process is None else self._wait(process)
        finally:
            with self._change:
                self._free += taken
                self._change.notify_all()

    def _take(self, gpus: int) -> list[str] | None:
        """Wait for free GPUs; None where the pool is stopped meanwhile."""
        if not self._has_gpus:
            return None if self._stopped else []
        with self._change:
            self._change.wait_for(lambda: self._stopped or len(self._free) >= gpus)
            if self._stopped:
                return None
            taken, self._free = self._free[:gpus], self._free[gpus:]
            return taken

    def _start(self, argv: list[str], gpus: list[str]) -> subprocess.Popen[bytes] | None:
        environment = dict(os.environ)
        if gpus:
            environment["CUDA_VISIBLE_DEVICES"] = ",".join(gpus)
        with self._change:  # a stop comes before or after a start, never in between
            if self._stopped:
                return None
            process = subprocess.Popen(
                argv,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # Ctrl-C is for the driver, which ends its guards in order.
                start_new_session=sys.platform != "win32",
            )
            self._processes.add(process)
        return process

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        try:
            return process.wait()
        finally:
            with self._change:
                self._processes.discard(process)


def _start(settings: EngineSettings) -> Pool:
    return Pool(settings.jobs or max(1, len(settings.gpus)), settings.gpus)


ENGINE = EngineKind(_start, guarded)
