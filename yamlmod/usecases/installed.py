"""Find an installed package by its name, and open it with an overlay before it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from yamlmod.errors import Refusal
from yamlmod.registry.settings import ProjectSettings, settings
from yamlmod.runtime.interpreter import Interpreter, ask_package, choose_owner
from yamlmod.runtime.yamlmod_worker.answers import PackageAnswer
from yamlmod.workspace.files import display, link_name, real_path
from yamlmod.workspace.home import is_installed
from yamlmod.workspace.overlay_folder import (
    OverlayManifest,
    default_folder,
    is_overlay,
    read_manifest,
)
from yamlmod.workspace.overlay_tree import OverlayTree
from yamlmod.workspace.tree import Tree

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
# A word that ends so means a file, which is missing.
_FILE = re.compile(r".*\.(ya?ml|py|pt|pth|json|toml|txt|zip)", re.IGNORECASE)


class InstalledPackage(NamedTuple):
    """A package that a Python has, and that Python."""

    name: str
    folder: Path
    distribution: str
    version: str
    site: Path
    interpreter: Interpreter


def is_package_word(repo: Path) -> bool:
    """Check whether REPO is a name and no folder: that of an installed package."""
    word = str(repo)
    is_name = _WORD.fullmatch(word) is not None and _FILE.fullmatch(word) is None
    return is_name and not repo.exists()


def package_of(repo: Path) -> str | None:
    """Return the package that REPO means: by its name, by an overlay, or by its folder."""
    if is_overlay(repo):
        return read_manifest(repo).package
    if is_package_word(repo):
        return str(repo)
    real = real_path(repo)
    return real.name if repo.is_dir() and is_installed(real) else None


@cache
def find_package(word: str, python: str | None = None) -> InstalledPackage:
    """Return the installed package of a name. Raises Refusal where that Python has none.

    The Python is run once, for at most 20 s; the package is not imported.
    """
    interpreter, found = ask_for_package(word, python)
    name, folder = found["name"], found["folder"]
    if name is None or folder is None:
        raise Refusal(
            "no-such-package",
            f"there is no folder {word}, and {interpreter.path} ({interpreter.why}) has no package "
            "of that name",
            hint="give the folder of the fork\nor activate the environment that has the package\n"
            "or, where the command has it, name its Python: --python PATH",
        )
    distribution, version = found["distribution"] or name, found["version"] or "unknown"
    site = Path(found["site"])
    return InstalledPackage(name, Path(folder), distribution, version, site, interpreter)


@cache
def ask_for_package(word: str, python: str | None = None) -> tuple[Interpreter, PackageAnswer]:
    """Ask a Python about a package: the one given, the user's own choice, or the usual one.

    One that the yamlmod.toml of a repository names is not run: this is asked by commands that
    run nothing of a repository.
    """
    defaults = settings() if python is None else ProjectSettings()
    why = "--python" if python else f"`python` in {defaults.shown}"
    interpreter = choose_owner(word, python or defaults.users_python, why)
    return interpreter, ask_package(interpreter, word)


def open_tree(repo: Path, python: str | None = None) -> Tree:
    """Return the files of REPO: a folder, an installed package by its name, or an overlay."""
    if is_overlay(repo):
        return open_overlay(repo, python)
    if is_package_word(repo):
        return Tree(find_package(str(repo), python).folder)
    return Tree(repo)


def open_overlay(folder: Path, python: str | None = None) -> OverlayTree:
    """Return a package with an overlay before it. Raises Refusal where it does not fit."""
    manifest = read_manifest(folder)
    package = find_package(manifest.package, python)
    tree = OverlayTree(package.folder, folder, manifest)
    misfits = tree.misfits()
    if misfits:
        raise outdated(folder, manifest, package, misfits[0])
    return tree


def outdated(
    folder: Path, manifest: OverlayManifest, package: InstalledPackage, path: str
) -> Refusal:
    """Return the refusal of an overlay that was made for other files than are installed."""
    name = manifest.distribution
    return Refusal(
        "overlay-outdated",
        f"{display(folder)} was made for {name} {manifest.version}, and {name} "
        f"{package.version} is installed, with another {path}",
        hint=f"`yamlmod overlay refresh {display(folder)} -w` updates it",
    )


def new_overlay(repo: Path, folder: Path | None, python: str | None = None) -> OverlayTree:
    """Return the overlay that `--overlay` names: the one that is there, or an empty one."""
    if is_overlay(repo):
        if folder is not None and real_path(folder) != real_path(repo):
            raise Refusal("usage", f"{display(repo)} is an overlay itself; leave --overlay out")
        return open_overlay(repo, python)
    word = package_of(repo)
    if word is None:
        raise Refusal(
            "not-installed",
            f"{display(repo)} is no installed package: --overlay is for those",
            hint="a clone is patched in place: leave --overlay out",
        )
    package = find_package(word, python)
    if repo.is_dir() and real_path(repo) != package.folder:
        raise Refusal(
            "not-installed",
            f"{display(repo)} is not the {word} that {package.interpreter.path} imports: that is "
            f"{package.folder.as_posix()}",
            hint="name the Python that imports it: --python PATH",
        )
    target = default_folder(package.name) if folder is None else folder
    if folder is None and target.is_symlink():
        raise Refusal(
            "outside",
            f"{link_name(target)} is a link, and a folder that no one named is made here only",
            hint=f"name the folder: --overlay {target}",
        )
    if not target.name.isidentifier():
        raise Refusal(
            "usage",
            f"an overlay is imported by the name of its folder, and {target.name!r} is none",
            hint=f"--overlay {default_folder(package.name)}",
        )
    if is_overlay(target):
        tree = open_overlay(target, python)
        if tree.manifest.package == package.name:
            return tree
        raise Refusal("exists", f"{display(target)} is an overlay of {tree.manifest.package}")
    if target.exists() and (not target.is_dir() or any(_names(target))):
        raise Refusal(
            "exists",
            f"{display(target)} is there and is no overlay",
            hint="name another folder: --overlay DIR",
        )
    empty = OverlayManifest(package.name, package.distribution, package.version)
    return OverlayTree(package.folder, target, empty)


def refuse_in_place(tree: Tree) -> None:
    """Refuse to patch an installed package: the next upgrade would remove the patch."""
    root = real_path(tree.root)
    if isinstance(tree, OverlayTree) or not is_installed(root):
        return
    raise Refusal(
        "installed-package",
        f"{display(tree.root)} is an installed package: an upgrade would remove the patch, and "
        "checkpoints that need it would not load",
        hint=f"--overlay keeps the patch in {default_folder(root.name)}/, a folder of yours, and "
        "the package as it is\na clone, installed with `pip install -e`, can be patched\n"
        "--in-place patches it all the same",
    )


def in_place_note(package: str) -> str:
    return (
        f"an upgrade or a new installation of {package} removes this patch, and checkpoints that "
        "need it do not load then"
    )


def _names(folder: Path) -> list[str]:
    from yamlmod.workspace import disk

    return disk.names(folder)
