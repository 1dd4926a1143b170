"""Find the fork around a file, or directly below a folder, by its parse file."""

from __future__ import annotations

from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.workspace.files import current_folder, real_path
from yamlmod.workspace.home import FORK_FILES, OVERLAY_FILE, is_environment
from yamlmod.workspace.walk import Walk, is_folder

_MOST = 2_000
_SIGNS = (*FORK_FILES, OVERLAY_FILE)


def fork_around(path: Path) -> Path | None:
    """Return the nearest folder at or above ``path``, without links, that holds a parse file."""
    for folder in (path, *path.parents):
        if any((folder / name).is_file() for name in _SIGNS):
            return folder
        # A model YAML beside the package.
        if (folder / "ultralytics/nn/tasks.py").is_file():
            return folder / "ultralytics"
        if (folder / ".git").exists() or is_environment(folder):
            break
    return None


def fork_below(folder: Path) -> Path | None:
    """Return the one folder directly in ``folder`` that holds a parse file, None for several."""
    walk = Walk(_MOST)
    inner = [folder / entry.name for entry in walk.entries(folder, is_folder)]
    forks = [path for path in inner if any((path / name).is_file() for name in _SIGNS)]
    return forks[0] if len(forks) == 1 else None


def near_fork(*cfgs: Path) -> Path | None:
    """Return the fork around one of the files, else around or below the current folder."""
    here = current_folder()
    for cfg in cfgs:
        try:
            found = fork_around(real_path(cfg).parent) if cfg.is_file() else None
        except (OSError, Refusal):
            found = None
        if found is not None:
            return relative(found, here)
    found = None if here is None else fork_around(here) or fork_below(here)
    return None if found is None else relative(found, here)


def relative(folder: Path, here: Path | None) -> Path:
    """Return a folder as a user in ``here`` would type it: below it without its path."""
    return folder.relative_to(here) if here is not None and folder.is_relative_to(here) else folder
