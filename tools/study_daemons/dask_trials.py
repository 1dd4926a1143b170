"""Attack studies on a Dask cluster of processes on this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tools.study_daemons.studies import driver, stub_study, trial_study
from tools.study_daemons.watch import Watch, all_held, children, kill, say


class DaskCluster:
    """A scheduler and workers, each a process; everything ends with it."""

    def __init__(self, home: Path, tls: Sequence[str] = ()) -> None:
        self.home = home
        self.tls = tls
        self.file = home / "scheduler.json"
        self.port = _free_port()
        # Scheduler and workers must do without yamlmod.
        self.hidden = home / "hidden"
        (self.hidden / "yamlmod").mkdir(parents=True)
        text = 'raise ImportError("there is no yamlmod here")\n'
        (self.hidden / "yamlmod" / "__init__.py").write_text(text, encoding="utf-8")
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def words(self) -> list[str]:
        return ["--engine", "dask", "--scheduler-file", str(self.file)]

    def start_scheduler(self) -> None:
        self.file.unlink(missing_ok=True)
        where = ["--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard", *self.tls]
        self._start("scheduler", [*where, "--scheduler-file", str(self.file)])
        while not self.file.exists():
            time.sleep(0.1)

    def start_worker(self, number: int, more: dict[str, str] | None = None) -> None:
        words = ["--scheduler-file", str(self.file), "--nthreads", "1", "--memory-limit", "0"]
        words += ["--no-dashboard", "--name", f"w{number}", "--resources", "GPU=1"]
        words += [*(["--no-nanny"] if number else []), *self.tls]
        pinned = {"CUDA_VISIBLE_DEVICES": str(number), **(more or {})}
        self._start("worker", words, f"worker{number}", pinned)

    def kill(self, name: str) -> None:
        """Kill a process, and with a worker's nanny also the worker."""
        process = self.processes[name]
        for number in [process.pid, *children(process.pid)]:
            kill(number)
        process.wait()

    def kill_worker_alone(self, name: str) -> None:
        """Kill a worker; its nanny starts another one."""
        for number in children(self.processes[name].pid):
            words = Path(f"/proc/{number}/cmdline").read_bytes()
            if b"spawn_main" in words:
                kill(number)

    def stop(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for name, process in self.processes.items():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill(name)

    def _start(
        self, kind: str, words: list[str], name: str = "", extra: dict[str, str] | None = None
    ) -> None:
        with (self.home / f"{name or kind}.log").open("ab") as log:
            paths = [str(self.hidden), *(extra or {}).get("PYTHONPATH", "").split()]
            self.processes[name or kind] = subprocess.Popen(
                [sys.executable, "-m", "dask", kind, *words],
                env={**os.environ, **(extra or {}), "PYTHONPATH": os.pathsep.join(paths)},
                cwd=self.home,
                stdout=log,
                stderr=log,
            )


def run_dask(home: Path, stub: bool, many: int, only: str = "") -> bool:
    """Run all trials, one after the other, on one cluster; True if all hold."""
    import distributed

    say(f"distributed {distributed.__version__}, Python {sys.version.split()[0]}")
    cluster = DaskCluster(home)
    cluster.start_scheduler()
    for number in (0, 1):
        cluster.start_worker(number)
    trials = (_worker_killed, _client_killed, _scheduler_restarted, _late_worker, _unfit_worker)
    try:
        outcomes = [trial(cluster, home, stub) for trial in trials if only in trial.__name__]
        outcomes += [_with_tls(home)] if only in "_with_tls" else []
        outcomes += [_many(cluster, home, many)] if many and only in "_many" else []
        return all_held(outcomes, only)
    finally:
        cluster.stop()


def run_sample(home: Path) -> bool:
    """Kill one worker, and run some short runs: the least that can fail."""
    cluster = DaskCluster(home)
    cluster.start_scheduler()
    for number in (0, 1):
        cluster.start_worker(number)
    try:
        folder = stub_study(home / "sample", 3, 10, 0.5)
        watch = Watch("a worker killed", folder)
        client = driver(folder, cluster.words)
        watch.wait_for_epochs(2)
        cluster.kill("worker1")
        _wait_for_client(watch, client)
        return watch.finish(kills=1) & _many(cluster, home, 20)
    finally:
        cluster.stop()


def _with_tls(home: Path) -> bool:
    """Run a study as docs/engines.md says for TLS; a client without certificates is refused."""
    home = home / "tls"
    home.mkdir()
    key, certificate = home / "key.pem", home / "cert.pem"
    words = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=study"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", *words, *files], check=True, capture_output=True)
    ca = ["--tls-ca-file", str(certificate)]
    own = ["--tls-cert", str(certificate), "--tls-key", str(key)]
    cluster = DaskCluster(home, ["--protocol", "tls", *ca, *own])
    cluster.start_scheduler()
    for number in (0, 1):
        cluster.start_worker(number)
    try:
        folder = stub_study(home / "study", 3, 5, 0.2)
        watch = Watch("TLS", folder)
        without = driver(folder, cluster.words)
        if without.wait(120) == 0 or watch.most:
            watch.problems.append("a client without certificates was let in")
        log = folder.with_name("study.log")
        told = log.read_text(encoding="utf-8")
        if "error[" not in told or "Traceback" in told:
            watch.problems.append(f"it was told: {told[-200:]}")
        log.unlink()
        prefix = "DASK_DISTRIBUTED__COMM__TLS__"
        more = {f"{prefix}CA_FILE": str(certificate), f"{prefix}CLIENT__CERT": str(certificate)}
        _wait_for_client(
            watch, driver(folder, cluster.words, {**more, f"{prefix}CLIENT__KEY": str(key)})
        )
        if "warning" in log.read_text(encoding="utf-8"):
            watch.problems.append("there was a warning of an open port")
        return watch.finish(kills=0, starts=1)
    finally:
        cluster.stop()


