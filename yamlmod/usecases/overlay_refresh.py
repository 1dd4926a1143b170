"""Plan an overlay again, on the version of the package that is installed now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from yamlmod.fork.audit.installed_modules import survey
from yamlmod.fork.patch.plan import Plan
from yamlmod.usecases.chosen_module import Choices
from yamlmod.usecases.installed import InstalledPackage, find_package
from yamlmod.usecases.located_fork import LocatedFork, PlannedPatch, located_in
from yamlmod.usecases.module_uses import uses
from yamlmod.usecases.overlay_plan import package_changes
from yamlmod.usecases.patch import plan_patch
from yamlmod.workspace.files import FileChange, TextFile
from yamlmod.workspace.overlay_folder import (
    OWN,
    ModuleWord,
    OverlayManifest,
    place_in,
    read_manifest,
)
from yamlmod.workspace.overlay_tree import OverlayTree
from yamlmod.workspace.search import python_files


class PlannedRefresh(NamedTuple):
    """An overlay planned again: nothing is written."""

    manifest: OverlayManifest
    package: InstalledPackage
    planned: PlannedPatch
    changes: tuple[FileChange, ...]
    shown: tuple[FileChange, ...]
    # Rows of the overlay's YAMLs that the installed version cannot build.
    warnings: tuple[str, ...]


def plan_refresh(folder: Path, python: str | None = None) -> PlannedRefresh:
    """Plan every module of an overlay on the installed package. Raises Refusal where one fails."""
    manifest = read_manifest(folder)
    package = find_package(manifest.package, python)
    fresh = manifest._replace(files={}, distribution=package.distribution, version=package.version)
    tree = OverlayTree(package.folder, folder, fresh)
    located = located_in(tree)
    plans: list[Plan] = []
    for module in manifest.modules:
        part = plan_patch(located, [_word(folder, module)], _choices(module))
        part.changes()  # reads the texts a second time, as every write does
        plans.append(part.plan)
        _apply(tree, part.plan)
        located = located_in(tree)
    plan = Plan.joined(plans)
    planned = PlannedPatch(located, plan)
    after = {path: text for path, text in plan.texts.items() if text is not None}
    gone = [path for path in manifest.files if path not in after]
    base = OverlayTree(package.folder, folder, fresh)
    for path in after:
        base.read(path)
    shown = package_changes(base, after)
    changes = PlannedPatch(LocatedFork(base, located.fork), Plan(after)).changes()
    lost = [base.removal(path) for path in gone]
    return PlannedRefresh(
        manifest,
        package,
        planned,
        (*changes, *(change for change in lost if change.before)),
        tuple(shown),
        tuple(_unknown_rows(located, package)),
    )


def _unknown_rows(located: LocatedFork, package: InstalledPackage) -> Iterator[str]:
    tree, fork = located
    known = survey(tree, fork, dict(python_files(tree))).known
    if known.open:
        return
    for use in uses(tree):
        if known.lacks(use.module):
            where = f"{use.path}:{use.line}"
            yield f"{where}: {package.distribution} {package.version} has no {use.module}"


def _apply(tree: OverlayTree, plan: Plan) -> None:
    """Let the next module be planned on what this one leaves."""
    for path, text in plan.texts.items():
        if text is None:
            continue
        old = tree.files.get(path)
        bom = old is not None and old.bom
        raw = old.encode(text) if old is not None else text.encode("utf-8")
        tree.files[path] = TextFile(tree.text_path(path), raw, text, bom)


def _word(folder: Path, module: ModuleWord) -> str:
    if not module.word.startswith(f"{OWN}/"):
        return module.word
    file, _, name = module.word.rpartition(":")
    return f"{place_in(folder, file)}:{name}"


def _choices(module: ModuleWord) -> Choices:
    return Choices(module.as_name, module.use_existing, module.rule, False, module.placement)
