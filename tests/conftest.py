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


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from tests.schedule import Scheduling

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
