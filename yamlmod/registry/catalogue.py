"""Every template there is: found by folder, looked up by name or alias."""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path

from yamlmod.errors import Refusal, one_of
from yamlmod.registry.manifest import Template, read_template


def templates_folder() -> Path:
    """Return the folder of the templates: the checkout's own before an installed copy.

    An editable install leaves a copy beside the package that grows stale; the live folder wins.
    """
    package = Path(__file__).resolve().parent.parent
    live = package.parent / "templates"
    is_checkout = (package.parent / "pyproject.toml").is_file() and live.is_dir()
    return live if is_checkout else package / "templates"


@cache
def catalogue() -> tuple[Template, ...]:
    """Return every template, by name."""
    folder = templates_folder()
    if not folder.is_dir():
        raise Refusal(
            "no-templates",
            f"there is no folder of templates at {folder}",
            hint="reinstall yolo-yamlmod",
        )
    found = [read_template(path.parent) for path in sorted(folder.glob("*/manifest.toml"))]
    return tuple(sorted(found, key=lambda template: template.name.lower()))


def find(name: str) -> Template | None:
    """Return the template that ``name`` (its name, class or an alias) means, or None."""
    for template in catalogue():
        if name in template.names:
            return template
    folded = [t for t in catalogue() if name.lower() in (n.lower() for n in t.names)]
    return folded[0] if len(folded) == 1 else None


def get(name: str) -> Template:
    """Return the template that ``name`` means; a Refusal lists what comes near."""
    template = find(name)
    if template is not None:
        return template
    known = [n for t in catalogue() for n in t.names]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {one_of(near)}? " if near else ""
    raise Refusal(
        "unknown-module",
        f"the registry has no module {name!r}",
        hint=hint + "`yamlmod list` shows all of them",
    )
