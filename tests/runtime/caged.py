"""Runs a piece of Python under yamlmod's protection and says what became of it, as JSON.

A process of its own, so that a test can take from it what a machine may not have.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from yamlmod.runtime.launch import NotStarted, Task, launch

_ROOT = Path(__file__).parents[2]


class Caged(NamedTuple):
    """How it was protected, what it printed, and its exit code."""

    protection: dict[str, Any]
    out: str
    code: int | None


def caged(
    code: str,
    fork: Path,
    home: Path,
    level: str = "all",
    before: Sequence[str] = (),
    out: Path | None = None,
    **more: str,
) -> Caged:
    """Run ``code``; ``before`` is a command that runs the rest in an environment of its own."""
    words = [sys.executable, "-m", "tests.runtime.caged", code, str(fork), str(out or "")]
    environment = {**os.environ, "HOME": str(home), "YAMLMOD_PROTECTION": level, **more}
    done = subprocess.run(
        [*before, *words], cwd=_ROOT, env=environment, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return Caged(*json.loads(done.stdout))


def main() -> None:
    """Be the process of its own."""
    code, fork, out = sys.argv[1:]
    command = [sys.executable, "-c", code]
    task = Task(command, Path(fork), Path(fork), {**os.environ}, Path(out) if out else None)
    try:
        process = launch(task)
    except NotStarted as error:
        print(json.dumps([{}, str(error), None]))
        return
    text = process.streams[1].read().decode()
    process.wait(5.0)
    print(json.dumps([process.protection.as_data(), text, process.end()]))


if __name__ == "__main__":
    main()
