"""End the trainings of a study, on whatever machine they are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import AnswerOptions
from yamlmod.cli.options import path_word

EPILOG = """\b
Examples:
  yamlmod study stop out
  yamlmod study run out             goes on"""


def run(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", parser=path_word, help="The folder of the study.")
    ],
    *,
    answer: AnswerOptions,
) -> None:
    """Stop the study in DIR: its trainings end, and what waits in a queue trains nothing.

    It works on every machine that sees the folder, within a second here and within a minute on
    NFS. `study run DIR` goes on from the last checkpoints.
    """
    from yamlmod.cli.console import say_json, show
    from yamlmod.cli.study_report import status_data
    from yamlmod.errors import plural
    from yamlmod.usecases.study_stop import stop_study

    running = stop_study(folder)
    if answer.as_json:
        say_json(status_data(running))
        return
    show([f"asked to stop: {plural(len(running), 'run')} in training"])
    show([f"  {run.plan.name} on {run.host}" for run in running])
