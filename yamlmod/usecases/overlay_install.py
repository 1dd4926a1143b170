"""Install an overlay into an environment: one line in a .pth file, and its removal."""

from __future__ import annotations

import ast
import os
import sys
from pathlib import Path
from typing import NamedTuple

from yamlmod.errors import Refusal
from yamlmod.runtime.yamlmod_overlay.yamlmod_cache import cache_folder
from yamlmod.usecases.installed import InstalledPackage, ask_for_package, find_package
from yamlmod.usecases.overlay_exec import CheckedOverlay, checked_overlay
from yamlmod.usecases.overlay_plan import loader_files
from yamlmod.workspace import disk
from yamlmod.workspace.files import display, real_path

_MARK = "# yamlmod overlay of "
# Python reads the .pth files of a venv twice. The loader is not imported by its name: compiled code
# that came with the folder would be run in place of what was compared with yamlmod's own. Its own
# compiled code is kept in the user's cache: this is run at every start of Python.
_CODE = """
import os, sys
folder = {folder!r}
path = os.path.join(folder, "yamlmod_loader.py")
hooks = sys.__dict__.setdefault("yamlmod_hooks", set())
if path not in hooks and not os.environ.get("YAMLMOD_OVERLAY_OFF"):
    hooks.add(path)
    names = {{"__name__": "yamlmod_loader", "__file__": path}}
    try:
        if {cache!r}:
            from _frozen_importlib_external import SourceFileLoader
            prefix, sys.pycache_prefix = sys.pycache_prefix, {cache!r}
            try:
                code = SourceFileLoader("yamlmod_loader", path).get_code("yamlmod_loader")
            finally:
                sys.pycache_prefix = prefix
        else:
            with open(path, "rb") as file:
                code = compile(file.read(), path, "exec", dont_inherit=True)
        exec(code, names)
        names["CACHE"] = {cache!r}
        names["activate"](folder)
    except Exception as error:
        sys.stderr.write(
            "yamlmod: %s; `yamlmod overlay uninstall {package} -w` switches it off\\n" % error
        )
"""


class Hook(NamedTuple):
    """The .pth file of an environment that activates an overlay."""

    path: Path
    text: str
    before: bytes | None

    @property
    def is_there(self) -> bool:
        return self.before == self.text.encode()

    def data(self, changed: bool, written: bool) -> dict[str, object]:
        """Return what JSON says of a write of it."""
        path = str(self.path)
        return {"changed": changed, "files": [path], "written": [path] if written else []}

    def write(self) -> None:
        """Write the file, or remove it. Raises Refusal where the environment is read-only."""
        draft = self.path.with_name(f".{self.path.name}.tmp")
        try:
            if not self.text:
                disk.remove(self.path)
                return
            disk.remove(draft)
            disk.write_new(draft, self.text.encode())
            disk.replace(draft, self.path)
        except OSError as error:
            raise Refusal(
                "unwritable",
                f"{self.path.as_posix()} cannot be written: {error.strerror or error}",
                hint="without it: `yamlmod exec COMMAND...`, or `import` of the overlay as the "
                "first line of a script; nothing was changed",
            ) from error


def plan_hook(folder: Path, python: str | None = None) -> tuple[CheckedOverlay, Hook]:
    """Plan the hook of an overlay. Raises Refusal where it is damaged or not yamlmod's own."""
    overlay = checked_overlay(folder)
    real = real_path(folder)
    for name, data in loader_files().items():
        if disk.read(real / name, disk.LIMIT, real) != data:
            raise Refusal(
                "overlay-loader",
                f"{display(folder / name)} is not the loader of this yamlmod",
                hint=f"`yamlmod overlay refresh {display(folder)} -w` writes it again",
            )
    package = find_package(overlay.manifest.package, python)
    path = _hook_path(package.site, package.name)
    code = _CODE.format(folder=str(real), package=package.name, cache=_cache(real))
    text = f"{_MARK}{package.name}: {str(real)!a}\nimport sys; exec({code!a})\n"
    return overlay, Hook(path, text, _own(path))


def plan_removal(package: str, python: str | None = None) -> Hook:
    """Plan the removal of a package's hook. Raises Refusal where there is none.

    The package itself may have been uninstalled.
    """
    _, found = ask_for_package(package, python)
    path = _hook_path(Path(found["site"]), found["name"] or package)
    before = _own(path)
    if before is None:
        raise Refusal("no-overlay", f"no overlay of {package} is installed in {path.parent}")
    return Hook(path, "", before)


def _hook_path(site: Path, package: str) -> Path:
    return site / f"yamlmod_overlay_{package}.pth"


def installed_overlay(package: InstalledPackage) -> str:
    """Return the folder that an environment's hook names, empty where it has none."""
    before = disk.read(_hook_path(package.site, package.name)) or b""
    first = before.decode("utf-8", "replace").partition("\n")[0]
    if not first.startswith(_MARK):
        return ""
    try:
        folder = ast.literal_eval(first.partition(": ")[2])
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ""
    return folder if isinstance(folder, str) else ""


def _cache(folder: Path) -> str:
    """Return where compiled code of the loader is kept, empty where others could change it."""
    place = cache_folder(str(folder))
    return str(Path(place, "loader")) if place and _is_private(Path(place)) else ""


def _is_private(place: Path) -> bool:
    """Check whether this user alone can make or change what lies in a folder."""
    if sys.platform == "win32":
        return True
    status = next(one for one in (place, *place.parents) if one.exists()).stat()
    return status.st_uid == os.geteuid() and not status.st_mode & 0o022


def _own(path: Path) -> bytes | None:
    before = disk.read(path)
    if before is not None and not before.startswith(_MARK.encode()):
        raise Refusal("exists", f"{path.as_posix()} is there, and not from yamlmod")
    return before
