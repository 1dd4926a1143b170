"""Show how far each run of a study is, from its files alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import AnswerOptions
from yamlmod.cli.options import path_word

EPILOG = """\b
Examples:
  yamlmod study status out
  yamlmod study status out --json | jq '.runs[] | select(.state == "failed")'"""


def run(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", parser=path_word, help="The folder of the study.")
    ],
    *,
    answer: AnswerOptions,
) -> None:
    """Show the state of each run in DIR: waiting, running, cut off, failed or done.

    It works on every machine that sees the folder, also while the study runs elsewhere.
    """
    from yamlmod.cli.console import say_json, show
    from yamlmod.cli.study_report import status_data, status_lines
    from yamlmod.study.plan_files import statuses

    runs = statuses(folder)
    if answer.as_json:
        say_json(status_data(runs))
    else:
        show(status_lines(runs))
