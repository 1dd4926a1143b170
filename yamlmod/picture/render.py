"""Write a figure in a format; the formats are the files of the folder `formats`."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Protocol, cast

from yamlmod.picture.drawing import Drawing
from yamlmod.picture.themes import THEMES, Theme


class FigureFormat(Protocol):
    """A file of the folder: the suffixes it is known by, and how a figure is written."""

    SUFFIXES: tuple[str, ...]

    def write(self, drawing: Drawing, theme: Theme) -> str: ...


def format_names() -> list[str]:
    from yamlmod.picture import formats

    return [module.name for module in pkgutil.iter_modules(formats.__path__)]


def format_of(name: str) -> FigureFormat:
    from yamlmod.picture import formats

    return cast(FigureFormat, importlib.import_module(f"{formats.__name__}.{name}"))


def format_of_suffix(suffix: str) -> str | None:
    """Return the format of a file name's suffix."""
    suffix = suffix.lower()
    names = format_names()
    direct = suffix.removeprefix(".")
    if direct in names:
        return direct
    return next((name for name in names if suffix in format_of(name).SUFFIXES), None)


def render(drawing: Drawing, name: str) -> str:
    """Return the drawing as text."""
    return format_of(name).write(drawing, THEMES[drawing.options.theme])
