"""The file access that this room needs; callers open the files."""

from __future__ import annotations

from typing import Protocol

from yamlmod.errors import Refusal


class Files(Protocol):
    """The target's files by repository-relative posix path; the workspace implements it."""

    def read(self, path: str) -> str | None:
        """Return the text without BOM and with the file's own newlines; None: no such file."""

    def note_unreadable(self, error: Refusal) -> None:
        """Remember a file that is there and was not read, for the command's answer."""

    def shown(self, path: str) -> str:
        """Return how messages name the file."""

    def is_file(self, path: str) -> bool: ...

    def is_folder(self, path: str) -> bool: ...

    def place(self) -> str:
        """Return the absolute path of the repository, empty where it has none."""

    def glob(self, pattern: str) -> list[str]:
        """Return the matching repository-relative posix paths, sorted."""
