"""Find templates in their folders, and look them up by name or alias."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from yamlmod.errors import Place, Refusal, one_of
from yamlmod.registry.class_names import check_class_name
from yamlmod.registry.sources import TemplateSource, pack_sources, project_sources, user_sources
from yamlmod.workspace.disk import read_regular

if TYPE_CHECKING:
    from yamlmod.registry.template import Template

# Limit for a repository: checking the worst text takes seconds per megabyte.
MAX_CODE_OF_PROJECT = 1_000_000
# The keys that name a module; each of the built-in manifests has its value on the same line.
_NAMES = ("name", "class", "aliases", "names_zh")
_BROKEN = 50_000  # cost of a template that cannot be read
_SPDX = "# SPDX-License-Identifier:"


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
    """Return every built-in template, sorted by name."""
    templates = [_template(folder) for folder, _ in _manifests()]
    return tuple(sorted(templates, key=lambda template: template.name.lower()))


def naming(names: Iterable[str]) -> list[Template]:
    """Return the built-in templates called one of ``names`` in any case, and perhaps a few more.

    Only those that spell a name where a manifest names its module are parsed: one or two of many.
    """
    wanted = {name.lower() for name in names}
    quoted = [f'"{name}"' for name in wanted]
    return [
        _template(folder)
        for folder, text in _manifests()
        if any(word in text for word in quoted) and not wanted.isdisjoint(_names(folder))
    ]


@cache
def _names(folder: Path) -> dict[str, str]:
    """Return the names in a manifest by their lower case, without reading the template."""
    from yamlmod.registry.manifest import manifest_names

    return {name.lower(): name for name in manifest_names(folder)}


@cache
def _template(folder: Path) -> Template:
    # Here and not at the top: most model YAMLs name no module of the registry.
    from yamlmod.registry.manifest import read_template

    return read_template(folder, later=True)


@cache
def _manifests() -> tuple[tuple[Path, str], ...]:
    """Return the folder of every template with the lines that name it, in lower case."""
    folder = templates_folder()
    if not folder.is_dir():
        raise Refusal(
            "no-templates",
            f"there is no folder of templates at {folder}",
            hint="reinstall yolo-yamlmod",
        )
    paths = sorted(folder.glob("*/manifest.toml"))
    texts = (read_regular(path).decode("utf-8", "replace").lower() for path in paths)
    return tuple(
        (path.parent, "\n".join(line for line in text.split("\n") if line.startswith(_NAMES)))
        for path, text in zip(paths, texts, strict=True)
    )


class Broken(NamedTuple):
    """A template folder, or a whole source, that cannot be read; all others still work."""

    names: tuple[str, ...]
    origin: str
    refusal: Refusal


class Others(NamedTuple):
    """The templates that are not built in, in the order in which a name is looked up."""

    templates: tuple[Template, ...]
    broken: tuple[Broken, ...]


@cache
def local() -> Others:
    """Return the templates of the project's yamlmod.toml and of the user's folder."""
    return _read(chain(_project(), user_sources()))


@cache
def others() -> Others:
    """Return every template that is not built in; those of packs take a while to find."""
    packs = _read(pack_sources())
    return Others(local().templates + packs.templates, local().broken + packs.broken)


def _read(sources: Iterable[TemplateSource]) -> Others:
    found: list[Template] = []
    broken: list[Broken] = []
    left = MAX_CODE_OF_PROJECT
    for source in sources:
        try:
            if source.trouble is not None:
                raise source.trouble
            folders = source.folders()
        except Refusal as refusal:
            broken.append(Broken((), source.origin, refusal))
            continue
        for folder in folders:
            if left <= 0:
                broken.append(Broken((), source.origin, _too_many(source)))
                break
            cost = _BROKEN
            try:
                template = _checked(folder, source)
                found.append(template)
                cost = len(template.source)
            except Refusal as refusal:
                from yamlmod.registry.manifest import manifest_name

                names = tuple({folder.name, manifest_name(folder, source.below)})
                broken.append(Broken(names, source.origin, refusal))
            left -= cost if source.below is not None else 0
    return Others(tuple(found), tuple(broken))


def _too_many(source: TemplateSource) -> Refusal:
    message = f"its templates have more than {MAX_CODE_OF_PROJECT:,} bytes; the rest is skipped"
    return Refusal("too-many", message, place=Place(source.folder.name))


def find(name: str, in_packs: bool = True) -> Template | None:
    """Find a template by its name, its class, an alias or a Chinese name.

    Built-in templates come first, then those of yamlmod.toml, of the user's folder and of packs,
    which are searched only if no built-in template has the name, and not at all without
    ``in_packs``: to list the installed packages takes longer than to check a file. Raises a Refusal
    if a template of that name cannot be read.
    """
    template = _built_in(name) or _among(local().templates, name)
    if template is not None or not in_packs:
        return template
    template = _among(others().templates, name)
    for broken in others().broken if template is None else ():
        if name in broken.names:
            raise broken.refusal
    return template


@cache
def _built_in(name: str) -> Template | None:
    return _among(naming([name]), name)


def get(name: str) -> Template:
    """Find a template by name; the Refusal lists similar names."""
    template = find(name)
    if template is not None:
        return template
    near = near_names(name)
    hint = f"did you mean {one_of(near)}? " if near else ""
    if name.lower().endswith((".yaml", ".yml")):
        hint = f"that is a YAML, and a module is a name such as SimAM (`yamlmod show {name}`); "
    lines = [hint + "`yamlmod list` shows all of them", *warnings()]
    raise Refusal("unknown-module", f"the registry has no module {name!r}", hint="\n".join(lines))


@cache  # a study and a recipe ask for one name at many positions
def near_names(name: str, cutoff: float = 0.5) -> tuple[str, ...]:
    """Return names of templates that are spelled like ``name``, in any case, best first.

    Built-in templates are not read, only the names in their manifests.
    """
    known: dict[str, str] = {}
    for template in reversed(others().templates):
        known.update((n.lower(), n) for n in (*template.names, *template.names_zh))
    for folder, _ in reversed(_manifests()):
        known.update(_names(folder))
    near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=cutoff)
    return tuple(known[word] for word in near)


def warnings() -> list[str]:
    """Warnings about templates that cannot be read, or that are hidden by another one."""
    lines = [f"{broken.origin}: {broken.refusal.lines()[0]}" for broken in others().broken]
    seen: dict[str, Template] = {}
    for template in (*catalogue(), *others().templates):
        first = seen.setdefault(template.name, template)
        if first is not template:
            lines.append(
                f"{template.origin}: {template.name} is hidden by a template of the same name "
                f"({first.origin})"
            )
    return lines


def visible() -> tuple[Template, ...]:
    """Return every template that a name can mean, the built-in ones first."""
    first = {template.name: template for template in reversed((*catalogue(), *others().templates))}
    return tuple(t for t in (*catalogue(), *others().templates) if first[t.name] is t)


def _among(templates: Iterable[Template], name: str) -> Template | None:
    templates = list(templates)
    for template in templates:
        if name in template.names or name in template.names_zh:
            return template
    folded = [t for t in templates if name.lower() in (n.lower() for n in (*t.names, *t.names_zh))]
    return folded[0] if len({t.name for t in folded}) == 1 else None


def _project() -> Iterator[TemplateSource]:
    try:
        here = Path.cwd()
    except OSError:  # the current folder has been deleted
        return iter(())
    return project_sources(here)


def _checked(folder: Path, source: TemplateSource) -> Template:
    """Read a user's template and check its text against its manifest."""
    from yamlmod.registry.manifest import read_template

    template = read_template(folder, source.below)
    check_class_name(template.class_name, "class")
    check_class_name(template.name, "name")
    place = Place(template.file)
    try:
        tree = ast.parse(template.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Refusal("bad-template", f"not valid Python: {error}", place=place) from error
    if not any(isinstance(n, ast.ClassDef) and n.name == template.class_name for n in tree.body):
        raise Refusal("bad-template", f"defines no class {template.class_name}", place=place)
    first = template.source.split("\n", 1)[0]
    licence = first.removeprefix(_SPDX).strip() if first.startswith(_SPDX) else ""
    return template._replace(origin=source.origin, license=licence)
