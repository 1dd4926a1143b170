"""Find the file that an import refers to: roots, packages, external modules."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from glob import escape
from pathlib import PurePosixPath

from yamlmod.errors import YamlmodError
from yamlmod.fork.files import Files
from yamlmod.fork.python.source import Source, read_source

# Installed beside every fork: a folder of the fork with such a name is not what an import means.
_FOREIGN = frozenset({"torch", "torchvision", "numpy", "cv2", "timm", "tensorflow", "mmcv", "PIL"})
_DOTTED = re.compile(r"^[ \t]*(?:from|import)[ \t]+(\w+)\.([\w.]+)", re.MULTILINE)
_STAR = re.compile(r"^[ \t]*from[ \t]+(\.*)([\w.]*)[ \t]+import[ \t]*\(?[ \t]*\*", re.MULTILINE)
_BINARY = (".so", ".pyd", ".pyx", ".dylib")


@dataclass(frozen=True)
class ModuleFile:
    """A module of the tree: its file, or the folder of a package without ``__init__``.

    ``packages`` are the ``__init__`` files that Python runs before it.
    """

    path: str
    packages: tuple[str, ...] = ()
    is_folder: bool = False

    @property
    def folder(self) -> PurePosixPath | None:
        """Return the folder that its submodules are in, None for a module without any."""
        if self.is_folder:
            return PurePosixPath(self.path)
        path = PurePosixPath(self.path)
        return path.parent if path.name == "__init__.py" else None


@dataclass(frozen=True)
class Elsewhere:
    """A module that is not in the tree."""

    dotted: str


@dataclass(frozen=True)
class NoModule:
    """A module that has to be in the tree and is not."""

    why: str


Place = ModuleFile | Elsewhere | NoModule


class Modules:
    """Looks modules up as Python would with the fork's folders on its path."""

    def __init__(self, files: Files, parser: str = ""):
        self.files = files
        # REPO's own folder and those above it: a package that holds REPO is imported by them.
        place = PurePosixPath(files.place().replace("\\", "/"))
        self.above = tuple(reversed(place.parts))
        self.parser = parser
        self._there: dict[str, bool] = {}
        self._found: dict[tuple[str, str], Place] = {}

    def is_file(self, path: str) -> bool:
        if path not in self._there:
            self._there[path] = self.files.is_file(path)
        return self._there[path]

    def is_folder(self, path: PurePosixPath) -> bool:
        """Check whether a folder holds Python files, itself or one folder down."""
        if not self.files.is_folder(str(path)):
            return False
        base = "" if str(path) == "." else f"{escape(str(path))}/"
        return bool(self.files.glob(f"{base}*.py") or self.files.glob(f"{base}*/*.py"))

    def file_of(self, importer: str, node: ast.ImportFrom) -> str:
        """Return the file of the tree that an import reads from, empty for none."""
        place = self.find(importer, node.module or "", node.level)
        return place.path if isinstance(place, ModuleFile) and not place.is_folder else ""

    def source(self, path: str) -> Source | None:
        """Return a parsed file, None where it is not there or cannot be read."""
        try:
            return read_source(self.files, path)
        except YamlmodError:
            return None

    def find(self, importer: str, dotted: str, level: int = 0) -> Place:
        """Return the module that an import of ``dotted`` in a file means."""
        key = (str(PurePosixPath(importer).parent), "." * level + dotted)
        if key not in self._found:
            parts = dotted.split(".") if dotted else []
            find = self._relative if level else self._absolute
            self._found[key] = find(importer, parts, level)
        return self._found[key]

    def submodule(self, module: ModuleFile, name: str) -> ModuleFile | None:
        """Return a module inside of a package, None where no such file is there."""
        folder = module.folder
        if folder is None:
            return None
        packages = module.packages if module.is_folder else (*module.packages, module.path)
        return self._below(folder, [name], packages)

    def roots(self, importer: str) -> list[tuple[PurePosixPath, bool]]:
        """Return the folders to look from, the first first, and whether each is surely a root.

        A folder that is not a package comes before one that is: Python does not have the latter on
        its path unless a script there was started, or the fork puts it there.
        """
        folders = list(PurePosixPath(importer).parents)
        if self.parser:
            folders += [
                parent for parent in PurePosixPath(self.parser).parents if parent not in folders
            ]
        folders += [PurePosixPath(one) for one in ("src",) if PurePosixPath(one) not in folders]
        plain = [one for one in folders if not self.is_file(str(one / "__init__.py"))]
        # A file's own folder is a root only where it is started as a script.
        own = PurePosixPath(importer).parent
        plain.sort(key=lambda one: one == own and own != PurePosixPath())
        return [(one, one != own or own == PurePosixPath()) for one in plain] + [
            (one, False) for one in folders if one not in plain
        ]

    def _relative(self, importer: str, parts: Sequence[str], level: int) -> Place:
        folder = PurePosixPath(importer).parent
        up = level - 1
        if up > len(folder.parts):
            # Where that package begins is not known; its own folder's name is.
            names = self.above[up - len(folder.parts) :][:1]
            return Elsewhere(".".join([*names, *parts]))
        for _ in range(up):
            folder = folder.parent
        place = self._below(folder, parts, self._packages(folder))
        if place is not None:
            return place
        spelled = "." * level + ".".join(parts)
        if self._is_binary(folder, parts):
            return Elsewhere(".".join([*folder.parts, *parts]))
        return NoModule(f"there is no file for {spelled} in {folder}/")

    def _absolute(self, importer: str, parts: Sequence[str], _level: int) -> Place:
        lost: NoModule | None = None
        for root, sure in self.roots(importer):
            if not sure and (parts[0] in sys.stdlib_module_names or parts[0] in _FOREIGN):
                continue
            place = self._below(root, parts, ())
            if place is not None and not sure and not self._is_started(importer, root, parts):
                continue
            if place is not None and (len(parts) > 1 or not place.is_folder):
                return place
            if place is None and sure and lost is None:
                lost = self._lost(root, parts)
        own = self._by_own_name(parts)
        if own is not None:
            return own
        for root, _ in self.roots(importer) if parts[0] not in sys.stdlib_module_names else ():
            place = self._below(root, parts, ())
            if place is not None and place.is_folder and parts[0] not in _FOREIGN:
                return place
        return lost or Elsewhere(".".join(parts))

    def _is_started(self, importer: str, root: PurePosixPath, parts: Sequence[str]) -> bool:
        """Check whether a folder that may not be a root is one for a name of one word.

        It must be put on the path: in `callbacks/wandb.py`, `import wandb` means the installed one.
        """
        if len(parts) > 1:
            return True
        itself = (importer.removesuffix(".py"), importer.removesuffix("/__init__.py"))
        if str(root / parts[0]) in itself:
            return False
        starts = [importer] if root == PurePosixPath(importer).parent else []
        starts += (
            [self.parser] if self.parser and root in PurePosixPath(self.parser).parents else []
        )
        return any(
            "sys.path" in self.text(start) for start in starts if not start.endswith("__init__.py")
        )

    def _by_own_name(self, parts: Sequence[str]) -> Place | None:
        """Return the module of a dotted name that begins above REPO, where REPO is a package."""
        if parts[0] in sys.stdlib_module_names or parts[0] in _FOREIGN:
            return None
        for count in range(1, len(parts) + 1):
            named = list(reversed(self.above[:count])) == list(parts[:count])
            if not named and not (count == 1 and parts[0] in self._own_names):
                continue
            init = ("__init__.py",) if self.is_file("__init__.py") else ()
            if count == len(parts):
                return ModuleFile("__init__.py") if init else ModuleFile(".", (), True)
            place = self._below(PurePosixPath(), parts[count:], init)
            if place is not None:
                return place
            if named and init:
                return self._lost_below(parts, count)
        return None

    @cached_property
    def _own_names(self) -> frozenset[str]:
        """Return the names by which the parser imports files beside it, though no folder has them.

        So it is where a package lies in a folder of another name.
        """
        found = set()
        top = PurePosixPath(self.parser).parts[:1]
        for first, rest in _DOTTED.findall(self.text(self.parser) if self.parser else ""):
            if first in sys.stdlib_module_names or first in _FOREIGN:
                continue
            place = self._below(PurePosixPath(), rest.split("."), ())
            if place is not None and PurePosixPath(place.path).parts[:1] == top:
                found.add(first)
        return frozenset(found)

    def _lost_below(self, parts: Sequence[str], count: int) -> Place:
        if self._is_binary(PurePosixPath(), parts[count:]):
            return Elsewhere(".".join(parts))
        return NoModule(f"No module named '{'.'.join(parts)}'")

    def _below(
        self, folder: PurePosixPath, parts: Sequence[str], packages: tuple[str, ...]
    ) -> ModuleFile | None:
        """Return the module that parts of a name lead to, seen from a folder."""
        for position, part in enumerate(parts):
            inside = folder / part
            init = str(inside / "__init__.py")
            if self.is_file(init):
                if position + 1 == len(parts):
                    return ModuleFile(init, packages)
                packages = (*packages, init)
            elif self.is_file(f"{inside}.py"):
                return ModuleFile(f"{inside}.py", packages) if position + 1 == len(parts) else None
            elif position + 1 == len(parts):
                return ModuleFile(str(inside), packages, True) if self.is_folder(inside) else None
            folder = inside
        init = str(folder / "__init__.py")
        if self.is_file(init):
            return ModuleFile(init, packages[:-1] if packages[-1:] == (init,) else packages)
        return ModuleFile(str(folder), packages, True)

    def _lost(self, root: PurePosixPath, parts: Sequence[str]) -> NoModule | None:
        """Return the answer of a package of the tree that lacks the rest of the name."""
        folder = root
        for part in parts[:-1]:
            folder = folder / part
            if not self.is_file(str(folder / "__init__.py")):
                plain = self.is_file(f"{folder}.py") and len(parts) > 1
                return NoModule(f"'{part}' ({folder}.py) is not a package") if plain else None
            if "__path__" in self.text(str(folder / "__init__.py")):
                return None
        if len(parts) < 2 or self._is_binary(root, parts):
            return None
        return NoModule(f"No module named '{'.'.join(parts)}'")

    def _is_binary(self, root: PurePosixPath, parts: Sequence[str]) -> bool:
        """Check whether the last part is compiled code that lies there."""
        stem = escape(str(root.joinpath(*parts)))
        return any(path.endswith(_BINARY) for path in self.files.glob(f"{stem}.*"))

    def _packages(self, folder: PurePosixPath) -> tuple[str, ...]:
        found = []
        for one in (folder, *folder.parents):
            init = str(one / "__init__.py")
            # REPO's own folder may not be a package for Python: only an import from it says so.
            if not self.is_file(init) or (str(one) == "." and one != folder):
                break
            found.append(init)
        return tuple(reversed(found))

    def text(self, path: str) -> str:
        """Return a file's text, empty where it is not there or cannot be read."""
        try:
            return self.files.read(path) or ""
        except YamlmodError:
            return ""


def is_mentioned(modules: Modules, paths: Sequence[str], names: Iterable[str]) -> bool:
    """Check whether a name is in the text of files, or of those they import everything from."""
    names = list(names)
    seen, waiting = set(paths), list(paths)
    while waiting:
        path = waiting.pop()
        text = modules.text(path)
        if any(name in text for name in names):
            return True
        for dots, dotted in _STAR.findall(text):
            place = modules.find(path, dotted, len(dots))
            if isinstance(place, ModuleFile) and not place.is_folder and place.path not in seen:
                seen.add(place.path)
                waiting.append(place.path)
    return False
