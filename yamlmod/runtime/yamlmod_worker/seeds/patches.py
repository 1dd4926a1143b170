"""Replace what a training would use, and put it back after the trial."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any, Iterator


@contextlib.contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Give an attribute another value until the end of the block."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextlib.contextmanager
def process_kept() -> Iterator[None]:
    """Undo what a training script does to the process: arguments, paths, folder, environment."""
    argv, words, path, entries = sys.argv, sys.argv[:], sys.path, sys.path[:]
    folder, environment = os.getcwd(), dict(os.environ)
    try:
        yield
    finally:
        sys.argv, sys.path = argv, path
        sys.argv[:], sys.path[:] = words, entries
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
