"""Every template there is: found by folder, looked up by name or alias."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
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
    found = [_template(folder) for folder, _ in _manifests()]
    return tuple(sorted(found, key=lambda template: template.name.lower()))


def naming(names: Iterable[str]) -> list[Template]:
    """Return the templates that may be called one of ``names``, and perhaps a few more.

    Only those whose manifest spells a name in quotes are parsed: an edit needs one or two of many.
    """
    quoted = [f'"{name}"' for name in names]
    return [
        _template(folder) for folder, text in _manifests() if any(word in text for word in quoted)
    ]


@cache
def _template(folder: Path) -> Template:
    return read_template(folder)


@cache
def _manifests() -> tuple[tuple[Path, str], ...]:
    """Return the folder of every template with the text of its manifest."""
    folder = templates_folder()
    if not folder.is_dir():
        raise Refusal(
            "no-templates",
            f"there is no folder of templates at {folder}",
            hint="reinstall yolo-yamlmod",
        )
    paths = sorted(folder.glob("*/manifest.toml"))
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in paths)
    return tuple((path.parent, text) for path, text in zip(paths, texts, strict=True))


@cache
def find(name: str) -> Template | None:
    """Return the template that ``name`` (its name, class or an alias) means, or None."""
    for template in naming([name]):
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
