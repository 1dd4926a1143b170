"""The patched texts of an overlay folder: checked by their hashes, and handed to Python.

Written by yamlmod into an overlay folder; standard library only, Python 3.8 or newer.
SPDX-License-Identifier: 0BSD
"""

from __future__ import annotations

import json
import os
from hashlib import sha256
from importlib.machinery import SourceFileLoader
from importlib.util import decode_source, spec_from_file_location

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType
    from typing import Any

MANIFEST = "overlay.json"
_FORMAT = 1
_MOST = 8_000_000  # bytes; no file of a package comes near it
_MOST_OF_MODEL = 1_000_000
# What only the YAML of a data set has: a package runs what stands under `download`.
_DATA_KEYS = {"download", "train", "val", "test", "path"}


OverlayError = ImportError  # the loader puts its own class here, and what keeps compiled code


def cached_code(data: bytes, path: str, digest: str, overlay: str) -> CodeType:
    code: CodeType = compile(data, path, "exec", dont_inherit=True)
    return code


class OverlayTexts:
    """What an overlay folder says: which files it patches, and by which hashes it knows them."""

    def __init__(self, folder: str, raw: bytes) -> None:
        self.folder = folder
        try:
            data = json.loads(raw.decode("utf-8"))
            if data["format"] != _FORMAT:
                raise self.damaged("another format; a newer yamlmod wrote it")
            self.package, self.distribution = str(data["package"]), str(data["distribution"])
            self.version = str(data["version"])
            self.files = {_plain(path): _hashes(entry) for path, entry in data["files"].items()}
            self.lookups = {_plain(path): str(name) for path, name in data["lookups"].items()}
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise self.damaged(repr(error)) from None
        paths = list(self.files) + list(self.lookups)
        self.names = {self.package if path == "__init__.py" else _tail(path) for path in paths}
        self._root: str | None = None

    def damaged(self, why: str) -> OverlayError:
        return OverlayError(f"{os.path.join(self.folder, MANIFEST)} is damaged: {why}")

    def dotted(self) -> Iterator[str]:
        """Return the names of the patched modules in the package."""
        for path in self.files:
            parts = path[: -len(".py")].split("/")
            yield ".".join([self.package] + (parts[:-1] if parts[-1] == "__init__" else parts))

    def changed(
        self,
        name: str,
        path: Sequence[str] | None,
        spec: ModuleSpec | None,
        ask: Callable[[str], ModuleSpec | None],
    ) -> ModuleSpec | None:
        """Return the spec that leads to the patched text, None where the module is another's."""
        package = spec if name == self.package else ask(self.package)
        places = list(getattr(package, "submodule_search_locations", None) or [])
        if not places:
            return None
        root = os.path.realpath(places[0])
        relative = self._relative(root, name, path, spec)
        if relative in self.files:
            self._check_installed(root)
            spec = self._patched_spec(name, root, relative, spec)
        if spec is not None and relative in self.lookups:
            _add_lookup(spec, self.lookups[relative], os.path.join(self.folder, "models"))
        return spec if relative in self.files or relative in self.lookups else None

    def _relative(
        self, root: str, name: str, path: Sequence[str] | None, spec: ModuleSpec | None
    ) -> str:
        """Return the path in the package; of a module that only the overlay has, by its parent."""
        if spec is not None:
            origin = spec.origin or ""
            # Some installers link the files, so that only the folder says where it is.
            folder, base = os.path.split(origin)
            file = os.path.join(os.path.realpath(folder), base)
            return _below(root, file) if base.endswith(".py") else ""
        tail = name.rpartition(".")[2]
        for folder in path or ():
            inner = _below(root, os.path.realpath(folder))
            for ending in (".py", "/__init__.py"):
                relative = (inner + "/" + tail + ending).lstrip("/")
                if relative in self.files and self.files[relative][0] is None:
                    return relative
        return ""

    def _check_installed(self, root: str) -> None:
        """Raise OverlayError unless every file of the package is the one that was patched."""
        if self._root == root:
            return
        for path, hashes in self.files.items():
            file = os.path.join(root, *path.split("/"))
            found = _digest(_read(file)) if os.path.lexists(file) else None
            if found not in hashes:
                raise OverlayError(self._misfit(root, path))
        self._root = root

    def _misfit(self, root: str, path: str) -> str:
        try:
            from importlib import metadata

            found = metadata.version(self.distribution)
        except Exception:
            found = "of an unknown version"
        return (
            f"the overlay {self.folder} was made for {self.distribution} {self.version}, and "
            f"{self.distribution} {found} is installed, with another {path} in {root}: "
            f"`yamlmod overlay refresh {self.folder} -w` updates it"
        )

    def _patched_spec(
        self, name: str, root: str, relative: str, spec: ModuleSpec | None
    ) -> ModuleSpec | None:
        text = os.path.join(self.folder, "files", *relative.split("/"))
        if os.path.realpath(text) != text:
            raise OverlayError(f"{text} is reached through a link")
        origin = (spec.origin if spec is not None else None) or text
        places = None
        if relative.rpartition("/")[2] == "__init__.py":
            # Of a new folder not where the texts are: Python would run files there by itself.
            own = [os.path.join(root, *relative.split("/")[:-1])]
            places = own if spec is None else spec.submodule_search_locations
        digest = self.files[relative][1]
        loader = _loader(name, origin, text, digest or "", self.folder)
        return spec_from_file_location(
            name, origin, loader=loader, submodule_search_locations=places
        )


