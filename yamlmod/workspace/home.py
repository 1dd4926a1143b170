"""Locate the journal and the lock of a file: per repository, fork or folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.folders import PACKAGES
from yamlmod.workspace.files import real_path

NAME = ".yamlmod"
PENDING = "pending.json"
# The files by which a fork is known that is not a git repository.
FORK_FILES = ("models/yolo.py", "nn/tasks.py")
# That of an overlay: texts of a package, which are no fork, in a folder of the user's project.
OVERLAY_FILE = "overlay.json"


def home_of(path: Path) -> Path:
    """Return the folder whose `.yamlmod` serves ``path``, a file or folder without links.

    It is the git repository that holds the path, else the fork, else the file's own folder; of an
    overlay, the folder that it is in. A
    repository of the user's home folder (of settings files) does not count, nor does one around
    an environment: what is installed there is no part of it.
    """
    first = next(one for one in (path, *path.parents) if one.is_dir())
    fork: Path | None = None
    settings = os.path.expanduser("~")  # noqa: PTH111 - Path.home raises where there is none
    for folder in (first, *first.parents):
        if (folder / ".git").exists() and str(folder) != settings:
            return folder
        if (folder / OVERLAY_FILE).is_file():
            first, fork = folder.parent, None
            continue
        if fork is None and any((folder / name).is_file() for name in FORK_FILES):
            fork = folder
        if is_environment(folder):
            break
    return fork or first


def homes_of(paths: Iterable[Path]) -> list[Path]:
    """Return the homes of several paths, each once; the one that keeps their journal comes first.

    A repository or fork goes before a plain folder, one in an environment before the repository
    around that, then the home of most of the paths.
    """
    homes = [home_of(path) for path in paths]

    def rank(home: Path) -> tuple[bool, bool, int]:
        around = [one for one in homes if one != home and home.is_relative_to(one)]
        return (
            not is_marked(home),
            not any(_border(home, one) for one in around),
            -homes.count(home),
        )

    return sorted(dict.fromkeys(homes), key=rank)


def begun(paths: Iterable[Path]) -> list[Path]:
    """Return the homes of ``paths`` in which a write was begun and not closed."""
    homes = dict.fromkeys(home_of(real_path(path)) for path in paths)
    return [home for home in homes if _is_begun(home)]


def is_marked(home: Path) -> bool:
    """Check whether a folder is a repository or a fork."""
    return any((home / name).exists() for name in (".git", *FORK_FILES))


def is_environment(folder: Path) -> bool:
    """Check whether a folder holds a Python of its own, or installed packages."""
    return (
        folder.name in PACKAGES
        or os.path.lexists(folder / "pyvenv.cfg")
        or os.path.lexists(folder / "conda-meta")
    )


def _border(inner: Path, outer: Path) -> bool:
    """Check whether a folder lies in an environment that lies in another folder."""
    between = (
        parent for parent in inner.parents if parent.is_relative_to(outer) and parent != outer
    )
    return any(is_environment(one) for one in between)


def is_installed(home: Path) -> bool:
    """Check whether a folder is or lies in an installed package, without a repository between."""
    for folder in (home, *home.parents):
        if (folder / ".git").exists():
            return False
        if folder.name in PACKAGES:
            return True
    return False


def store_of(home: Path) -> Path:
    """Return the folder that holds a home's lock and journal.

    Not inside an installed package: what is left there after its removal is an empty package to
    Python.
    """
    if not is_installed(home):
        return home / NAME
    state = state_folder()
    if state is None:
        raise Refusal(
            "journal-unwritable",
            f"there is no home folder to keep the journal of {home.as_posix()} in",
            hint="set XDG_STATE_HOME to a folder of yours; nothing was changed",
        )
    from hashlib import sha256

    return state / "journals" / f"{home.name}-{sha256(os.fsencode(home)).hexdigest()[:16]}"


def _is_begun(home: Path) -> bool:
    try:
        return os.path.lexists(store_of(home) / PENDING)
    except Refusal:
        return False


def state_folder() -> Path | None:
    """Return where what yamlmod remembers of this user lies, by the custom of the platform."""
    base = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):  # noqa: PTH117 - a relative one is to be ignored
        base = _default_base()
    # Where the home folder is not known `~` stays: a place in the current folder, anybody's.
    return Path(base) / "yamlmod" if os.path.isabs(base) else None  # noqa: PTH117


def _default_base() -> str:
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home raises where there is none
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", "")
        return local or os.path.join(home, "AppData", "Local")  # noqa: PTH118
    if sys.platform == "darwin":
        return os.path.join(home, "Library", "Application Support")  # noqa: PTH118
    return os.path.join(home, ".local", "state")  # noqa: PTH118
