"""Attack studies on real daemons: Dask and SLURM as processes of this machine (Linux).

    python -m tools.study_daemons dask          needs the extra `dask`
    python -m tools.study_daemons slurm         needs root, slurmctld, slurmd and munge
    python -m tools.study_daemons same          the same study on pool, Dask and SLURM
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
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("dask", "slurm", "same", "scale", "sample"))
    parser.add_argument("--stub", action="store_true")
    parser.add_argument("--many", type=int, default=200)
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

    return run_dask(home, options.stub, options.many)


def _slurm(home: Path, options: argparse.Namespace) -> bool:
    from tools.study_daemons.slurm_cluster import reason_without
    from tools.study_daemons.slurm_trials import run_slurm

    reason = reason_without()
    if reason:
        sys.stdout.write(f"no SLURM: {reason}\n")
        return False
    return run_slurm(home, options.stub, options.only)


_PARTS = {"dask": _dask, "slurm": _slurm}

if __name__ == "__main__":
    sys.exit(main())
