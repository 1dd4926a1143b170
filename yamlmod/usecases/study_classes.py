"""Find the modules of a study that are not the registry's: the fork has its own of that name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from yamlmod.fork.audit.installed_modules import Patched, survey
from yamlmod.fork.python.answers import class_in
from yamlmod.model.parser_facts import ParserNames
from yamlmod.registry.catalogue import find
from yamlmod.usecases.located_fork import LocatedFork
from yamlmod.workspace.search import python_files


def other_classes(
    located: LocatedFork, names: ParserNames, modules: Iterable[str]
) -> Iterator[str]:
    """Yield a line for each module that the registry has, too, and that the fork's parser knows.

    The study trains the fork's class. Without this line its result would pass for the registry's.
    """
    asked = sorted(name for name in set(modules) if find(name) and names.has(name))
    if not asked:
        return
    patched = survey(*located, dict(python_files(located.tree))).patched
    installed = {one.class_name: one for one in patched}
    for name in asked:
        told = _told(installed.get(name))
        if told:
            place = _place(located, name)
            yield f"{name}{place} is {told}: the study trains it, not the registry's"


def _told(module: Patched | None) -> str:
    if module is None or module.state == "own":
        return "the fork's own class"
    if module.state == "edited":
        return "edited by hand"
    return f"version {module.version}" if module.state == "outdated" else ""


def _place(located: LocatedFork, name: str) -> str:
    tree, fork = located
    found = class_in(fork.graph.denotes(fork.yolo, name))
    return "" if found is None else f" ({tree.shown(found.path)}:{found.line})"
