"""Tests beside one another: torch takes one thread in each process, and the key is no user's."""

from __future__ import annotations

import atexit
import compileall
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

import yamlmod


@pytest.hookimpl(optionalhook=True)  # not every run has xdist
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than cores for `-n auto`: many tests wait for a process they started."""
    return (os.cpu_count() or 1) + 1


# What their fixtures make takes long, so each of these stays in one worker. (The marks of xdist do
# nothing with pytest 9.2, where a test's id can no longer be changed.)
_TOGETHER = {
    "tests/cli/test_layer_numbers.py",
    "tests/runtime/test_branches_of_forks.py",
    "tests/runtime/test_remap.py",
    "tests/runtime/test_verify.py",
    "tests/test_main_job.py",
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return file if file in _TOGETHER else nodeid

    return Scheduling(config, log)


# Threads that spin while they wait take a core from the other workers; processes inherit it.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# yamlmod is compiled once, as an installation is, or each of some thousand processes would compile
# it; beyond that no process leaves a compiled file in a fork.
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
else:
    compileall.compile_dir(Path(yamlmod.__file__).parent, quiet=2)
    # The workers, and the commands that tests start, inherit it.
    os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="yamlmod-state-")
    atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)
