"""Tests beside one another: torch takes one thread in each process, and the key is no user's."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

import pytest


@pytest.hookimpl(optionalhook=True)  # not every run has xdist
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than cores for `-n auto`: many tests wait for a process they started."""
    return (os.cpu_count() or 1) + 1


# Threads that spin while they wait take a core from the other workers; processes inherit it.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
else:
    # The workers, and the commands that tests start, inherit it.
    os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="yamlmod-state-")
    atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)
