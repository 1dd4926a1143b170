"""Writes the answer of `profile` in the format that was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from yamlmod.cli.console import say, show
from yamlmod.cli.profile_notes import notes
from yamlmod.report.grids import (
    Grid,
    comma_separated,
    latex,
    markdown,
    markdown_code,
    markdown_text,
)
from yamlmod.report.tables import table
from yamlmod.usecases.profile import Profiled
from yamlmod.usecases.profile_tables import layers_grid, layers_lines, models_grid, models_lines


def write(form: str, profiled: Profiled) -> None:
    """Write the numbers to stdout, with the sentences that they need; a CSV's go to stderr."""
    models, settings = profiled.models, profiled.settings
    told = list(notes(profiled.answer, settings))
    if form == "csv":
        lines = layers_lines(models) if settings.layers else models_lines(models)
        show(comma_separated(*lines).removesuffix("\n").split("\n"))
        say(told)
        return
    grids = [("", models_grid(models))]
    if settings.layers:
        grids += [(str(model["model"]), layers_grid(model)) for model in models]
    show({"table": _text, "md": _markdown, "latex": _latex}[form](grids, told))


def _text(grids: Sequence[tuple[str, Grid]], told: Sequence[str]) -> Iterator[str]:
    for title, grid in grids:
        if title:
            yield ""
            yield f"{title}:"
        yield from table(grid.headers, grid.rows, grid.right)
    yield ""
    yield from told


def _markdown(grids: Sequence[tuple[str, Grid]], told: Sequence[str]) -> Iterator[str]:
    for title, grid in grids:
        if title:
            yield ""
            yield f"{markdown_code(title)}:"
            yield ""
        yield from markdown(grid).removesuffix("\n").split("\n")
    yield ""
    for one in told:
        yield f"- {markdown_text(one)}"


def _latex(grids: Sequence[tuple[str, Grid]], told: Sequence[str]) -> Iterator[str]:
    for number, (title, grid) in enumerate(grids):
        if number:
            yield ""
        text = latex(grid, told if not number else [title])
        yield from text.removesuffix("\n").split("\n")


def profile_data(profiled: Profiled, interrupted: bool = False) -> dict[str, Any]:
    """Return the whole answer as data."""
    return {
        "command": "profile",
        "repo": profiled.repo,
        "ran": [profiled.interpreter],
        "protection": profiled.protection.as_data(),
        "interrupted": interrupted,
        "base": profiled.base,
        **vars(profiled.settings),
        **profiled.answer,
    }
