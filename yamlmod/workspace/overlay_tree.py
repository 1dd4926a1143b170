"""The files of an installed package with the texts of an overlay before them."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from yamlmod.workspace.disk import read
from yamlmod.workspace.files import (
    SOURCE_BYTES,
    FileChange,
    display,
    exists,
    read_bytes,
    read_text,
    real_path,
)
from yamlmod.workspace.overlay_folder import (
    MODELS,
    TEXTS,
    OverlayManifest,
    TextHashes,
    hash_of,
    model_names,
    place_in,
    read_texts,
)
from yamlmod.workspace.tree import Tree


class OverlayTree(Tree):
    """A package as an overlay leaves it; what is planned on it is written into the overlay."""

    def __init__(self, package: Path, folder: Path, manifest: OverlayManifest):
        super().__init__(package)
        self.folder = folder
        self.manifest = manifest
        # Installers link files from their own store, and this is what runs.
        self._home = Path(real_path(package).anchor)
        self.files.update(read_texts(folder, manifest))

    def original(self, path: str) -> bytes | None:
        """Return a file's bytes in the package itself, None where it has none."""
        file = self.root / path
        return read_bytes(file, display(file), SOURCE_BYTES) if exists(file) else None

    def misfits(self) -> list[str]:
        """Return the patched files of which the package has others than were patched."""
        return [
            path
            for path, one in self.manifest.files.items()
            if _hash(self.original(path)) not in (one.original, one.patched)
        ]

    def text_path(self, path: str) -> Path:
        """Return where the overlay has the text of a file."""
        return place_in(self.folder, f"{TEXTS}/{path}")

    def shown(self, path: str) -> str:
        """Return how messages name a file: the overlay's own text, or the file in the package."""
        if path == ".":
            return display(self.folder)
        is_own = path in self.manifest.files
        return display(self.text_path(path)) if is_own else f"{self.manifest.package}/{path}"

    def is_file(self, path: str) -> bool:
        """Check whether a file is there, without reading it."""
        return path in self.manifest.files or super().is_file(path)

    def is_folder(self, path: str) -> bool:
        """Check whether a folder is there."""
        below = any(one.startswith(f"{path}/") for one in self.manifest.files)
        return below or super().is_folder(path)

    def glob(self, pattern: str) -> list[str]:
        """Return the paths that match, relative to the root, sorted."""
        own = {
            path
            for path in self.manifest.files
            if path.count("/") == pattern.count("/") and fnmatchcase(path, pattern)
        }
        return sorted({*super().glob(pattern), *own})

    def change(self, path: str, text: str) -> FileChange:
        """Return the change of the overlay that gives a file of the package new text."""
        read = self.files.get(path)
        after = read.encode(text) if read is not None else text.encode("utf-8")
        if read is None and self.original(path) is not None:
            raise KeyError(f"{path} was not read")
        if after == self.original(path):
            return self.removal(path)
        return FileChange(self.text_path(path), self._before(path), after, makes_folders=True)

    def removal(self, path: str) -> FileChange:
        """Return the change that takes a text out of the overlay."""
        return FileChange(self.text_path(path), self._before(path), None, makes_folders=True)

    def models(self) -> list[tuple[str, str]]:
        """Return path and text of the model YAMLs in the overlay."""
        below = real_path(self.folder)
        for name in model_names(self.folder):
            path = self.folder / MODELS / name
            self.files[display(path)] = read_text(path, None, SOURCE_BYTES, below)
        start = display(self.folder / MODELS) + "/"
        return [(path, one.text) for path, one in self.files.items() if path.startswith(start)]

    def hashes(self, texts: Mapping[str, str | None]) -> dict[str, TextHashes]:
        """Return the hashes of the overlay's texts after new ones were written."""
        found = dict(self.manifest.files)
        for path, text in texts.items():
            after = None if text is None else self.change(path, text).after
            found.pop(path, None)
            if after is not None:
                found[path] = TextHashes(_hash(self.original(path)), hash_of(after))
        return found

    def _before(self, path: str) -> bytes | None:
        return read(self.text_path(path), SOURCE_BYTES, real_path(self.folder))


def _hash(data: bytes | None) -> str | None:
    return None if data is None else hash_of(data)
