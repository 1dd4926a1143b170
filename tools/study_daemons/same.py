"""Train the same study on pool, Dask and SLURM, and compare the reports."""

from __future__ import annotations

import shutil
from pathlib import Path

from tools.study_daemons.dask_trials import DaskCluster
from tools.study_daemons.slurm_cluster import SlurmCluster, reason_without
from tools.study_daemons.slurm_trials import WORDS
from tools.study_daemons.studies import driver, minifork_study, stub_study, yamlmod
from tools.study_daemons.watch import say


def run_same(home: Path, stub: bool) -> bool:
    """Compare every report with that of the pool, byte for byte."""
    reports: dict[str, str] = {}

    def train(name: str, words: list[str]) -> None:
        # In one place, so that paths are the same, too; moved away when it is done.
        folder = home / "study"
        plan = stub_study(folder, 4, 5, 0.1) if stub else minifork_study(folder, 2)
        code = driver(plan, words).wait(1200)
        reports[name] = yamlmod("report", str(plan), "--format", "json")
        reports[name] += yamlmod("report", str(plan))
        say(f"{name}: exit code {code}, {reports[name].count('mAP')} mentions of mAP")
        plan.rename(home / name)
        shutil.rmtree(home / "study-of", ignore_errors=True)

    train("pool", ["--jobs", "2"])
    cluster = DaskCluster(home)
    cluster.start_scheduler()
    cluster.start_worker(0)
    cluster.start_worker(1)
    try:
        train("dask", cluster.words)
    finally:
        cluster.stop()
    reason = reason_without()
    if reason:
        say(f"no SLURM: {reason}")
    else:
        (home / "slurmd").mkdir()
        slurm = SlurmCluster(home / "slurmd")
        slurm.start()
        try:
            train("slurm", WORDS)
        finally:
            slurm.stop()
    equal = all(text == reports["pool"] for text in reports.values())
    say(f"{', '.join(reports)}: the reports are {'the same' if equal else 'DIFFERENT'}")
    return equal and "mAP" in reports["pool"]
