"""Find template folders: of the project, of the user, of installed packages."""

from __future__ import annotations

import os
import reprlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from yamlmod.errors import Place, Refusal
from yamlmod.workspace.files import real_path
from yamlmod.workspace.walk import Walk, leads_to_folder

CONFIG = "yamlmod.toml"
# Folders that a yamlmod.toml may name, and folders in one of them.
MAX_NAMED = 50
MAX_FOLDERS = 5_000
_MANIFEST = "manifest.toml"
GROUP = "yamlmod.templates"


class TemplateSource(NamedTuple):
    """A folder that may contain templates; ``origin`` is its label in lists.

    Nothing is read that lies outside ``below``, the folder of a yamlmod.toml that a repository may
    have brought; None for what the user has put in its place himself.
    """

    origin: str
    folder: Path
    # An error of the folder itself, or of the file that names it.
    trouble: Refusal | None = None
    below: Path | None = None

    def folders(self) -> list[Path]:
        """Return the template folders: the folder itself, or those in it.

        Raises Refusal where it cannot be read.
        """
        if os.path.lexists(self.folder / _MANIFEST):
            return [self.folder]
        walk = Walk(MAX_FOLDERS)
        inner = [self.folder / entry.name for entry in walk.entries(self.folder, leads_to_folder)]
        if walk.unreadable:
            raise walk.unreadable[0]
        return [path for path in inner if os.path.lexists(path / _MANIFEST)]


def project_sources(start: Path) -> Iterator[TemplateSource]:
    """Yield the folders that the nearest yamlmod.toml names, from ``start`` upwards.

    The file may have come with a repository: what it names lies below its own folder.
    """
    config = next(
        (folder / CONFIG for folder in (start, *start.parents) if (folder / CONFIG).is_file()), None
    )
    if config is not None:
        yield from _named_sources(config, CONFIG, real_path(config.parent))


def _named_sources(config: Path, origin: str, below: Path | None) -> Iterator[TemplateSource]:
    try:
        named = _named(config, below)
    except Refusal as refusal:
        yield TemplateSource(CONFIG, config.parent, refusal)
        return
    for word in named:
        folder, trouble = _folder(config, word, below)
        yield TemplateSource(f"{origin}: {word}", folder, trouble, below)


def _folder(config: Path, word: str, below: Path | None) -> tuple[Path, Refusal | None]:
    """Return the folder that a yamlmod.toml names, and what is wrong with it."""
    place = Place(str(config))
    try:
        folder = config.parent / Path(word).expanduser()
        is_folder = folder.is_dir()
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: `~` without a home
        reason = getattr(error, "strerror", None) or str(error)
        message = f"{CONFIG} names {reprlib.repr(word)}, which cannot be read: {reason}"
        return config.parent, Refusal("bad-config", message, place=place)
    if below is not None and not real_path(folder).is_relative_to(below):
        message = f"{CONFIG} names {word}, which is outside of {below.as_posix()}"
        hint = f"a repository must not add such a folder: write it to {user_config()} instead"
        return folder, Refusal("outside", message, place=place, hint=hint)
    if not is_folder:
        message = f"{CONFIG} names {word}, which is not a folder"
        return folder, Refusal("no-templates", message, place=place)
    return folder, None


def user_folder() -> Path:
    """Return where a user's own templates lie, by the custom of the platform."""
    home = Path("~").expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return base / "yamlmod" / "templates"


def user_config() -> Path:
    """Return the user's own yamlmod.toml, which may name folders anywhere."""
    return user_folder().parent / CONFIG


def user_sources() -> Iterator[TemplateSource]:
    """Yield the user's folder, if there is one, and those that his own yamlmod.toml names."""
    folder = user_folder()
    if folder.is_dir():
        yield TemplateSource("user", folder)
    if user_config().is_file():
        yield from _named_sources(user_config(), "user", None)


def pack_sources() -> Iterator[TemplateSource]:
    """Yield the folders of installed packages that bring templates; none is imported."""
    # Slow to import, and needed only for names that nothing else knows.
    from importlib.metadata import entry_points

    for point in sorted(entry_points(group=GROUP), key=lambda one: (one.name, one.value)):
        dist = point.dist
        origin = f"pack {dist.name} {dist.version}" if dist else f"pack {point.name}"
        folder = _package_folder(point)
        trouble = None
        if folder is None:
            trouble = Refusal(
                "no-templates", f"the pack {point.name} names {point.value}, which is not a package"
            )
        yield TemplateSource(origin, folder or Path(), trouble)


def _named(config: Path, below: Path | None) -> list[str]:
    from yamlmod.registry.toml import load_toml

    place = Place(str(config))
    try:
        data = load_toml(config, below)
    except (ValueError, OSError, RecursionError, MemoryError) as error:
        raise Refusal("bad-config", str(error), place=place) from error
    named = data.get("templates", [])
    if not isinstance(named, list) or not all(
        isinstance(folder, str) and folder.isprintable() for folder in named
    ):
        raise Refusal(
            "bad-config",
            "templates must be a list of folders",
            place=place,
            hint='write templates = ["my_templates"]',
        )
    if len(named) > MAX_NAMED:
        message = f"templates has {len(named):,} folders; at most {MAX_NAMED} are searched"
        raise Refusal("bad-config", message, place=place)
    return named


def _package_folder(point: Any) -> Path | None:
    """Return the folder of the package an entry point names, without importing it."""
    parts = point.value.split(":")[0].strip().split(".")
    if point.dist is not None:
        folder = Path(str(point.dist.locate_file("/".join(parts))))
        if folder.is_dir():
            return folder
    from importlib.machinery import PathFinder

    spec = PathFinder.find_spec(parts[0])
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place).joinpath(*parts[1:])
        if folder.is_dir():
            return folder
    return None
