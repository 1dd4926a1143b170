"""Write what starts the runs where you work: one command line for each, or a script for SLURM."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.options import path_word
from yamlmod.cli.study_options import SlurmWords
from yamlmod.errors import Refusal

EPILOG = """\b
Examples:
  yamlmod study export out --commands
  yamlmod study export out --commands | parallel -j 2
  yamlmod study export out --slurm --gres gpu:1 --time 08:00:00"""


def run(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", parser=path_word, help="The folder of the study.")
    ],
    *,
    commands: Annotated[
        bool, typer.Option("--commands", help="One command line for each run.")
    ] = False,
    slurm: Annotated[
        bool, typer.Option("--slurm", help="A script for `sbatch`, in DIR/slurm.")
    ] = False,
    options: SlurmWords,
) -> None:
    """Print a command for each run of DIR, or with --slurm write one array script for all.

    Both may be started again and again: a run that is done is left alone, and one that was cut off
    goes on from its last checkpoint. Printed with --slurm is the command that submits the script.
    """
    from yamlmod.cli.console import show
    from yamlmod.usecases.study_run import command_lines, slurm_lines

    if commands == slurm:
        raise Refusal("usage", "say what to export: --commands or --slurm")
    words = options.words()
    if commands and words:
        raise Refusal("usage", f"--{next(iter(words))} is for --slurm")
    show(slurm_lines(folder, words) if slurm else command_lines(folder))
