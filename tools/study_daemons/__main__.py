"""Attack studies on real daemons: Dask and SLURM as processes of this machine (Linux).

    python -m tools.study_daemons dask          needs the extra `dask`
    python -m tools.study_daemons slurm         needs root, slurmctld, slurmd and munge
    python -m tools.study_daemons same          the same study on pool, Dask and SLURM
    python -m tools.study_daemons shared        two machines, one folder: needs root, sshfs and sshd
    python -m tools.study_daemons scale
    python -m tools.study_daemons sample        what CI runs of these, within a minute or two

Each part ends with exit code 1 if something does not hold. `--stub` takes trainings that only wait;
without it minifork is trained.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("dask", "slurm", "same", "shared", "scale", "sample"))
    parser.add_argument("--stub", action="store_true")
    parser.add_argument("--many", type=int, default=200)
    parser.add_argument("--runs", type=int, default=5000, help="of scale")
    parser.add_argument("--only", default="", help="trials of this word")
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="yamlmod-daemons-"))
    holds = _PARTS[options.part](home, options)
    if holds:
        shutil.rmtree(home)
    else:
        sys.stdout.write(f"left for a look: {home}\n")
    return 0 if holds else 1


def _dask(home: Path, options: argparse.Namespace) -> bool:
    from tools.study_daemons.dask_trials import run_dask

    return run_dask(home, options.stub, options.many, options.only)


def _slurm(home: Path, options: argparse.Namespace) -> bool:
    from tools.study_daemons.slurm_cluster import NoSlurm, reason_without
    from tools.study_daemons.slurm_trials import run_slurm

    reason = reason_without()
    if reason:
        sys.stdout.write(f"no SLURM: {reason}\n")
        return False
    try:
        return run_slurm(home, options.stub, options.only)
    except NoSlurm as error:
        sys.stdout.write(f"no SLURM: {error}\n")
        return False


def _same(home: Path, options: argparse.Namespace) -> bool:
    from tools.study_daemons.same import run_same

    return run_same(home, options.stub)


def _shared(home: Path, options: argparse.Namespace) -> bool:
    from tools.study_daemons.shared_trials import reason_without, run_shared

    reason = reason_without()
    if reason:
        sys.stdout.write(f"no shared folder: {reason}\n")
        return False
    return run_shared(home, options.only)


def _scale(home: Path, options: argparse.Namespace) -> bool:
    from tools.study_daemons.scale import run_drain, run_status

    status = "drain" in options.only or run_status(home, options.runs)
    return ("status" in options.only or run_drain(home, 200, options.runs)) and status


def _sample(home: Path, options: argparse.Namespace) -> bool:
    """Run one trial on each engine that can be started here, and say which cannot."""
    from tools.study_daemons.slurm_cluster import NoSlurm, reason_without
    from tools.study_daemons.slurm_trials import run_slurm

    outcomes = []
    if find_spec("distributed") is None:
        sys.stdout.write("no Dask: distributed is not installed; its trials are left out\n")
    else:
        from tools.study_daemons.dask_trials import run_sample

        (home / "dask").mkdir()
        outcomes.append(run_sample(home / "dask"))
    if reason_without():
        sys.stdout.write(f"no SLURM: {reason_without()}; its trials are left out\n")
    else:
        (home / "slurm").mkdir()
        try:
            outcomes.append(run_slurm(home / "slurm", stub=True, only="cancelled"))
        except NoSlurm as error:
            sys.stdout.write(f"no SLURM: its trials are left out. {error}\n")
    return all(outcomes)


_PARTS = {
    "dask": _dask,
    "slurm": _slurm,
    "same": _same,
    "shared": _shared,
    "scale": _scale,
    "sample": _sample,
}

if __name__ == "__main__":
    sys.exit(main())
