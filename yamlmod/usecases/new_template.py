"""Write the files of a new template, and say what to do with them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.registry.catalogue import find
from yamlmod.registry.class_names import check_class_name, stem_of
from yamlmod.registry.rules import RULES
from yamlmod.registry.sources import (
    CONFIG,
    TemplateSource,
    project_sources,
    user_config,
    user_folder,
    user_sources,
)
from yamlmod.workspace.commit import commit
from yamlmod.workspace.files import FileChange, current_folder, display, exists, real_path

_DEFAULT = "yamlmod_templates"


def place_for(name: str, rule: str, folder: Path | None) -> Path:
    """Return the folder that will hold the template's; refuses what could not be found there."""
    check_class_name(name, "NAME")
    if rule not in RULES:
        known = ", ".join(RULES)
        raise Refusal("bad-rule", f"--rule {rule!r} is none of {known}", hint="choose one of them")
    taken = find(name)
    if taken is not None:
        raise Refusal(
            "name-taken",
            f"there is a module {taken.name} already ({taken.origin}), and it would come first",
            hint="choose another name",
        )
    if folder is not None:
        return folder
    source = next((s for s in _searched() if not exists(s.folder / "manifest.toml")), None)
    if source is None:
        return _inside_here(Path(_DEFAULT))
    # A folder that is not there yet is made.
    if source.trouble is not None and source.trouble.code != "no-templates":
        raise Refusal(
            source.trouble.code,
            source.trouble.message,
            place=source.trouble.place,
            hint="--dir DIR says where the template goes",
        )
    return source.folder


def _inside_here(folder: Path) -> Path:
    """Refuse a folder of the usual name that is a link: the repository may have brought it."""
    here = current_folder()
    if here is not None and not real_path(folder).is_relative_to(here):
        raise Refusal(
            "outside",
            f"{folder} is a link that leads out of the current folder, to {real_path(folder)}",
            hint=f"--dir {folder} if that is where the template is to go",
        )
    return folder


def write(home: Path, files: Mapping[Path, str], dry_run: bool) -> tuple[str, ...]:
    """Write the files of a new folder, all or none; return warnings. Refuses one that exists."""
    if exists(home):
        raise Refusal(
            "exists",
            f"{display(home)} exists, and `new` overwrites nothing",
            hint="choose another name or another --dir",
        )
    if dry_run:
        return ()
    made = [one for one in (home, *home.parents) if not exists(one)]
    try:
        home.mkdir(parents=True)
        done = commit(
            [FileChange(path, None, text.encode("ascii")) for path, text in files.items()]
        )
    except (OSError, Refusal) as error:
        for one in made:
            with contextlib.suppress(OSError):
                one.rmdir()
        if isinstance(error, Refusal):
            raise
        reason = error.strerror or str(error)
        raise Refusal("unwritable", f"{display(home)} cannot be made: {reason}") from error
    return tuple(done.lines())


def next_steps(name: str, home: Path, parent: Path, dry_run: bool) -> list[str]:
    """Return what a person does next."""
    stem = stem_of(name)
    lines = [f"{'would write' if dry_run else 'wrote'} {display(home)}/"]
    lines += [
        f"  {stem}.py        the module: put your own in its place",
        "  manifest.toml  its name, rule and arguments, which must follow",
        f"  test_{stem}.py   run it with: pytest {display(home)}",
        "",
    ]
    if real_path(parent) not in _looked_at():
        here = current_folder()
        inside = here is not None and real_path(parent).is_relative_to(here)
        config = f"{CONFIG}, here or further up" if inside else str(user_config())
        lines += [
            f"yamlmod does not look there yet: put this line into {config}",
            f'  templates = ["{display(parent)}"]',
            "",
        ]
    return [
        *lines,
        f"then: yamlmod info {name}",
        f"      yamlmod add {name} --repo REPO --cfg CFG --after SPPF",
    ]


def _looked_at() -> set[Path]:
    troubled = ("outside", "bad-config")
    folders = [
        one.folder
        for one in (*_searched(), *user_sources())
        if one.trouble is None or one.trouble.code not in troubled
    ]
    return {real_path(folder) for folder in (*folders, user_folder())}


def _searched() -> list[TemplateSource]:
    here = current_folder()
    return [] if here is None else list(project_sources(here))
