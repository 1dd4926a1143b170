"""Ask the fork around a model YAML which classes its parse function can name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from yamlmod.errors import Refusal, one_of
from yamlmod.workspace.files import current_folder, display, real_path
from yamlmod.workspace.near_fork import fork_around, relative

if TYPE_CHECKING:
    from yamlmod.usecases.located_fork import LocatedFork


def fork_of(cfg: Path) -> Path | None:
    """Return the fork around a file, None where there is none."""
    found = fork_around(real_path(cfg).parent)
    return None if found is None else relative(found, current_folder())


def missing_notes(cfg: Path, modules: Iterable[str]) -> tuple[str, ...]:
    """Return notes for the classes that the fork around a YAML does not have, and what adds them.

    Nothing is said where there is no fork, or where it cannot be read.
    """
    repo = fork_of(cfg)
    if repo is None:
        return ()
    lost = missing_classes(repo, modules)
    if not lost:
        return ()
    from yamlmod.registry.catalogue import find, near_names

    notes = []
    ours = [name for name in lost if find(name)]
    if ours:
        command = f"yamlmod patch {quoted(repo)} {' '.join(ours)} -w"
        notes.append(f"the fork {display(repo)} has no {one_of(ours)}: `{command}`")
    for name in lost:
        if name not in ours:
            near = near_names(name, 0.65)
            meant = f" (did you mean {' or '.join(near[:2])}?)" if near else ""
            notes.append(f"neither the fork {display(repo)} nor the registry has {name}{meant}")
    return tuple(notes)


def missing_classes(repo: Path, modules: Iterable[str], target: str = "") -> list[str]:
    """Return the modules that a fork's parse function certainly cannot name."""
    from yamlmod.fork.python.answers import Missing
    from yamlmod.usecases.located_fork import open_fork

    try:
        fork = open_fork(repo, target).fork
        names = dict.fromkeys(name for name in modules if "." not in name)
        return [n for n in names if isinstance(fork.graph.denotes(fork.yolo, n), Missing)]
    except Refusal:
        return []


def refuse_near_alias(cfg: Path, word: str) -> None:
    """Refuse an alias of the registry that is a class of the fork around a YAML."""
    from yamlmod.registry.catalogue import find

    template, repo = find(word), fork_of(cfg)
    if repo is None or template is None or word in (template.name, template.class_name):
        return
    from yamlmod.usecases.located_fork import open_fork

    try:
        located = open_fork(repo)
    except Refusal:
        return
    refuse_alias(located, word)


def refuse_alias(located: LocatedFork, word: str) -> None:
    """Refuse an alias of the registry that is a class of the fork: the row would name another."""
    from yamlmod.fork.python.answers import class_in
    from yamlmod.registry.catalogue import find

    template = find(word)
    if template is None or word in (template.name, template.class_name) or not word.isidentifier():
        return
    tree, fork = located
    answers = (fork.graph.denotes_in_module(path, word) for path in (fork.yolo, fork.common))
    own = next((found for answer in answers if (found := class_in(answer))), None)
    if own is None:
        return
    raise Refusal(
        "alias",
        f"{word} is an alias of {template.name} in the registry, and a class of the fork "
        f"({tree.shown(own.path)}:{getattr(own.node, 'lineno', 1)})",
        hint=f"name {template.name} for the one of the registry\n"
        f"add --use-existing, or give --repo, for the one of the fork",
    )


def quoted(path: Path) -> str:
    import shlex

    return shlex.quote(display(path))
