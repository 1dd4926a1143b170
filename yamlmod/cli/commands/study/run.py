"""Train what is not done yet; the same command goes on after any kill."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import AnswerOptions
from yamlmod.cli.options import path_word
from yamlmod.cli.study_options import EngineWords

EPILOG = """\b
Examples:
  yamlmod study run out
  yamlmod study run out --gpus 0,1
  yamlmod study run out base-s0 simam-s0
  yamlmod study run out --retry              failed runs again, too
  yamlmod study run out --engine dask --scheduler-file scheduler.json
  yamlmod study run out --engine slurm --gres gpu:1 --time 08:00:00"""


def run(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", parser=path_word, help="The folder of the study.")
    ],
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RUN...]", show_default=False, help="Only these runs."),
    ] = None,
    *,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            metavar="N",
            min=1,
            show_default=False,
            help="Trainings at once. Default: one for each GPU, one without.",
        ),
    ] = None,
    gpus: Annotated[
        str,
        typer.Option(
            "--gpus",
            metavar="0,1",
            show_default=False,
            help="The GPUs to use, one for each training, as CUDA_VISIBLE_DEVICES names them.",
        ),
    ] = "",
    retry: Annotated[bool, typer.Option("--retry", help="Start failed runs again, too.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for runs that another process trains, too.")
    ] = False,
    engine: EngineWords,
    answer: AnswerOptions,
) -> None:
    """Run the trainings of the study in DIR that are not done, with the fork's own code.

    Each training is a process of its own, which ends when this command does; with Dask and SLURM
    it goes on, and the same command waits for it again. A run that was cut off goes on from its
    last checkpoint. Exits 1 if a run has failed.
    """
    from yamlmod.cli.console import live, say, say_json, show
    from yamlmod.cli.study_live import LiveWatch
    from yamlmod.cli.study_report import status_data, status_lines
    from yamlmod.usecases.study_run import run_study

    with live() as screen:
        driven = run_study(
            folder,
            names or [],
            jobs,
            gpus,
            retry,
            lambda line: say([line]),
            engine=engine.engine,
            options=engine.words(),
            wait=wait,
            live=None if screen is None else partial(LiveWatch, screen),
        )
    if answer.as_json:
        say_json(status_data(driven.runs))
    else:
        show(status_lines(driven.runs))
    if any(status.state == "failed" for status in driven.runs):
        raise SystemExit(1)
