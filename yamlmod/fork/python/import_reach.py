"""Find the files that a file may import, from its text without parsing it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from yamlmod.errors import YamlmodError
from yamlmod.fork.files import Files
from yamlmod.fork.python.modules import ModuleFile, Modules

_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(\.*)([\w.]*)[ \t]+import[ \t]*(\([^)]*\)|[^\n#;]*)"
    r"|import[ \t]+([^\n#;]*))",
    re.MULTILINE,
)


class ImportReach:
    """Which files a file may come to import, read off the text: too many rather than too few."""

    def __init__(self, files: Files, modules: Modules):
        self.files = files
        self.modules = modules
        self._next: dict[str, frozenset[str]] = {}
        self._known: dict[tuple[str, str], bool] = {}

    def may_import(self, start: str, goal: str) -> bool:
        """Check whether importing ``start`` may lead to ``goal``."""
        key = (start, goal)
        if key not in self._known:
            self._known[key] = self._leads(start, goal)
        return self._known[key]

    def _leads(self, start: str, goal: str) -> bool:
        seen, waiting = {start}, [start]
        while waiting:
            for path in self.imported(waiting.pop()):
                if path == goal:
                    return True
                if path not in seen:
                    seen.add(path)
                    waiting.append(path)
        return False

    def imported(self, path: str) -> frozenset[str]:
        """Return the files that a file's import statements name, wherever they stand."""
        if path not in self._next:
            self._next[path] = frozenset(self._read(path))
        return self._next[path]

    def _read(self, path: str) -> Iterator[str]:
        try:
            text = self.files.read(path) or ""
        except YamlmodError:
            return
        for dots, module, names, plain in _IMPORT.findall(text.replace("\\\n", " ")):
            for dotted in _words(plain):
                yield from self._files(self.modules.find(path, dotted))
            if dots or module:
                place = self.modules.find(path, module, len(dots))
                yield from self._files(place)
                if isinstance(place, ModuleFile):
                    inner = (self.modules.submodule(place, name) for name in _words(names))
                    yield from (path for one in inner for path in self._files(one))

    def _files(self, place: object) -> Iterator[str]:
        if isinstance(place, ModuleFile):
            yield from place.packages
            if not place.is_folder:
                yield place.path


def _words(text: str) -> list[str]:
    """Return the names of an import's list, those behind `as` left out."""
    text = re.sub(r"#[^\n]*", "", text).strip("() \t\r\n")
    parts = (part.split() for part in text.split(","))
    return [words[0] for words in parts if words and re.fullmatch(r"[\w.]+", words[0])]
