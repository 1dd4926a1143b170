"""Attack studies on a SLURM of two nodes on this machine."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from tools.study_daemons.slurm_cluster import SlurmCluster
from tools.study_daemons.studies import driver, stub_study, trial_study, yamlmod
from tools.study_daemons.watch import Watch, all_held, kill, parent, processes, say, variable

WORDS = ["--engine", "slurm", "--gres", "gpu:1", "--partition", "main"]


def run_slurm(home: Path, stub: bool, only: str = "") -> bool:
    """Run all trials, or those with a word in their name; True if all hold."""
    cluster = SlurmCluster(home)
    say(cluster.call("sinfo", "--version").strip() or "slurm")
    cluster.start()
    say(cluster.call("sinfo", "--version").strip())
    trials = [
        _array,
        _cancelled,
        _requeued,
        _client_killed,
        _node_killed,
        _node_crashed,
        _time_limit,
        *([_dask_workers] if find_spec("distributed") else []),
    ]
    chosen = [trial for trial in trials if only in trial.__name__]
    try:
        outcomes = [trial(cluster, home, stub) for trial in chosen]
        return all_held(outcomes, only)
    finally:
        cluster.stop()


def _array(cluster: SlurmCluster, home: Path, stub: bool) -> bool:
    folder = trial_study(home / "array", stub)
    watch = Watch("an array by `study run`, then the exported script", folder)
    _wait_for_client(watch, driver(folder, WORDS))
    if set(watch.gpus) - {"0", ""} or watch.most != 2:
        watch.problems.append(f"GPUs {dict(watch.gpus)}, {watch.most} at once")
    words = yamlmod("export", str(folder), "--slurm", "--gres", "gpu:1", "--array-limit", "2")
    cluster.call(*words.split())
    watch.wait("an empty queue", lambda: not cluster.call("squeue", "-h").strip())
    logs = list((folder / "runs").glob("*/job.log"))
    if len(logs) != 4:
        watch.problems.append(f"{len(logs)} logs of jobs")
    return watch.finish(kills=0, starts=1)


def _dask_workers(cluster: SlurmCluster, home: Path, stub: bool) -> bool:
    """Submit the recipe of docs/engines.md: a Dask scheduler and its workers as SLURM jobs.

    With one element: both nodes are this machine, and two workers that see one card are refused.
    """
    folder = home / "recipe"
    folder.mkdir()
    page = (Path(__file__).parents[2] / "docs" / "engines.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(#!/bin/bash\n.*?)```", page, re.DOTALL)
    [text] = [block for block in blocks if "--job-name=dask" in block]
    here = {
        "--array=0-7": "--array=0-0",
        "--cpus-per-task=4": "--cpus-per-task=1",
        "/shared/lab/study": str(folder),
        ".venv/bin/dask": f"{sys.executable} -m dask",
    }
    for old, new in here.items():
        assert old in text, old
        text = text.replace(old, new)
    script = folder / "dask.sh"
    script.write_text(text, encoding="utf-8")
    log = f"--output={folder}/job.log"
    job = cluster.call("sbatch", "--parsable", log, str(script)).strip()
    study = stub_study(home / "recipe-study", 3, 5, 0.2)
    watch = Watch("the recipe for Dask workers", study)
    file = folder / "scheduler.json"
    watch.wait("a scheduler", file.exists)
    _wait_for_client(watch, driver(study, ["--engine", "dask", "--scheduler-file", str(file)]))
    cluster.call("scancel", job)
    watch.wait("an empty queue", lambda: not cluster.call("squeue", "-h").strip())
    return watch.finish(kills=0, starts=1)


def _cancelled(cluster: SlurmCluster, home: Path, stub: bool) -> bool:
    folder = trial_study(home / "cancel", stub)
    watch = Watch("cancelled and submitted again", folder)
    client = driver(folder, WORDS)
    watch.wait_for_epochs(2)
    for job in sorted({word.partition("_")[0] for word in _queue(cluster)}):
        cluster.call("scancel", job)
    _wait_for_client(watch, client)
    watch.wait("an end of its trainings", lambda: not watch.trainings(), 30)
    _wait_for_client(watch, driver(folder, WORDS))
    return watch.finish(kills=2)


def _requeued(cluster: SlurmCluster, home: Path, stub: bool) -> bool:
    folder = stub_study(home / "requeue", 4, 60, 1.0)
    watch = Watch("requeued while it trained", folder)
    client = driver(folder, WORDS)
    watch.wait_for_epochs(2)
    running = cluster.call("squeue", "-h", "-r", "-t", "R", "-o", "%F_%K").split()
    for element in running:
        cluster.call("scontrol", "requeue", element)
    _wait_for_client(watch, client)
    starts = sum(_starts(path) for path in folder.glob("runs/*/attempts.jsonl"))
    watch.notes.append(f"{len(running)} requeued")
    if not running or starts != 4 + len(running):
        watch.problems.append(f"{starts} starts for {len(running)} requeued")
    return watch.finish(kills=len(running))


def _client_killed(cluster: SlurmCluster, home: Path, stub: bool) -> bool:
    folder = trial_study(home / "client", stub)
    watch = Watch("the client killed and back", folder)
    client = driver(folder, WORDS)
    watch.wait_for_epochs(1)
    kill(client.pid)
    client.wait()
    _wait_for_client(watch, driver(folder, WORDS))
    lists = list((folder / "slurm").glob("runs-*.txt"))
    if len(lists) != 1:
        watch.problems.append(f"it was submitted {len(lists)} times")
    return watch.finish(kills=0, starts=1)


def _node_killed(cluster: SlurmCluster, home: Path, stub: bool) -> bool:
    folder = trial_study(home / "node", stub)
    watch = Watch("a slurmd killed", folder)
    client = driver(folder, WORDS)
    watch.wait_for_epochs(2)
    cluster.kill_node("n1")
    watch.wait("the node to be down", lambda: "down" in cluster.call("sinfo", "-h", "-o", "%t"))
    cluster.start_node("n1")
    _wait_for_client(watch, client)
    return watch.finish(kills=1)


def _node_crashed(cluster: SlurmCluster, home: Path, stub: bool) -> bool:
    folder = stub_study(home / "crash", 4, 60, 1.0)
    watch = Watch("a node that crashes with all that it runs", folder)
    client = driver(folder, WORDS)
    watch.wait("two trainings", lambda: len(watch.trainings()) == 2)
    watch.wait_for_epochs(2)
    numbers = [number for number in processes() if variable(number, "SLURMD_NODENAME") == "n1"]
    steps = {parent(number) for number in numbers} - set(numbers)
    cluster.kill_node("n1")
    for number in [*(step for step in steps if _is_step(step)), *numbers]:
        kill(number)
    watch.notes.append(f"{len(numbers)} processes killed")
    watch.wait("the node to be down", lambda: "down" in cluster.call("sinfo", "-h", "-o", "%t"))
    cluster.start_node("n1")
    _wait_for_client(watch, client)
    starts = sum(_starts(path) for path in folder.glob("runs/*/attempts.jsonl"))
    if starts != 5:
        watch.problems.append(f"{starts} starts")
    return watch.finish(kills=1)


def _is_step(number: int) -> bool:
    """Check for slurmstepd, which would report an end that a crash does not."""
    try:
        return b"slurmstepd" in Path(f"/proc/{number}/cmdline").read_bytes()
    except OSError:
        return False


def _starts(path: Path) -> int:
    return path.read_text(encoding="utf-8").count('"start"')


def _time_limit(cluster: SlurmCluster, home: Path, stub: bool) -> bool:
    folder = stub_study(home / "limit", 2, 80, 2.0)  # 160 s; the limit is at two minutes
    watch = Watch("a time limit, with its signal", folder)
    words = [*WORDS, "--time", "00:02:00", "--grace", "30"]
    _wait_for_client(watch, driver(folder, words), 900)
    texts = [path.read_text() for path in folder.glob("runs/*/attempts.jsonl")]
    if not all("asked to stop at a checkpoint" in text for text in texts):
        watch.problems.append("not every run was stopped at a checkpoint")
    return watch.finish(kills=0)


def _queue(cluster: SlurmCluster) -> list[str]:
    return cluster.call("squeue", "-h", "-r", "-o", "%F_%K").split()


def _wait_for_client(watch: Watch, client: subprocess.Popen[bytes], seconds: float = 600) -> None:
    if watch.wait("an end of the client", lambda: client.poll() is not None, seconds):
        if client.returncode:
            watch.problems.append(f"the client exits with {client.returncode}")
    else:
        kill(client.pid)
