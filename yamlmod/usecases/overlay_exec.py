"""Activate overlays for a command: which ones, what they hold, and the environment for it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from yamlmod.errors import Refusal, one_of
from yamlmod.runtime.yamlmod_overlay.yamlmod_loader import OFF, OverlayError, environment_with
from yamlmod.runtime.yamlmod_overlay.yamlmod_texts import is_model
from yamlmod.workspace.files import current_folder, display, real_path
from yamlmod.workspace.overlay_folder import (
    MODELS,
    OverlayManifest,
    is_overlay,
    model_names,
    read_manifest,
    read_texts,
)
from yamlmod.workspace.walk import Walk, is_folder
from yamlmod.workspace.wording import safe

_BEGIN = re.compile(rb"^# yamlmod: begin ([A-Za-z_]\w{0,99}) ", re.MULTILINE)


class CheckedOverlay(NamedTuple):
    """An overlay whose texts are those of its manifest, and the modules that they hold.

    ``models`` are the YAMLs that the package will find by their names.
    """

    folder: Path
    manifest: OverlayManifest
    modules: tuple[str, ...]
    models: tuple[str, ...]

    def line(self) -> str:
        """Say what an activation changes."""
        package, files = self.manifest.package, self.manifest.files
        version = f"{self.manifest.distribution} {self.manifest.version}"
        new = [path for path, one in files.items() if one.original is None]
        parts = [
            # What is run is named in full: a name that is cut off could be that of anything.
            ", ".join(path for path in files if path not in new),
            f"new: {', '.join(new)}" if new else "",
            f"model YAMLs: {', '.join(self.models)}" if self.models else "",
        ]
        return (
            f"{display(self.folder)} patches "
            f"{version if package == self.manifest.distribution else f'{package} ({version})'} "
            f"in memory: {one_of(self.modules, 40) + ' in ' if self.modules else ''}"
            f"{'; '.join(part for part in parts if part) or 'no file'}"
        )


def checked_overlay(folder: Path) -> CheckedOverlay:
    """Read an overlay. Raises Refusal where a text is not the one of the manifest."""
    manifest = read_manifest(folder)
    texts = read_texts(folder, manifest).values()
    modules = [match.decode("ascii") for text in texts for match in _BEGIN.findall(text.raw)]
    place = str(real_path(folder) / MODELS)
    models = tuple(safe(name) for name in model_names(folder) if is_model(place, name))
    return CheckedOverlay(folder, manifest, tuple(dict.fromkeys(modules)), models)


def active_lines(found: Sequence[CheckedOverlay], environment: Mapping[str, str]) -> list[str]:
    """Say what the overlays change in an environment, which may switch them off."""
    if environment.get(OFF):
        return [f"{OFF} is set: no overlay is active"]
    return [one.line() for one in found]


def overlays(given: Sequence[Path]) -> list[Path]:
    """Return the overlay folders that are meant: those given, else those of the current folder."""
    for folder in given:
        if not is_overlay(folder):
            raise Refusal("no-overlay", f"{display(folder)} is no overlay: it has no overlay.json")
    folders = list(given) or overlays_here()
    by_package: dict[str, Path] = {}
    for folder in folders:
        package = read_manifest(folder).package
        other = by_package.setdefault(package, folder)
        if real_path(other) != real_path(folder):
            raise Refusal(
                "usage",
                f"{display(other)} and {display(folder)} are both overlays of {package}, and only "
                "one can be active",
                hint="name it: --overlay DIR",
            )
    return folders


def only_overlay(given: Path | None) -> Path:
    """Return the one overlay that is meant. Raises Refusal for none and for several."""
    found = overlays(() if given is None else (given,))
    if len(found) > 1:
        shown = one_of([display(folder) for folder in found])
        raise Refusal("usage", f"there are several overlays here: {shown}", hint="name one")
    return found[0]


def overlays_here() -> list[Path]:
    """Return the overlays in the current folder. Raises Refusal where there is none."""
    here = current_folder()
    walk = Walk(2_000)
    folders = [] if here is None else [entry.name for entry in walk.entries(here, is_folder)]
    found = [Path(name) for name in folders if is_overlay(Path(name))]
    if found:
        return found
    raise Refusal(
        "no-overlay",
        "there is no overlay in the current folder",
        hint="name it: --overlay DIR\nmake one: yamlmod patch ultralytics MODULE --overlay -w",
    )


def overlay_environment(
    folders: Sequence[Path], environment: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the environment in which Python, and every process below it, uses the overlays.

    Raises Refusal where the path of a folder cannot stand in it.
    The loader is yamlmod's own: of the folders, nothing but checked texts is run.
    """
    variables = dict(os.environ if environment is None else environment)
    try:
        for folder in folders:
            variables.update(environment_with(str(real_path(folder)), variables))
    except OverlayError as error:
        hint = "move the project to a folder without this sign in its path"
        raise Refusal("overlay-place", str(error), hint=hint) from None
    return variables
