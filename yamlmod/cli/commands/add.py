"""Add an attention layer to a fork: its row, every reference, its class and its registration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import (
    AddWriteOptions,
    ModuleOptions,
    PackageOptions,
    ParserOptions,
    PlaceOptions,
)
from yamlmod.cli.completion import complete_modules, complete_selectors
from yamlmod.cli.options import RepoOption

GROUP = "fork"
EPILOG = """\b
Examples:
  yamlmod add SimAM --repo yolov5 --cfg models/yolov5s.yaml --at 24
  yamlmod add ACmix --repo yolov5 --cfg models/yolov5s.yaml --before SPPF -w
  yamlmod add BiLevelRoutingAttention --cfg models/yolov5s.yaml \\
      --after P3 --after P4 --after P5 -o models/yolov5s-bra.yaml
  yamlmod add C3_CBAM --replace 'backbone.C3#*' --cfg models/yolov5s.yaml -w
  yamlmod add ./mine.py:MyAttention --cfg models/yolov5s.yaml --at 24"""


def run(
    module: Annotated[
        str,
        typer.Argument(
            metavar="MODULE",
            autocompletion=complete_modules,
            help="A module of the registry, or a class of yours: FILE.py:CLASS.",
        ),
    ],
    cfg: Annotated[
        Path,
        typer.Option(
            "--cfg", metavar="CFG", help="The model YAML: in the current folder, else in REPO."
        ),
    ],
    repo: RepoOption = None,
    replaced: Annotated[
        list[str] | None,
        typer.Option(
            "--replace",
            metavar="SEL",
            autocompletion=complete_selectors,
            show_default=False,
            help="Replace these layers instead of inserting one: C3#4, backbone.C3#*. Repeatable.",
        ),
    ] = None,
    *,
    place: PlaceOptions,
    modules: ModuleOptions,
    parser: ParserOptions,
    package: PackageOptions,
    to: AddWriteOptions,
) -> None:
    """Add MODULE to the model YAML CFG and to the fork REPO, as one transaction.

    Previews unless -w or -o is given: the diff of all files goes to stdout, the summary to stderr.
    -o writes the YAML to another place, -w in place; the code is written to the fork. Nothing of
    the fork is imported or run: its code is read to find the args with which it builds the class
    for the right channels, at every scale of the file.
    """
    from yamlmod.cli.finish import Report, finish
    from yamlmod.cli.finish_model import figure_of, outcome_report, written_model
    from yamlmod.cli.plan_report import plan_data, plan_lines
    from yamlmod.usecases.add import plan_add
    from yamlmod.usecases.next_steps import after_model
    from yamlmod.usecases.repo_choice import choose_repo

    choices = modules.choices(to.force)
    words = place.replacement(replaced, to.force) if replaced else place.insertion()
    choice = choose_repo(repo, (cfg,))
    located = package.located(choice.path, parser)
    planned = plan_add(located, module, cfg, words, choices)
    edit = outcome_report("add", planned.outcome, (*to.notes, *choice.notes))
    report = Report(
        "add",
        [*edit.lines, *plan_lines(planned.patch)],
        [*edit.warnings, *planned.warnings, *planned.patch.in_place_notes()],
        {**edit.data, **plan_data(planned.patch)},
    )
    change = planned.change(to.output, to.force, package.in_place)
    written = written_model(planned.target, planned.outcome, change.path)
    report = report.before(lambda: after_model(written, planned.repo(choice.path), parser.target))
    figure = figure_of(planned.outcome, to.draw, to.force, planned.target.scale)
    changes = [change, *planned.patch.changes(to.keeps, package.in_place)]
    shown = planned.patch.shown_changes([planned.shown_change(change)])
    finish(changes, report, to, located.tree.root, figure=figure, shown=shown)
