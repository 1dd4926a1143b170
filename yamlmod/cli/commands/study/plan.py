"""Prove every variant of a study file and write down every run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import AnswerOptions
from yamlmod.cli.options import Python, path_word

EPILOG = """\b
Examples:
  yamlmod study plan study.yaml -o out
  yamlmod study plan study.yaml -o out --python yolov5/.venv/bin/python
  yamlmod study plan study.yaml -o out --no-run"""


def run(
    file: Annotated[Path, typer.Argument(metavar="FILE", parser=path_word, help="The study file.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="DIR",
            parser=path_word,
            show_default=False,
            help="The folder to write. Default: the study's name, beside FILE.",
        ),
    ] = None,
    no_run: Annotated[
        bool,
        typer.Option(
            "--no-run", help="Run no code of the fork: no verify, no numbers, no weights."
        ),
    ] = False,
    no_time: Annotated[
        bool,
        typer.Option("--no-time", help="Measure no latency and no training step."),
    ] = False,
    python: Python = None,
    deviation: Annotated[
        float | None,
        typer.Option(
            "--deviation",
            metavar="POINTS",
            min=0,
            show_default=False,
            help="The standard deviation of mAP50-95 between seeds that you expect, in points.",
        ),
    ] = None,
    *,
    answer: AnswerOptions,
) -> None:
    """Compile the study file FILE into a folder of variants and runs.

    Every variant's YAML is proven, its copy of the fork's code is patched and frozen, and it is
    built, verified and measured by the fork's own code; weights are carried over. Latency is
    measured in turn with the base, and a training step is timed. Printed are the smallest gain
    that the seeds can show and an estimate of the time. Nothing is trained.
    """
    from yamlmod.cli.console import say_json, show
    from yamlmod.cli.running import announcer
    from yamlmod.cli.study_report import plan_data, plan_lines
    from yamlmod.runtime.interpreter import choose_runner
    from yamlmod.usecases.study_plan import plan_study
    from yamlmod.usecases.study_prepare import study_name

    interpreter = choose_runner(python)
    target = output or file.parent / study_name(file)
    announce = announcer(answer) or (lambda line: None)
    plan = plan_study(file, target, interpreter.path, not no_run, announce, not no_time)
    if answer.as_json:
        say_json(plan_data(plan, target, deviation))
    else:
        show(plan_lines(plan, target, deviation))
