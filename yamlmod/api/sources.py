"""Read a model YAML or a recipe that is given as a path, or as its text."""

from __future__ import annotations

from pathlib import Path

from yamlmod.usecases.model_file import find_cfg
from yamlmod.workspace.files import display, read_text


def read_source(source: str | Path) -> tuple[str, str, bool]:
    """Return the text, how it is shown, and whether it began with a byte order mark."""
    if isinstance(source, str) and "\n" in source:
        return source.removeprefix("\ufeff"), "<text>", source.startswith("\ufeff")
    file = read_text(find_cfg(Path(source)))
    return file.text, display(file.path), file.bom