def _loader(name: str, origin: str, text: str, digest: str, folder: str) -> SourceFileLoader:
    """Return a loader of the installed file that takes its code from the patched text."""

    class PatchedLoader(SourceFileLoader):
        """Reads the patched text; the module's path and its resources stay the package's."""

        of_overlay = folder

        def get_data(self, path: str) -> bytes:
            return _patched(text, digest) if path == self.path else super().get_data(path)

        def get_code(self, fullname: str) -> CodeType:
            # By the text's own path: tracebacks and debuggers open the file that runs.
            return cached_code(_patched(text, digest), text, digest, folder)

        def exec_module(self, module: ModuleType) -> None:
            try:
                super().exec_module(module)
            finally:
                _remember(self.path, _patched(text, digest))

    return PatchedLoader(name, origin)


def _patched(path: str, digest: str) -> bytes:
    data = _read(path)
    if _digest(data) != digest:
        raise OverlayError(f"{path} was changed after yamlmod wrote it: its hash differs")
    return data


def _remember(path: str, data: bytes) -> None:
    """Let `inspect` show the patched text of classes, which it looks up by the module's path."""
    import linecache

    linecache.cache[path] = (len(data), None, decode_source(data).splitlines(True), path)


def _add_lookup(spec: ModuleSpec, function: str, models: str) -> None:
    """Let a package find the overlay's model YAMLs by their names, as it finds its own."""
    loader: Any = spec.loader
    run = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        run(module)
        original = getattr(module, function, None)
        if original is None:
            return
        from functools import wraps

        @wraps(original)
        def look_up(file: object, *args: Any, **options: Any) -> Any:
            return original(_in_models(models, file), *args, **options)

        setattr(module, function, look_up)

    loader.exec_module = exec_module


def _in_models(models: str, file: object) -> object:
    name = str(file).strip()
    if os.path.basename(name) == name and not os.path.exists(name) and is_model(models, name):
        return os.path.join(models, name)
    return file


def is_model(models: str, name: str) -> bool:
    """Check whether a file describes a network, and no data set: a package runs code of those."""
    path = os.path.join(models, name)
    if not name.endswith((".yaml", ".yml")) or os.path.realpath(path) != path:
        return False
    try:
        text = _read(path, _MOST_OF_MODEL).decode("utf-8") if os.path.isfile(path) else ""
    except (OverlayError, ValueError):
        return False
    keys = _keys(text.lstrip("\ufeff").splitlines())
    return {"backbone", "head"} <= keys and not keys & _DATA_KEYS


def _keys(lines: Sequence[str]) -> set[str]:
    """Return the keys of a YAML in its plainest form, none where it is written otherwise.

    Where the first key is at the margin, every key of that mapping is.
    """
    content = [line.rstrip() for line in lines if line.strip() and not line.startswith("#")]
    content = [line for line in content if line != "---"]
    margin = [line for line in content if line[0] not in " \t-[]}"]
    keys = {line.partition(":")[0].rstrip() for line in margin}
    is_plain = bool(margin) and content[0] == margin[0] and all(map(str.isidentifier, keys))
    return keys if is_plain else set()


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def _hashes(entry: Mapping[str, object]) -> tuple[str | None, str | None]:
    original, patched = entry["original"], entry["patched"]
    if not isinstance(patched, str) or not isinstance(original, (str, type(None))):
        raise ValueError("a file without hashes")
    return original, patched


def _plain(path: str) -> str:
    """Return a path of a manifest; it leads to a Python file below the package."""
    odd = any(part in ("", ".", "..") or "\\" in part or ":" in part for part in path.split("/"))
    if odd or not path.endswith(".py"):
        raise ValueError(f"not a path of the package: {path!r}")
    return path


def _tail(path: str) -> str:
    parts = path[: -len(".py")].split("/")
    return parts[-2] if parts[-1] == "__init__" and len(parts) > 1 else parts[-1]


def _below(root: str, path: str) -> str:
    """Return a path relative to a folder, empty where it is elsewhere."""
    root += os.sep
    return path[len(root) :].replace(os.sep, "/") if path.startswith(root) else ""


def _read(path: str, most: int = _MOST) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise OverlayError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > most:
        raise OverlayError(f"{path} is too large")
    return data
