"""Activate overlays for a command: which ones, what they hold, and the environment for it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from yamlmod.errors import Refusal, one_of
from yamlmod.runtime.yamlmod_overlay.yamlmod_loader import environment_with
from yamlmod.workspace.disk import read_regular
from yamlmod.workspace.files import SOURCE_BYTES, current_folder, display, real_path
from yamlmod.workspace.overlay_folder import (
    TEXTS,
    OverlayManifest,
    hash_of,
    is_overlay,
    read_manifest,
)
from yamlmod.workspace.walk import Walk, is_folder

_BEGIN = re.compile(rb"^# yamlmod: begin (\S+)", re.MULTILINE)


class CheckedOverlay(NamedTuple):
    """An overlay whose texts are those of its manifest, and the modules that they hold."""

    folder: Path
    manifest: OverlayManifest
    modules: tuple[str, ...]

    def line(self) -> str:
        """Say what an activation changes."""
        one = self.manifest
        return (
            f"{display(self.folder)} patches {one.distribution} {one.version} in memory: "
            f"{one_of(self.modules, 40) or 'nothing'} in {one_of(list(one.files), 40) or 'no file'}"
        )


def checked_overlay(folder: Path) -> CheckedOverlay:
    """Read an overlay. Raises Refusal where a text is not the one of the manifest."""
    manifest = read_manifest(folder)
    modules: list[str] = []
    for path, hashes in manifest.files.items():
        file = folder.joinpath(TEXTS, *path.split("/"))
        try:
            data = read_regular(file, SOURCE_BYTES, real_path(folder))
        except OSError as error:
            raise Refusal(
                "overlay-damaged", f"{display(folder)} lacks the text of {path}: {error.strerror}"
            ) from None
        if hash_of(data) != hashes.patched:
            raise Refusal(
                "overlay-tampered",
                f"{display(folder)}: the text of {path} is not what yamlmod wrote: its hash is "
                "another",
                hint=f"get the folder anew, or `yamlmod overlay refresh {display(folder)} -w`",
            )
        modules += [match.decode("ascii", "replace") for match in _BEGIN.findall(data)]
    return CheckedOverlay(folder, manifest, tuple(dict.fromkeys(modules)))


def overlays(given: Sequence[Path]) -> list[Path]:
    """Return the overlay folders that are meant: those given, else those of the current folder."""
    for folder in given:
        if not is_overlay(folder):
            raise Refusal("no-overlay", f"{display(folder)} is no overlay: it has no overlay.json")
    return list(given) or overlays_here()


def only_overlay(given: Path | None) -> Path:
    """Return the one overlay that is meant. Raises Refusal for none and for several."""
    found = overlays(() if given is None else (given,))
    if len(found) > 1:
        names = one_of([display(folder) for folder in found])
        raise Refusal("usage", f"there are several overlays here: {names}", hint="name one")
    return found[0]


def overlays_here() -> list[Path]:
    """Return the overlays in the current folder. Raises Refusal where there is none."""
    here = current_folder()
    walk = Walk(2_000)
    names = [] if here is None else [one.name for one in walk.entries(here, is_folder)]
    found = [Path(name) for name in names if is_overlay(Path(name))]
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

    The loader is yamlmod's own: of the folders, nothing but checked texts is run.
    """
    variables = dict(os.environ if environment is None else environment)
    for folder in folders:
        variables.update(environment_with(str(real_path(folder)), variables))
    return variables
