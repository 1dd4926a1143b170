"""Give Python the patched text of files of an installed package, which itself stays as it is.

Written by yamlmod into an overlay folder; standard library only, Python 3.8 or newer.
SPDX-License-Identifier: 0BSD
"""

from __future__ import annotations

# Started with every Python of an environment: here only what is loaded by then is imported.
import _thread
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType

    from yamlmod.runtime.yamlmod_overlay.yamlmod_texts import OverlayTexts

MANIFEST = "overlay.json"
FOLDERS = "YAMLMOD_OVERLAY"
OFF = "YAMLMOD_OVERLAY_OFF"
CACHE = ""  # where compiled code of the loader is kept; what installed it says so
_MOST = 8_000_000  # bytes; no file of a package comes near it


class OverlayError(ImportError):
    """An overlay that does not fit what is installed, or was tampered with."""


def activate(folder: str, children: bool = False) -> None:
    """Let imports of the package that an overlay folder is for meet its patched texts.

    With ``children``, processes that this one starts do the same.
    """
    folder = os.path.realpath(folder)
    if os.environ.get(OFF):
        return
    variables = environment_with(folder, os.environ) if children else {}
    others = [one for one in sys.meta_path if getattr(one, "yamlmod_overlay", None)]
    if all(getattr(other, "yamlmod_overlay", None) != folder for other in others):
        finder = OverlayFinder(folder)
        finder.refuse_loaded()
        for other in others:
            if getattr(other, "package", None) == finder.package:
                sys.meta_path.remove(other)
        sys.meta_path.insert(0, finder)
    os.environ.update(variables)


def activate_all() -> None:
    """Activate the overlays that the environment names."""
    if os.environ.get(OFF):
        return
    folders = [one for one in os.environ.get(FOLDERS, "").split(os.pathsep) if one]
    for folder in folders:
        if not os.path.isabs(folder):
            # What it leads to would change with the folder that a process is started in.
            raise OverlayError(f"{FOLDERS} names {folder!r}, which is no absolute path")
    # The newest is named first; of two for one package the last that is activated counts.
    for folder in reversed(folders):
        if os.path.isfile(os.path.join(folder, MANIFEST)):
            activate(folder)
        else:
            sys.stderr.write(f"yamlmod: there is no overlay in {folder}\n")


def environment_with(folder: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which every Python below this process activates a folder.

    Raises OverlayError where they cannot name it: another folder would be activated.
    """
    start = os.path.join(os.path.dirname(os.path.abspath(__file__)), "start")
    for path in (folder, start):
        if os.pathsep in path:
            raise OverlayError(
                f"{path} holds {os.pathsep!r}, which separates paths in PYTHONPATH and {FOLDERS}: "
                "processes below this one would not find it"
            )
    return {
        FOLDERS: _joined(folder, environment.get(FOLDERS, "")),
        "PYTHONPATH": _joined(start, environment.get("PYTHONPATH", "")),
    }


def _joined(first: str, rest: str) -> str:
    # Without the check an empty rest would add an entry, which means the current folder.
    others = [one for one in rest.split(os.pathsep) if one != first] if rest else []
    return os.pathsep.join([first, *others])


class OverlayFinder:
    """Stands first among the finders; it asks the others, and changes what they find.

    By ``yamlmod_overlay``, its folder, other copies of this file know it.
    """

    def __init__(self, folder: str) -> None:
        self.yamlmod_overlay = folder
        path = os.path.join(folder, MANIFEST)
        self._raw = _read(path)
        # The whole is parsed when the package is imported: most processes never do that.
        self.package = self._raw.partition(b'"package": "')[2].partition(b'"')[0].decode("latin-1")
        if not self.package.isidentifier():
            raise OverlayError(f"{path} is damaged: it names no package")
        self._overlay: OverlayTexts | None = None
        self._tops: dict[str, bool] = {}
        self._asking: set[int] = set()  # threads

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the changed spec of a module that the overlay concerns."""
        # Called for every import of a process, some thousands of them.
        top = name.partition(".")[0]
        concerns = self._tops.get(top)
        if concerns is None:
            concerns = self._tops[top] = self._may_concern(top)
        if not concerns or _thread.get_ident() in self._asking:
            return None
        overlay = self._opened()
        if name.rpartition(".")[2] not in overlay.names:
            return None
        spec = self._ask(name, path, target)
        return overlay.changed(name, path, spec, self._ask)

    def invalidate_caches(self) -> None:
        """Do nothing: what is found is not remembered."""

    def refuse_loaded(self) -> None:
        """Refuse where modules that the overlay patches have been imported without it."""
        if self.package not in sys.modules:
            return
        for name in self._opened().dotted():
            loader = getattr(sys.modules.get(name), "__loader__", None)
            if name in sys.modules and getattr(loader, "of_overlay", None) != self.yamlmod_overlay:
                raise OverlayError(
                    f"{name} was imported before the overlay {self.yamlmod_overlay}: "
                    "import the overlay first"
                )

    def _may_concern(self, top: str) -> bool:
        # Old checkpoints and some packages name modules by `models.common`, past the package.
        return top == self.package or ('"' + top + "/").encode("utf-8") in self._raw

    def _opened(self) -> OverlayTexts:
        if self._overlay is None:
            self._overlay = _texts().OverlayTexts(self.yamlmod_overlay, self._raw)
            if self._overlay.package != self.package:
                raise self._overlay.damaged("two packages")
        return self._overlay

    def _ask(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        thread = _thread.get_ident()
        self._asking.add(thread)
        try:
            for finder in sys.meta_path:
                find = None if finder is self else getattr(finder, "find_spec", None)
                spec: ModuleSpec | None = None if find is None else find(name, path, target)
                if spec is not None:
                    return spec
        finally:
            self._asking.discard(thread)
        return None


def _texts() -> ModuleType:
    """Return the larger half of the loader, which most processes do not need."""
    module = _part("yamlmod_texts")
    module.OverlayError = OverlayError  # type: ignore[attr-defined]
    module.cached_code = _part("yamlmod_cache").cached_code  # type: ignore[attr-defined]
    return module


def _part(name: str) -> ModuleType:
    """Return a file beside this one as a module that no other import meets."""
    module = type(sys)(name)
    module.__file__ = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
    exec(_code(name, module.__file__), module.__dict__)
    return module


def _code(name: str, path: str) -> CodeType:
    """Return the code of a file beside this one, compiled or from this user's cache.

    Not by an import: compiled code that came with the folder would be run in its place.
    """
    code = None
    if CACHE:
        from _frozen_importlib_external import SourceFileLoader

        prefix, sys.pycache_prefix = sys.pycache_prefix, CACHE
        try:
            code = SourceFileLoader(name, path).get_code(name)
        finally:
            sys.pycache_prefix = prefix
    return code or compile(_read(path), path, "exec", dont_inherit=True)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(_MOST + 1)
    except OSError as error:
        raise OverlayError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > _MOST:
        raise OverlayError(f"{path} is too large")
    return data
