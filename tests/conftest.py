"""Tests beside one another: torch takes one thread in each process, and the key is no user's."""

from __future__ import annotations

import atexit
import compileall
import contextlib
import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

import yamlmod


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave slow tests out where all are asked for; `.ci/run` runs them by `-m slow`."""
    if _asks_for_all(config) and not (config.option.markexpr or os.environ.get("YAMLMOD_TEST_ALL")):
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("slow")]


def _asks_for_all(config: pytest.Config) -> bool:
    folder = Path(__file__).parent
    return any(Path(arg).resolve() == folder for arg in config.args)


@pytest.hookimpl(optionalhook=True)  # not every run has xdist
def pytest_xdist_auto_num_workers() -> int:
    """Two workers more than cores for `-n auto`: many tests wait for a process they started.

    With one more, two cores were in use for 73 % of the time.
    """
    return (os.cpu_count() or 1) + 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from tests.schedule import Scheduling

    return Scheduling(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Let each worker begin at another file: what pytest makes of one, the next finds in a cache.

    To rewrite the asserts of two hundred files is half of the collection.
    """
    worker = getattr(session.config, "workerinput", None)
    folder = Path(__file__).parent
    if worker is None or not _asks_for_all(session.config):
        return (yield)
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, False
    try:
        names = [
            ".".join(path.relative_to(folder.parent).with_suffix("").parts)
            for path in sorted(folder.rglob("test_*.py"))
        ]
        first = int(worker["workerid"][2:]) * len(names) // worker["workercount"]
        for name in (*names[first:], *names[:first]):
            # What cannot be imported is reported by the collection itself.
            with contextlib.suppress(Exception, pytest.skip.Exception):
                importlib.import_module(name)
        return (yield)
    finally:
        sys.dont_write_bytecode = kept


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
