"""Check where a journal entry may act: never in a `.git`, never through a link."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.workspace.files import display, real_path
from yamlmod.workspace.home import home_of, is_environment

# Signs that some file systems drop from names, so that `.g\u200cit` is `.git` to them.
_DROPPED = dict.fromkeys(
    [*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF]
)
# With the short names that Windows gives.
_GIT = re.compile(r"\.git|git~[0-9]+")
_STORE = re.compile(r"\.yamlmod|yamlmo~[0-9]+")
# What yamlmod writes of its own accord; the name after -o or --diff is the user's choice.
_KINDS = re.compile(r".*\.(py|ya?ml|diff|patch)|requirements\.txt|manifest\.toml", re.DOTALL)
_OUTSIDE_KINDS = re.compile(r".*\.(ya?ml|diff|patch)", re.DOTALL)


@dataclass(frozen=True)
class Reach:
    """How far an entry reaches: one that is our ``own`` further than a foreign one."""

    home: Path
    own: bool = True

    def is_outside(self, path: Path) -> bool:
        """Check whether a file needs --outside; of the name alone, nothing is looked at."""
        return not path.is_relative_to(self.home)

    def obstacle(self, path: Path) -> str:
        """Return why a file is never touched; empty where it may be."""
        kinds = _OUTSIDE_KINDS if self.is_outside(path) else _KINDS
        odd = not self.own and not kinds.fullmatch(path.name)
        return (
            self._name(path)
            or ("yamlmod never writes a file of this name" if odd else "")
            or self._way(path.parent)
            or _odd_kind(path)
        )

    def folder_obstacle(self, folder: Path) -> str:
        """Return why a folder is never made or removed; empty where it may be."""
        if self.is_outside(folder) or folder == self.home:
            return f"it is not in {display(self.home)}"
        return self._name(folder) or self._way(folder.parent) or _odd_folder(folder)

    def _name(self, path: Path) -> str:
        parts = path.parts
        if any(is_git(part) for part in parts):
            return "it belongs to git"
        if any(is_store(part) for part in parts):
            return "it belongs to yamlmod's journal"
        inner = () if self.is_outside(path) else parts[len(self.home.parts) :]
        hidden = not self.own and any(part.startswith(".") for part in inner)
        return "it is hidden" if hidden else ""

    def _way(self, parent: Path) -> str:
        real = real_path(parent)
        if real != parent:
            return f"a link in its path leads to {display(real)}"
        return self._border(parent)

    def _border(self, parent: Path) -> str:
        # A stranger's file elsewhere is looked at up to the root; else a repository may well lie
        # in a bare one, or a fork in an environment.
        home = self.home
        if self.is_outside(parent):
            home = home_of(parent) if self.own else Path(parent.anchor)
        for folder in (parent, *parent.parents):
            if folder.is_relative_to(home) and is_git_folder(folder):
                return "it belongs to git"
            if folder.is_relative_to(home) and folder != home and is_environment(folder):
                return "it belongs to an environment"
        return ""


def refuse_protected(home: Path, path: Path) -> None:
    """Refuse to write where nothing could be undone, as in a `.git` or in the journal itself."""
    reason = Reach(home).obstacle(path)
    if reason:
        raise Refusal(
            "protected-place",
            f"{display(path)} is not written: {reason}; nothing was changed",
            hint="name another file",
        )


def is_git(name: str) -> bool:
    """Check whether some file system takes a name for `.git`."""
    return _GIT.fullmatch(_folded(name)) is not None


def is_store(name: str) -> bool:
    """Check whether some file system takes a name for `.yamlmod`."""
    return _STORE.fullmatch(_folded(name)) is not None


def is_git_folder(folder: Path) -> bool:
    """Check whether a folder is what a `.git` is, under another name: a bare repository."""
    if not os.path.lexists(folder / "HEAD"):
        return False
    return (folder / "commondir").exists() or (
        (folder / "objects").exists() and (folder / "refs").exists()
    )


def _folded(name: str) -> str:
    # Windows drops dots and blanks at the end, and takes what follows a colon for a stream.
    return name.translate(_DROPPED).partition(":")[0].rstrip(". ").casefold()


def _odd_kind(path: Path) -> str:
    try:
        mode = path.lstat().st_mode
    except (OSError, ValueError):
        return ""  # not there; where it cannot be looked at, reading it says so
    if stat.S_ISLNK(mode):
        return "it is a link"
    return "" if stat.S_ISREG(mode) else "it is not a regular file"


def _odd_folder(folder: Path) -> str:
    try:
        mode = folder.lstat().st_mode
    except (OSError, ValueError):
        return ""
    return "" if stat.S_ISDIR(mode) else "it is not a folder"
