"""File changes as one unified diff."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from yamlmod.report.diff import join_diffs
from yamlmod.workspace.files import FileChange, real_path


def diff_of(changes: Iterable[FileChange], base: Path) -> bytes:
    """Return the diff of all files, named relative to ``base`` where they are in it."""
    return join_diffs((_name(change.path, base), change.before, change.after) for change in changes)


def _name(path: Path, base: Path) -> str:
    full = real_path(path)
    inside = full.is_relative_to(base)
    return full.relative_to(base).as_posix() if inside else full.as_posix().lstrip("/")
