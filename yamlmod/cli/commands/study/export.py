"""Print one command line for each run, for whatever starts jobs where you work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.options import path_word
from yamlmod.errors import Refusal

EPILOG = """\b
Examples:
  yamlmod study export out --commands
  yamlmod study export out --commands | parallel -j 2"""


def run(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", parser=path_word, help="The folder of the study.")
    ],
    *,
    commands: Annotated[
        bool, typer.Option("--commands", help="One command line for each run.")
    ] = False,
) -> None:
    """Print a command for each run of DIR that may be given again and again: it does what is left.

    A run that is done, or that another process trains, is left alone.
    """
    from yamlmod.cli.console import show
    from yamlmod.usecases.study_run import command_lines

    if not commands:
        raise Refusal("usage", "say what to export: --commands")
    show(command_lines(folder))
