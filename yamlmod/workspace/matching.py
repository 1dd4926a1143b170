"""Paths of a repository that match a pattern: one folder at a time, within limits."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from yamlmod.errors import Refusal
from yamlmod.workspace.files import Tree, exists
from yamlmod.workspace.walk import Walk, leads_to_folder

_MAGIC = frozenset("*?[")


def matching(tree: Tree, pattern: str) -> list[str]:
    """Return the paths that match, relative to the root, sorted; a star crosses no slash."""
    walk = Walk()
    found = [PurePosixPath()]
    parts = PurePosixPath(pattern).parts
    searched = False
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if not _MAGIC & set(part):
            paths = [path / part for path in found]
            found = [one for one in paths if not last or _exists(tree, one, searched)]
            continue
        searched = True
        found = [path / name for path in found for name in _names(tree, path, part, last, walk)]
    for error in walk.unreadable:
        tree.note_unreadable(error)
    return sorted(path.as_posix() for path in found)


def _exists(tree: Tree, path: PurePosixPath, searched: bool) -> bool:
    try:
        return exists(tree.root / path)
    except Refusal as error:
        if not searched:  # this very path was asked for
            raise
        tree.note_unreadable(error)
        return False


def _names(tree: Tree, path: PurePosixPath, part: str, last: bool, walk: Walk) -> list[str]:
    def keeps(entry: os.DirEntry[str]) -> bool:
        return fnmatchcase(entry.name, part) and (last or leads_to_folder(entry))

    return [entry.name for entry in walk.entries(tree.root / path, keeps)]
