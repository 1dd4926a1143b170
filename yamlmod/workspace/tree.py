"""The files of a repository, each read once: the basis of a plan."""

from __future__ import annotations

import os
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.workspace.files import (
    SOURCE_BYTES,
    TREE_BYTES,
    FileChange,
    TextFile,
    display,
    exists,
    read_text,
    real_path,
)
from yamlmod.workspace.home import home_of
from yamlmod.workspace.matching import matching


class Tree:
    """The files of a repository, read once and remembered: what a plan was made from.

    A file of it may be a link to another one in it, and to nothing outside: no one named those.
    """

    def __init__(self, root: Path):
        if not root.is_dir():
            what = "is a file" if root.is_file() else "does not exist"
            raise Refusal(
                "no-such-folder",
                f"{display(root)} {what}",
                hint="REPO is the folder that holds models/yolo.py",
            )
        self.root = root
        self.files: dict[str, TextFile] = {}
        self._home = home_of(real_path(root))
        self._unreadable: dict[str, Refusal] = {}
        self._left = TREE_BYTES

    @property
    def unreadable(self) -> list[Refusal]:
        """Return why parts of the repository could not be looked at, each reason once."""
        return list(self._unreadable.values())

    def note_unreadable(self, error: Refusal) -> None:
        """Remember a folder or file that could not be looked at, for the command's answer."""
        self._unreadable.setdefault(error.message, error)

    def read(self, path: str, limit: int = SOURCE_BYTES) -> str | None:
        """Return a file's text, or None when there is no such file."""
        if path not in self.files:
            full = self.root / path
            if not exists(full):
                return None
            file = read_text(full, self.shown(path), min(limit, self._left), self._home)
            self._left -= len(file.raw)
            self.files[path] = file
        return self.files[path].text

    def shown(self, path: str) -> str:
        """Return how messages name a file of the tree."""
        return display(self.root / path)

    def is_file(self, path: str) -> bool:
        """Check whether a file is there, without reading it."""
        return (self.root / path).is_file()

    def is_folder(self, path: str) -> bool:
        return (self.root / path).is_dir()

    def place(self) -> str:
        """Return the absolute path, links kept: a package is imported by its folder's name."""
        return os.path.normpath(self.root.absolute())

    def glob(self, pattern: str) -> list[str]:
        """Return the paths that match, relative to the root, sorted."""
        return matching(self.root, pattern, self.note_unreadable)

    def change(self, path: str, text: str) -> FileChange:
        """Return the change that gives a file new text; one that is not there is made."""
        if path in self.files:
            file = self.files[path]
            return FileChange(file.path, file.raw, file.encode(text))
        if self.read(path) is not None:
            raise KeyError(f"{path} was not read")
        return FileChange(self.root / path, None, text.encode("utf-8"), makes_folders=True)

    def removal(self, path: str) -> FileChange:
        file = self.files[path]
        return FileChange(file.path, file.raw, None, makes_folders=True)
