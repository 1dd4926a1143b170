"""Add an attention layer to a fork: its row, every reference, its class and its registration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import AddWriteOptions, ModuleOptions, ParserOptions, PlaceOptions
from yamlmod.cli.options import path_word

EPILOG = """\b
Examples:
  yamlmod add SimAM --repo yolov5 --cfg models/yolov5s.yaml --at 24
  yamlmod add ACmix --repo yolov5 --cfg models/yolov5s.yaml --before SPPF -w
  yamlmod add BiLevelRoutingAttention --repo yolov5 --cfg models/yolov5s.yaml \\
      --after P3 --after P4 --after P5 -o yolov5/models/yolov5s-bra.yaml -w
  yamlmod add ./my_attention.py:MyAttention --repo yolov5 --cfg models/yolov5s.yaml --at 24"""


def run(
    module: Annotated[
        str,
        typer.Argument(
            metavar="MODULE", help="A module of the registry, or a class of yours: FILE.py:CLASS."
        ),
    ],
    repo: Annotated[
        Path,
        typer.Option(
            "--repo",
            metavar="REPO",
            parser=path_word,
            help="The fork: the folder that holds models/yolo.py, or nn/tasks.py.",
        ),
    ],
    cfg: Annotated[
        Path,
        typer.Option(
            "--cfg", metavar="CFG", help="The model YAML: in the current folder, else in REPO."
        ),
    ],
    *,
    place: PlaceOptions,
    modules: ModuleOptions,
    parser: ParserOptions,
    to: AddWriteOptions,
) -> None:
    """Add MODULE to the model YAML CFG and to the fork REPO, as one transaction.

    Previews unless -w is given: the diff of all files goes to stdout, the summary to stderr. -o
    names another place for the YAML. Nothing of the fork is imported or run: its code is read to
    find the args with which it builds the class for the right channels, at every scale of the file.
    """
    from yamlmod.cli.finish import Report, finish
    from yamlmod.cli.finish_model import figure_of, outcome_report
    from yamlmod.cli.plan_report import plan_data, plan_lines
    from yamlmod.usecases.add import plan_add
    from yamlmod.usecases.located_fork import open_fork

    insertion, choices = place.insertion(), modules.choices(to.force)
    located = open_fork(repo, parser.target, parser.dialect)
    planned = plan_add(located, module, cfg, insertion, choices)
    edit = outcome_report("add", planned.outcome)
    report = Report(
        "add",
        [*edit.lines, *plan_lines(planned.patch)],
        [*edit.warnings, *planned.warnings],
        {**edit.data, **plan_data(planned.patch)},
    )
    change = planned.target.change(planned.outcome.text, to.output, to.force)
    figure = figure_of(planned.outcome, to.draw, to.force, planned.target.scale)
    changes = [change, *planned.patch.changes(to.keeps)]
    finish(changes, report, to, located.tree.root, figure=figure)
