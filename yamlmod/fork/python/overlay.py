"""The files of a fork as a plan would leave them."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from yamlmod.fork.files import Files


class Overlay:
    """Planned texts in front of the files they are for; a text of None takes a file away."""

    def __init__(self, files: Files, texts: Mapping[str, str | None]):
        self.files = files
        self.texts = texts

    def read(self, path: str) -> str | None:
        """Return the text that a file will have."""
        return self.texts[path] if path in self.texts else self.files.read(path)

    def shown(self, path: str) -> str:
        """Return how messages name the file."""
        return self.files.shown(path)

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
