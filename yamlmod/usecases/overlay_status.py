"""Find patches that are gone: from a package since a write, from an overlay, for a checkpoint."""

from __future__ import annotations

from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.fork.python.answers import Missing
from yamlmod.usecases.installed import open_tree, package_of
from yamlmod.usecases.located_fork import LocatedFork, located_in
from yamlmod.usecases.overlay_plan import loader_files
from yamlmod.workspace import disk
from yamlmod.workspace.files import display, real_path
from yamlmod.workspace.home import is_installed
from yamlmod.workspace.overlay_folder import is_overlay
from yamlmod.workspace.overlay_tree import OverlayTree
from yamlmod.workspace.record import Saved, digest
from yamlmod.workspace.wording import command_text, safe


def overlay_stale(repo: Path) -> list[str]:
    """Return what is out of date in an overlay folder that fits its package."""
    if not is_overlay(repo):
        return []
    real = real_path(repo)
    return [
        f"{display(repo / name)} is not the loader of this yamlmod "
        f"(`yamlmod overlay refresh {display(repo)} -w`)"
        for name, data in loader_files().items()
        if disk.read(real / name, disk.LIMIT, real) != data
    ]


def lost_patches(repo: Path, python: str | None) -> list[str]:
    """Return the patches of an installed package that are not in its files any more.

    An upgrade replaces the files; what was written there is known from the journal.
    """
    if is_overlay(repo) or package_of(repo) is None:
        return []
    root = real_path(open_tree(repo, python).root)
    if not is_installed(root):
        return []
    from yamlmod.workspace.home import home_of
    from yamlmod.workspace.journal import entries

    records = [entry.record for entry in entries(home_of(root)) if entry.record is not None]
    written = {record.number: record for record in records if record.kind == "write"}
    last: dict[Path, tuple[Saved, str]] = {}
    for record in records:
        first = written.get(record.write, record)  # of a redo, what is done again
        patches = record.kind != "undo" and first.command[1:2] in (("add",), ("patch",))
        told = f"`{command_text(first.command)}` of {safe(first.when)}" if patches else ""
        for file in record.files:
            if file.kept and file.path.suffix == ".py":
                last[file.path] = (file, told)
    return [
        f"{display(path)} lost the patch of {told}: an upgrade, or another edit, replaced it"
        for path, (file, told) in sorted(last.items())
        if told and digest(disk.read(path)) != file.after
    ]


def missing_classes_of(repo: Path, weights: Path, python: str | None) -> list[str]:
    """Return the classes that a checkpoint names and a fork does not have; it is not loaded."""
    from yamlmod.runtime.yamlmod_worker.checkpoints.checkpoint import open_checkpoint
    from yamlmod.runtime.yamlmod_worker.refused import Refused

    try:
        located = located_in(open_tree(repo, python))
    except Refusal as error:
        if error.code != "overlay-outdated":
            raise
        return []  # which is reported of the overlay itself
    try:
        checkpoint = open_checkpoint(str(weights))
    except (Refused, OSError) as error:
        message = getattr(error, "message", None) or str(error)
        raise Refusal("unreadable", f"{display(weights)}: {message}") from None
    lost = []
    for name in checkpoint.names:
        is_own, path = _file_of(located, name.module)
        if not is_own:
            continue
        is_lost = path is None or isinstance(
            located.fork.graph.denotes_in_module(path, name.name), Missing
        )
        if is_lost:
            lost.append(f"{display(weights)} needs {name.module}.{name.name}, which is not there")
    return lost


def _file_of(located: LocatedFork, module: str) -> tuple[bool, str | None]:
    """Return whether a module is the fork's own, and its file, None where it is gone."""
    tree = located.tree
    parts = module.split(".")
    root = real_path(tree.root).name
    if isinstance(tree, OverlayTree):
        root = tree.manifest.package
    for inner in ([parts[1:]] if parts[0] == root else []) + [parts]:
        for path in ("/".join(inner) + ".py", "/".join([*inner, "__init__.py"])):
            if inner and tree.is_file(path):
                return True, path
    is_own = parts[0] == root or tree.is_folder(parts[0])
    return is_own, None
