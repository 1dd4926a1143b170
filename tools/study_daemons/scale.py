"""Measure many runs: 5,000 planned and looked at, and 5,000 drained by 200 workers.

The 200 workers are real ones of Dask, with one thread and one GPU each, but `HOSTS` processes hold
all of them: 200 processes do not fit a small machine; their profilers are off. The scheduler is a
process of its own, the client yamlmod's engine; a run is `sleep 1`, a process like a guard.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from tools.study_daemons.dask_trials import DaskCluster
from tools.study_daemons.studies import stub_study, yamlmod
from tools.study_daemons.watch import kill, say

HOSTS = 2
# What each worker does for itself beside its runs; two hundred of them would fill a machine.
_QUIET = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__INTERVAL": "60s",
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "5s",
    "DASK_LOGGING__DISTRIBUTED": "warning",
}
_MOST_SECONDS = 5.0
_LEAST_USE = 0.9


def run_status(home: Path, runs: int) -> bool:
    """Time `study plan` and `study status` for many runs: all waiting, then all done."""
    plan = _plan(home, runs)
    folder = home / "planned"
    waiting = _timed(str(folder))
    done = stub_study(home / "done", runs, 3, 0.0)
    for run in (done / "runs").iterdir():
        _finish(run)
    finished = _timed(str(done))
    for name, (wall, own) in (("plan", plan), ("waiting", waiting), ("done", finished)):
        say(f"{runs:,} runs, {name}: {wall:.1f} s, {own:.1f} s of CPU")
    return all(own <= _MOST_SECONDS for _, own in (waiting, finished))


def run_drain(home: Path, workers: int, runs: int) -> bool:
    """Drain runs of a second; True if the workers were in use for nine tenths of the time."""
    from yamlmod.study.engine import EngineSettings
    from yamlmod.study.engines.dask import Dask

    cluster = DaskCluster(home)
    cluster.start_scheduler()
    words = [sys.executable, "-m", "tools.study_daemons.scale", str(cluster.file)]
    environment = {**os.environ, **_QUIET, "CUDA_VISIBLE_DEVICES": "0"}
    with (home / "hosts.log").open("wb") as log:
        hosts = [
            subprocess.Popen([*words, str(workers // HOSTS)], env=environment, stderr=log)
            for _ in range(HOSTS)
        ]
    options = {"scheduler-file": str(cluster.file)}
    engine = Dask(EngineSettings(home, options=options, say=say))
    try:
        engine.client.wait_for_workers(workers // HOSTS * HOSTS, timeout=240)
        answers = engine.ask(["true"])
        began = time.monotonic()
        started = [engine.submit(["sleep", "1"], 1) for _ in range(runs)]
        submitted = time.monotonic() - began
        for run in started:
            while not run.done():
                time.sleep(0.05)
        took = time.monotonic() - began
        codes = [run.result() for run in started]
    finally:
        engine.stop()
        for host in hosts:
            kill(host.pid)
        cluster.stop()
    use = runs / len(answers) / took
    say(
        f"{len(answers)} workers, {runs:,} runs of a second: {took:.1f} s, {use:.1%} use; "
        f"submitted within {submitted:.1f} s; load {os.getloadavg()[0]:.1f}"
    )
    return use >= _LEAST_USE and codes == [0] * runs


def _plan(home: Path, runs: int) -> tuple[float, float]:
    example = Path("examples").resolve()
    text = (example / "study.yaml").read_text(encoding="utf-8")
    text = text.replace("seeds: 3", f"seeds: {runs // 5}").replace(
        ": minifork", f": {example}/minifork"
    )
    text = text.replace("data: minifork", f"data: {example}/minifork")
    text = text.replace("combine: each", "combine: each\ncontrols: [placebo]")
    (home / "study.yaml").write_text(text, encoding="utf-8")
    words = ("plan", str(home / "study.yaml"), "-o", str(home / "planned"), "--no-run")
    return _clock(*words, "--python", sys.executable)


def _timed(folder: str) -> tuple[float, float]:
    return _clock("status", folder)


def _clock(*words: str) -> tuple[float, float]:
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    yamlmod(*words)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began, own


def _finish(run: Path) -> None:
    """Write what a run leaves that was trained to its end, its lock included."""
    rows = "".join(f"{epoch},.1,.1,.1,.1\n" for epoch in range(3))
    head = "epoch,metrics/precision,metrics/recall,metrics/mAP_0.5,metrics/mAP_0.5:0.95\n"
    (run / "train").mkdir()
    (run / "train" / "results.csv").write_text(head + rows, encoding="utf-8")
    (run / "attempts.jsonl").write_text(
        '{"event": "start", "resumes": false, "log": 0, "at": 1.0, "host": "a", "pid": 1}\n'
        '{"event": "end", "code": 0, "why": "", "at": 2.0, "host": "a", "pid": 1}\n',
        encoding="utf-8",
    )
    (run / "log.txt").write_text("3 epochs completed\n" * 40, encoding="utf-8")
    (run / "lock").write_bytes(b"")
    (run / "holders").mkdir()
    holder = '{"host": "a", "machine": "b", "pid": 1, "beat": "       -1", "open": 0}\n'
    (run / "holders" / "1").write_text(holder, encoding="utf-8")


async def _host(file: str, count: int) -> None:
    from distributed import Worker

    workers = [
        await Worker(
            scheduler_file=file,
            nthreads=1,
            memory_limit=0,
            resources={"GPU": 1},
            dashboard=False,
        )
        for _ in range(count)
    ]
    await asyncio.gather(*(worker.finished() for worker in workers))


def main() -> int:
    parser = argparse.ArgumentParser(description="Hold many workers in one process.")
    parser.add_argument("file")
    parser.add_argument("count", type=int)
    options = parser.parse_args()
    asyncio.run(_host(options.file, options.count))
    return 0


if __name__ == "__main__":
    sys.exit(main())
