"""The files of a fork after a planned change."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from yamlmod.errors import Refusal
from yamlmod.fork.files import Files


class Overlay:
    """Planned texts in front of the files they are for; a text of None takes a file away."""

    def __init__(self, files: Files, texts: Mapping[str, str | None]):
        self.files = files
        self.texts = texts

    def read(self, path: str) -> str | None:
        """Return the text that a file will have."""
        return self.texts[path] if path in self.texts else self.files.read(path)

    def note_unreadable(self, error: Refusal) -> None:
        """Remember a file that is there and was not read."""
        self.files.note_unreadable(error)

    def shown(self, path: str) -> str:
        """Return how messages name the file."""
        return self.files.shown(path)

    def is_file(self, path: str) -> bool:
        """Check whether a file will be there."""
        return self.texts[path] is not None if path in self.texts else self.files.is_file(path)

    def is_folder(self, path: str) -> bool:
        """Check whether a folder is there, or will be."""
        new = (one for one, text in self.texts.items() if text is not None)
        return self.files.is_folder(path) or any(one.startswith(f"{path}/") for one in new)

    def place(self) -> str:
        """Return the absolute path of the repository."""
        return self.files.place()

    def glob(self, pattern: str) -> list[str]:
        """Return the paths that will match."""
        found = {path for path in self.files.glob(pattern) if path not in self.texts}
        found |= {
            path
            for path, text in self.texts.items()
            if text is not None
            and path.count("/") == pattern.count("/")
            and fnmatchcase(path, pattern)
        }
        return sorted(found)
