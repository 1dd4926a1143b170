"""Walk through folders: bounded, not through links, with a list of unreadable folders."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from yamlmod.errors import Refusal
from yamlmod.folders import ENVIRONMENTS, INSTALLED
from yamlmod.workspace import disk
from yamlmod.workspace.files import display, exists, real_path
from yamlmod.workspace.home import home_of

# A data set beside a fork has some hundred thousand images; no tree of sources is that deep.
MAX_ENTRIES = 2_000_000
MAX_DEPTH = 64
_ENDINGS = (".yaml", ".yml")
_SKIPPED = INSTALLED | ENVIRONMENTS
Keeps = Callable[["os.DirEntry[str]"], bool]


class Walk:
    """One walk: how many names it may still look at, and what it could not look into."""

    def __init__(self, left: int = MAX_ENTRIES) -> None:
        self.left = left
        self.unreadable: list[Refusal] = []

    def entries(self, folder: Path, keeps: Keeps) -> list[os.DirEntry[str]]:
        """Return what a folder holds, by name; nothing of one that has vanished meanwhile."""
        found: list[os.DirEntry[str]] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if self.left <= 0:
                        self._refuse("too-many", folder, f"more than {MAX_ENTRIES:,} files in all")
                        break
                    self.left -= 1
                    if keeps(entry):
                        found.append(entry)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except (OSError, ValueError) as error:  # ValueError: a name with a null character
            self._refuse("unreadable", folder, getattr(error, "strerror", None) or str(error))
        return sorted(found, key=lambda entry: entry.name)

    def files(
        self, root: Path, enters: Callable[[Path, str], bool], endings: tuple[str, ...]
    ) -> Iterator[tuple[Path, bool]]:
        """Yield the files below ``root`` with one of the endings, and whether they are links.

        No link to a folder is followed, so no walk goes round in a circle or leaves ``root``.
        """

        def keeps(entry: os.DirEntry[str]) -> bool:
            return entry.name.endswith(endings) or is_folder(entry)

        waiting = [(root, 0)]
        while waiting:
            folder, depth = waiting.pop()
            inner: list[tuple[Path, int]] = []
            for entry in self.entries(folder, keeps):
                if is_folder(entry):
                    if enters(folder, entry.name):
                        inner.append((folder / entry.name, depth + 1))
                elif not leads_to_folder(entry):
                    yield folder / entry.name, entry.is_symlink()
            if depth < MAX_DEPTH:
                waiting += reversed(inner)
            elif inner:
                self._refuse("too-deep", inner[0][0], f"it is more than {MAX_DEPTH} folders deep")

    def _refuse(self, code: str, folder: Path, reason: str) -> None:
        message = f"the folder {display(folder)} cannot be read: {reason}"
        self.unreadable.append(Refusal(code, message))


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Check whether an entry is a folder itself, not a link or a junction to one."""
    try:
        if not entry.is_dir(follow_symlinks=False):
            return False
        if not disk.WINDOWS:
            return True
        attributes = getattr(entry.stat(follow_symlinks=False), "st_file_attributes", 0)
        return not attributes & stat.FILE_ATTRIBUTE_REPARSE_POINT
    except OSError:
        return False


def leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


class YamlFile(NamedTuple):
    """A file that was found in a folder. A link has limits: what it may be read and fixed in.

    Those are the repository, and the folder that was named.
    """

    path: Path
    repository: Path | None = None
    folder: Path | None = None


class YamlFiles(NamedTuple):
    """The files that are named, those found in folders, and the folders that were closed."""

    named: tuple[Path, ...]
    found: tuple[YamlFile, ...]
    unreadable: tuple[Refusal, ...]


def yaml_files(paths: Iterable[Path]) -> YamlFiles:
    """Return the files that are named, and those found in the folders that are named.

    Hidden folders and environments are passed over. Raises Refusal for a path that is not there.
    """
    named: list[Path] = []
    found: dict[Path, YamlFile] = {}
    unreadable: list[Refusal] = []
    for path in paths:
        if not exists(path):
            raise Refusal("no-such-file", f"there is no file or folder {display(path)}")
        if not path.is_dir():
            named.append(path)
            continue
        walk, folder = Walk(), real_path(path)
        repository = home_of(folder)
        for file, is_link in walk.files(path, _enters, _ENDINGS):
            limits = (repository, folder) if is_link else ()
            found.setdefault(file, YamlFile(file, *limits))
        unreadable += walk.unreadable
    own = set(named)
    others = tuple(file for path, file in found.items() if path not in own)
    return YamlFiles(tuple(dict.fromkeys(named)), others, tuple(unreadable))


def _enters(folder: Path, name: str) -> bool:
    return not name.startswith(".") and name not in _SKIPPED
