"""Transfer pretrained weights to an edited model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import AnswerOptions, RunOptions
from yamlmod.cli.options import (
    Force,
    Init,
    RepoOption,
    Timeout,
    path_word,
)

GROUP = "run"
EPILOG = """\b
Examples:
  yamlmod remap yolov5s.pt --from yolov5s.yaml --to yolov5s-eca.yaml
      what would be transferred; nothing is written
  yamlmod remap yolov5s.pt --from yolov5s.yaml --to yolov5s-eca.yaml -o eca.pt
      then: python train.py --weights eca.pt --cfg yolov5s-eca.yaml"""


def run(
    weights: Annotated[
        Path,
        typer.Argument(
            metavar="WEIGHTS",
            parser=path_word,
            help="A checkpoint: .pt (zip or legacy), a state dict, or safetensors.",
        ),
    ],
    before: Annotated[
        Path,
        typer.Option(
            "--from", metavar="CFG", parser=path_word, help="The model YAML of the weights."
        ),
    ],
    after: Annotated[
        Path,
        typer.Option("--to", metavar="CFG", parser=path_word, help="The edited model YAML."),
    ],
    repo: RepoOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            parser=path_word,
            show_default=False,
            help="The checkpoint to write; without it, only a report is shown.",
        ),
    ] = None,
    init: Annotated[
        Init,
        typer.Option(
            "--init",
            help="identity: new layers start as the identity if their structure allows it, and the "
            "outputs are compared.",
        ),
    ] = Init.default,
    classes: Annotated[
        int | None,
        typer.Option(
            "--nc",
            metavar="N",
            min=1,
            max=10_000,
            show_default=False,
            help="The data set's number of classes, to count what train.py will transfer of OUT.",
        ),
    ] = None,
    *,
    options: RunOptions,
    timeout: Timeout = 300.0,
    force: Force = False,
    answer: AnswerOptions,
) -> None:
    """Transfer pretrained WEIGHTS to an edited model: each tensor to its layer's new index.

    The fork's code is run to build both networks, without internet access or package installation.
    The checkpoint is read as data: nothing of its pickle is executed.
    """
    from yamlmod.cli.console import say_json, show
    from yamlmod.cli.remap_report import remap_data, report
    from yamlmod.cli.running import completed, end_if_interrupted, tell
    from yamlmod.usecases.fork_run import open_run
    from yamlmod.usecases.remap import remap
    from yamlmod.usecases.repo_choice import choose_repo

    choice = choose_repo(repo, (after, before))
    tell(answer, choice.notes)
    run = open_run(choice.path, options.python, not options.no_stand_ins, options.target)
    remapped, missing = completed(
        lambda announce: remap(
            run,
            weights,
            before,
            after,
            output,
            identity=init is Init.identity,
            force=force,
            classes=classes,
            seconds=timeout,
            announce=announce,
        ),
        answer,
    )
    if answer.as_json:
        say_json(remap_data(remapped, bool(missing)))
    else:
        show(report(remapped))
    end_if_interrupted(missing, answer)