def _worker_killed(cluster: DaskCluster, home: Path, stub: bool) -> bool:
    folder = trial_study(home / "worker", stub)
    watch = Watch("a worker killed with its nanny, then one alone", folder)
    client = driver(folder, cluster.words)
    watch.wait_for_epochs(2)
    before = set(watch.trainings())
    cluster.kill("worker1")
    began = time.monotonic()
    watch.wait("an end of the killed worker's training", lambda: len(watch.trainings()) <= 1, 30)
    watch.notes.append(f"its training ended within {time.monotonic() - began:.1f} s")
    cluster.start_worker(1)
    watch.wait("another training", lambda: set(watch.trainings()) - before)
    watch.wait_for_epochs(2)
    cluster.kill_worker_alone("worker0")
    _wait_for_client(watch, client)
    watch.notes.append(f"GPUs seen: {', '.join(sorted(watch.gpus))}")
    if set(watch.gpus) - {"", "0", "1"} or not {"0", "1"} <= set(watch.gpus):
        watch.problems.append(f"wrong GPUs: {dict(watch.gpus)}")
    return watch.finish(kills=2)


def _client_killed(cluster: DaskCluster, home: Path, stub: bool) -> bool:
    folder = trial_study(home / "client", stub)
    watch = Watch("the client killed and back", folder)
    client = driver(folder, cluster.words)
    watch.wait_for_epochs(1)
    kill(client.pid)
    client.wait()
    time.sleep(3.0)
    if not watch.trainings():
        watch.problems.append("the trainings ended with the client")
    _wait_for_client(watch, driver(folder, cluster.words))
    return watch.finish(kills=0, starts=1)


def _scheduler_restarted(cluster: DaskCluster, home: Path, stub: bool) -> bool:
    # Longer than the half minute that a worker waits for what it runs before it ends.
    folder = stub_study(home / "restart", 4, 60, 1.0)
    watch = Watch("the scheduler killed and started again", folder)
    client = driver(folder, cluster.words)
    watch.wait("two trainings", lambda: len(watch.trainings()) == 2)
    watch.wait_for_epochs(2)
    cluster.kill("scheduler")
    # Workers end without their scheduler; where they run as services they are started again.
    for name in ("worker0", "worker1"):
        watch.wait(f"an end of {name}", lambda: cluster.processes[name].poll() is not None, 120)  # noqa: B023
    watch.wait("an end of its trainings", lambda: not watch.trainings(), 60)
    cluster.start_scheduler()
    for number in (0, 1):
        cluster.start_worker(number)
    _wait_for_client(watch, client)
    starts = [path.read_text().count('"start"') for path in folder.glob("runs/*/attempts.jsonl")]
    if sum(starts) < 6:
        watch.problems.append(f"{sum(starts)} starts: nothing was cut off")
    return watch.finish(kills=2)


def _late_worker(cluster: DaskCluster, home: Path, stub: bool) -> bool:
    cluster.kill("worker1")
    folder = trial_study(home / "late", stub)
    watch = Watch("a worker that joins late", folder)
    client = driver(folder, cluster.words)
    watch.wait_for_epochs(1)
    if watch.most > 1:
        watch.problems.append("one worker ran two trainings")
    cluster.start_worker(1)
    _wait_for_client(watch, client)
    if watch.most != 2 or "1" not in watch.gpus:
        watch.problems.append("the late worker was given nothing")
    return watch.finish(kills=0, starts=1)


def _unfit_worker(cluster: DaskCluster, home: Path, stub: bool) -> bool:
    """Let a worker join late whose torch is another one; then start a study with it."""
    cluster.kill("worker1")
    info = home / "other" / "torch-0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 0.1\n")
    folder = stub_study(home / "unfit", 4, 30, 0.5)
    watch = Watch("a worker with another torch that joins late", folder)
    client = driver(folder, cluster.words)
    watch.wait_for_epochs(1)
    cluster.start_worker(1, {"PYTHONPATH": str(info.parent)})
    _wait_for_client(watch, client)
    if "1" in watch.gpus:
        watch.problems.append("it was given a run")
    second = stub_study(home / "refused", 1, 1, 0.0)
    code = driver(second, cluster.words).wait(120)
    text = second.with_name("refused.log").read_text()
    if code != 2 or "torch is" not in text or (second / "versions.json").exists():
        watch.problems.append(f"a study with it from the start: exit code {code}: {text}")
    return watch.finish(kills=0, starts=1)


def _many(cluster: DaskCluster, home: Path, many: int) -> bool:
    folder = stub_study(home / "many", many, 1, 0.0)
    watch = Watch(f"{many} short runs", folder)
    began = time.monotonic()
    _wait_for_client(watch, driver(folder, cluster.words), 1200)
    watch.notes.append(f"{time.monotonic() - began:.0f} s")
    return watch.finish(kills=0, starts=1)


def _wait_for_client(watch: Watch, client: subprocess.Popen[bytes], seconds: float = 600) -> None:
    if watch.wait("an end of the client", lambda: client.poll() is not None, seconds):
        if client.returncode:
            watch.problems.append(f"the client exits with {client.returncode}")
    else:
        kill(client.pid)


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])
