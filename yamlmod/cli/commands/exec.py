"""Run a command with an overlay active in it and in every process that it starts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.options import path_word

GROUP = "run"
# What follows the command's name is its own.
CONTEXT = {"allow_interspersed_args": False, "ignore_unknown_options": True}
EPILOG = """\b
Examples:
  yamlmod exec yolo train model=yolo11n-simam.yaml data=coco8.yaml
  yamlmod exec --overlay ultralytics_overlay python train.py
The exit code is that of the command."""


def run(
    words: Annotated[
        list[str], typer.Argument(metavar="CMD...", help="The command, with its own options.")
    ],
    overlay: Annotated[
        list[Path] | None,
        typer.Option(
            "--overlay",
            metavar="DIR",
            parser=path_word,
            show_default=False,
            help="The overlay. Default: those in the current folder. Repeatable.",
        ),
    ] = None,
) -> None:
    """Run CMD with an overlay: this runs the texts in it, as part of the package that they patch.

    They are checked by their hashes first, and named on stderr. Every Python that CMD starts sees
    the overlay through its environment, unless it is started with -I, -E or -S.
    """
    from yamlmod.cli.console import say
    from yamlmod.cli.run_command import replace_by
    from yamlmod.usecases.overlay_exec import (
        active_lines,
        checked_overlay,
        overlay_environment,
        overlays,
    )

    found = [checked_overlay(folder) for folder in overlays(overlay or ())]
    variables = overlay_environment([one.folder for one in found])
    say(f"yamlmod: {line}" for line in active_lines(found, variables))
    replace_by(words, variables)
