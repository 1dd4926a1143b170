"""Match paths of a repository against a pattern, one folder at a time, within limits."""

from __future__ import annotations

import os
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from yamlmod.errors import Refusal
from yamlmod.workspace.files import exists
from yamlmod.workspace.walk import Walk, leads_to_folder

_MAGIC = frozenset("*?[")


def matching(root: Path, pattern: str, note: Callable[[Refusal], None]) -> list[str]:
    """Return the paths that match, relative to the root, sorted; a star crosses no slash.

    ``note`` is told of what could not be looked at.
    """
    walk = Walk()
    found = [PurePosixPath()]
    parts = PurePosixPath(pattern).parts
    searched = False
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if not _MAGIC & set(part):
            paths = [path / part for path in found]
            found = [
                one for one in paths if not last or _exists(root / one, note if searched else None)
            ]
            continue
        searched = True
        found = [path / name for path in found for name in _names(root / path, part, last, walk)]
    for error in walk.unreadable:
        note(error)
    return sorted(path.as_posix() for path in found)


def _exists(path: Path, note: Callable[[Refusal], None] | None) -> bool:
    try:
        return exists(path)
    except Refusal as error:
        if note is None:  # this very path was asked for
            raise
        note(error)
        return False


def _names(folder: Path, part: str, last: bool, walk: Walk) -> list[str]:
    def keeps(entry: os.DirEntry[str]) -> bool:
        return fnmatchcase(entry.name, part) and (last or leads_to_folder(entry))

    return [entry.name for entry in walk.entries(folder, keeps)]
