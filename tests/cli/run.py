"""Running the command line as a user does: in a process of its own.

Where the environment is the usual one, that process is forked from one that has imported yamlmod
(`prepared.py`). YAMLMOD_TEST_PROCESSES=1 starts Python anew for every run.
"""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.cli.prepared import Prepared, starts_anew

_CAN_FORK = hasattr(os, "fork") and not os.environ.get("YAMLMOD_TEST_PROCESSES")
_TURNS = itertools.count()
_PATIENCE = 300.0  # seconds; a busy machine is no fault


@dataclass(frozen=True)
class Done:
    """What a run left: exit code and the bytes of both streams."""

    code: int
    out: bytes
    err: str


def yamlmod(*arguments: str | Path, cwd: Path, **environment: str) -> Done:
    """Run `python -m yamlmod` in ``cwd``."""
    variables = {**os.environ, **environment}
    if prepared := prepared_for(variables):
        code, out, err = prepared.run([*map(str, arguments)], cwd, variables, _PATIENCE)
        return Done(code, out, err.decode("utf-8", "replace"))
    done = subprocess.run(
        [sys.executable, "-m", "yamlmod", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        check=False,
        timeout=_PATIENCE,
        stdin=subprocess.DEVNULL,
        env=variables,
    )
    return Done(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))


def prepared_for(environment: Mapping[str, str]) -> Prepared | None:
    """Return what forks runs with this environment, None where Python has to start anew."""
    if not _CAN_FORK:
        return None
    # Two that hash differently, in turn: what depends on the order of a set shows.
    prepared = _prepared(next(_TURNS) % 2)
    return None if starts_anew(environment, prepared.environment) else prepared


@functools.cache
def _prepared(seed: int) -> Prepared:
    prepared = Prepared(seed)
    atexit.register(prepared.close)
    return prepared


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return every file below ``folder`` with its bytes, but git's and yamlmod's journal."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not {".git", ".yamlmod"} & set(path.parts)
    }


_SAVE = """
import sys, torch
sys.path.insert(0, sys.argv[1])
from models.yolo import Model
torch.manual_seed(0)
torch.save(Model(sys.argv[2]).state_dict(), "w.pt")
"""


def save_checkpoint(folder: Path, fork: str, cfg: str) -> None:
    """Write ``w.pt`` in ``folder``: the weights of a network that a fork there builds."""
    command = [sys.executable, "-B", "-c", _SAVE, fork, cfg]
    subprocess.run(command, cwd=folder, check=True, timeout=120)
