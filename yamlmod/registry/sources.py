"""Folders of templates besides the built-in ones: the project's, the user's, other packages'."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yamlmod.errors import Place, Refusal
from yamlmod.registry.toml import load_toml

CONFIG = "yamlmod.toml"
GROUP = "yamlmod.templates"


@dataclass(frozen=True)
class Source:
    """A folder that may hold templates; ``origin`` is what a list says of them."""

    origin: str
    folder: Path
    # What is wrong with the folder itself, or with the file that names it.
    trouble: Refusal | None = None

    def folders(self) -> list[Path]:
        """Return the template folders: the folder itself, or those in it."""
        if (self.folder / "manifest.toml").is_file():
            return [self.folder]
        return [path.parent for path in sorted(self.folder.glob("*/manifest.toml"))]


def project_sources(start: Path) -> Iterator[Source]:
    """Yield the folders that the nearest yamlmod.toml names, from ``start`` upwards."""
    config = next(
        (folder / CONFIG for folder in (start, *start.parents) if (folder / CONFIG).is_file()), None
    )
    if config is None:
        return
    try:
        named = _named(config)
    except Refusal as refusal:
        yield Source(CONFIG, config.parent, refusal)
        return
    for one in named:
        folder = config.parent / Path(one).expanduser()
        trouble = None
        if not folder.is_dir():
            trouble = Refusal(
                "no-templates",
                f"{CONFIG} names {one}, which is no folder",
                place=Place(str(config)),
            )
        yield Source(f"{CONFIG}: {one}", folder, trouble)


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


def user_sources() -> Iterator[Source]:
    """Yield the user's folder, if there is one."""
    folder = user_folder()
    if folder.is_dir():
        yield Source("user", folder)


def pack_sources() -> Iterator[Source]:
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
                "no-templates", f"the pack {point.name} names {point.value}, which is no package"
            )
        yield Source(origin, folder or Path(), trouble)


def _named(config: Path) -> list[str]:
    place = Place(str(config))
    try:
        data = load_toml(config)
    except (ValueError, OSError) as error:
        raise Refusal("bad-config", str(error), place=place) from error
    named = data.get("templates", [])
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise Refusal(
            "bad-config",
            "templates must be a list of folders",
            place=place,
            hint='write templates = ["my_templates"]',
        )
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
