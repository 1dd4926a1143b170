"""Files beside the study file that training options name, such as hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from yamlmod.study.study_file import StudyFile
from yamlmod.workspace import disk
from yamlmod.workspace.files import real_path

_FOLDER = "files"


def named_files(study: StudyFile, folder: Path) -> dict[str, Path]:
    """Return them by the words that name them. A word that is no file here stays the script's."""
    options = [study.train, *(component.train or {} for component in study.components)]
    words = {
        value
        for values in options
        for name, value in values.items()
        if name != "data" and isinstance(value, str) and Path(value).suffix
    }
    return {word: real_path(folder / word) for word in sorted(words) if _is_file(folder / word)}


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a text that can be no name
        return False


def with_files(options: Mapping[str, Any], files: Mapping[str, Path]) -> dict[str, Any]:
    """Return options with the path of each file: a training starts in a folder of its own."""
    return {
        name: str(files[value]) if isinstance(value, str) and value in files else value
        for name, value in options.items()
    }


def copy_files(files: Mapping[str, Path], draft: Path) -> dict[str, Path]:
    """Copy them into a study's folder; return their paths in it, by word."""
    places: dict[str, Path] = {}
    for number, (word, path) in enumerate(files.items()):
        places[word] = Path(_FOLDER, f"{number}-{path.name}")
        disk.copy_file(path, draft / places[word])
    return places
