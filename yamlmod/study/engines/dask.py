"""Dask: one task a run, on the workers of a scheduler; tasks go on when the client ends."""

from __future__ import annotations

import hashlib
import json
import re
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yamlmod.errors import Refusal
from yamlmod.study import dask_task
from yamlmod.study.commands import carried_guard
from yamlmod.study.engine import EngineKind, EngineSettings, WorkerAnswer
from yamlmod.workspace.disk import read_regular

if TYPE_CHECKING:
    from distributed import Client, Future

_PATIENCE = 20.0  # seconds until a scheduler is there, at first
_RESTART = 600.0  # and later, when it may be restarted
_EVERY = 30.0  # seconds between two words on what is waited for
_OPEN = """\
the scheduler at {} takes code from all who reach its port, and nothing is encrypted:
  use TLS, or a tunnel (docs/engines.md)"""


class DaskRun:
    """One command on the cluster."""

    def __init__(self, future: Future, say: Callable[[str], None]) -> None:
        self.future = future
        self.say = say

    def done(self) -> bool:
        return bool(self.future.done())

    def result(self) -> int | None:
        status = self.future.status
        if status == "finished":
            return int(self.future.result())
        if status == "error":
            error = self.future.exception()
            self.say(f"{self.future.key}: {type(error).__name__}: {error}"[:300])
            return 1
        return None  # lost or cancelled, with its scheduler


class Dask:
    """The client of one scheduler."""

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.ready: list[str] = []
        self.has_gpus = False
        self.counts: dict[str, int] = {}
        self.client = self._connect(_PATIENCE)
        address = str(self.client.scheduler.address)
        if address.startswith("tcp://") and not _is_local(address):
            settings.say("warning: " + _OPEN.format(address))

    def ask(self, argv: Sequence[str]) -> list[WorkerAnswer]:
        self.ready = list(argv)
        self._wait_for_workers()
        found = self.client.run(dask_task.ask, self.ready, on_error="return")
        answers = {worker: _answer(answer) for worker, answer in sorted(found.items())}
        _refuse_shared_cards(answers)
        self.has_gpus = any(answer["gpus"] for answer in answers.values())
        for worker, answer in answers.items():
            if answer["threads"] > 1 and not answer["gpus"]:
                self.settings.say(
                    f"warning: {worker} trains {answer['threads']} runs at once; "
                    "--nthreads 1 makes it one"
                )
        return [
            WorkerAnswer(f"{worker} ({answer['name']})", answer["code"], answer["text"])
            for worker, answer in answers.items()
        ]

    def submit(self, argv: Sequence[str], gpus: int) -> DaskRun:
        from distributed import fire_and_forget

        if self.client.status != "running":
            # What is handed in while it connects again by itself would be lost each time anew.
            self.client.close(timeout=1)
            self.client = self._connect(_RESTART)
        # The same command has the same key: a second client attaches to the first one's task.
        digest = hashlib.sha256("\0".join([*argv, *self.ready]).encode()).hexdigest()[:16]
        count = self.counts[digest] = self.counts.get(digest, 0) + 1
        future = self.client.submit(
            dask_task.train,
            list(argv),
            self.ready,
            gpus,
            key=f"yamlmod-{digest}" + (f"-{count}" if count > 1 else ""),
            resources={"GPU": gpus} if self.has_gpus else None,
            pure=False,
        )
        fire_and_forget(future)
        return DaskRun(future, self.settings.say)

    def stop(self) -> None:
        self.client.close()

    def _connect(self, patience: float) -> Client:
        try:
            import dask

            # Before distributed is imported: it would write into the lines of this command.
            dask.config.set({"logging": {"distributed": "critical"}})
            from distributed import Client
        except ImportError as error:
            raise Refusal(
                "no-dask",
                f"the engine dask needs distributed, which cannot be imported: {error}",
                hint='pip install "yolo-yamlmod[dask]", the version of the workers',
            ) from None
        warnings.filterwarnings("ignore", module="distributed")
        options = self.settings.options
        address, file = options.get("scheduler", ""), options.get("scheduler-file", "")
        if bool(address) == bool(file):
            raise Refusal(
                "usage",
                "the engine dask is given --scheduler ADDRESS or --scheduler-file FILE",
                hint="`dask scheduler` prints its address when it starts",
            )
        end, said = time.monotonic() + patience, 0.0
        while True:
            try:
                # By its address: for a missing file distributed would wait for ever.
                where = address or _address_in(Path(file))
                return Client(where, timeout=5, set_as_default=False)
            except (OSError, ValueError, TimeoutError) as error:
                if time.monotonic() > end or not isinstance(error, OSError):
                    raise _no_scheduler(address or file, error) from None
            if time.monotonic() > said + _EVERY and patience > _PATIENCE:
                said = time.monotonic()
                self.settings.say("the scheduler does not answer; trying again")
            time.sleep(1.0)

    def _wait_for_workers(self) -> None:
        said = 0.0
        while not self.client.scheduler_info(n_workers=-1)["workers"]:
            if time.monotonic() > said + _EVERY:
                said = time.monotonic()
                self.settings.say("the scheduler has no worker yet; waiting for one")
            time.sleep(0.5)


def _address_in(path: Path) -> str:
    """Return the address in the file of a scheduler. Raises ValueError where there is none."""
    data = json.loads(read_regular(path))
    if not isinstance(data, dict) or not isinstance(data.get("address"), str):
        raise ValueError("the file holds no address of a scheduler")
    return str(data["address"])


def _answer(answer: Any) -> dict[str, Any]:
    if isinstance(answer, dict):
        return answer
    text = f"{type(answer).__name__}: {answer}"
    return {
        "code": 1,
        "text": text,
        "name": "",
        "gpus": 0,
        "threads": 1,
        "cards": 0,
        "is_pinned": 0,
    }


def _refuse_shared_cards(answers: dict[str, dict[str, Any]]) -> None:
    """Raise Refusal where two trainings would be given one GPU."""
    hosts: dict[str, list[str]] = {}
    for worker, answer in answers.items():
        if not answer["gpus"]:
            continue
        if answer["cards"] < answer["gpus"]:
            raise _gpus(f"{worker} offers GPU={answer['gpus']:g} and sees {answer['cards']}")
        if not answer["is_pinned"]:
            hosts.setdefault(worker.rpartition(":")[0], []).append(worker)
    for workers in hosts.values():
        if len(workers) > 1:
            raise _gpus(f"{' and '.join(workers[:2])} are on one machine and would share a GPU")


def _gpus(message: str) -> Refusal:
    return Refusal(
        "gpus-shared", message, hint="start each worker with CUDA_VISIBLE_DEVICES=0, =1, and so on"
    )


def _is_local(address: str) -> bool:
    host = address.partition("://")[2].rpartition(":")[0].strip("[]")
    return host in ("localhost", "::1") or re.fullmatch(r"127(\.\d+){3}", host) is not None


def _no_scheduler(name: str, error: BaseException) -> Refusal:
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return Refusal(
        "no-scheduler",
        f"no Dask scheduler at {name[:200]}: {reason}",
        hint="start one with `dask scheduler`, and workers with `dask worker`",
    )


ENGINE = EngineKind(Dask, carried_guard, stays=True, options=("scheduler", "scheduler-file"))
