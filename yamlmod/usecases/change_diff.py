"""File changes as one unified diff."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from yamlmod.report.diff import join_diffs
from yamlmod.workspace.files import FileChange, real_path


def diff_of(changes: Iterable[FileChange], base: Path) -> bytes:
    """Return the diff of all files, named relative to ``base`` where they are in it."""
    return join_diffs((_name(change.path, base), change.before, change.after) for change in changes)


def stat_lines(changes: Iterable[FileChange], base: Path) -> list[str]:
    """Return a line for each file, with the lines that come and go, as git's --stat does."""
    counts = []
    for change in changes:
        lines = diff_of([change], base).split(b"\n")
        plus = sum(line.startswith(b"+") and not line.startswith(b"+++ ") for line in lines)
        minus = sum(line.startswith(b"-") and not line.startswith(b"--- ") for line in lines)
        counts.append((_name(change.path, base), plus, minus))
    width = max((len(name) for name, _, _ in counts), default=0)
    rows = [
        f"{name.ljust(width)} | {plus + minus} (+{plus} -{minus})" for name, plus, minus in counts
    ]
    total = f"{len(counts)} file{'' if len(counts) == 1 else 's'} changed"
    return [*rows, total] if counts else []


def _name(path: Path, base: Path) -> str:
    full = real_path(path)
    inside = full.is_relative_to(base)
    return full.relative_to(base).as_posix() if inside else full.as_posix().lstrip("/")
