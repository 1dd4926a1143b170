"""End the trainings of a study, on whatever machine they are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.options import path_word

EPILOG = """\b
Examples:
  yamlmod study stop out
  yamlmod study run out             goes on"""


def run(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", parser=path_word, help="The folder of the study.")
    ],
) -> None:
    """Stop the study in DIR: its trainings end, and what waits in a queue trains nothing.

    It works on every machine that sees the folder, within a second here and within a minute on
    NFS. `study run DIR` goes on from the last checkpoints.
    """
    from yamlmod.cli.console import show
    from yamlmod.errors import plural
    from yamlmod.usecases.study_stop import stop_study

    running = stop_study(folder)
    show([f"asked to stop: {plural(len(running), 'run')} in training"])
    show([f"  {run.plan.name} on {run.host}" for run in running])
