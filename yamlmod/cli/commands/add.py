"""Add an attention layer to a fork: its row, every reference, its class and its registration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.options import (
    After,
    AllowDead,
    Args,
    AsName,
    At,
    Before,
    Check,
    DialectName,
    DiffFile,
    DryRun,
    EdgeOption,
    ForceCode,
    Format,
    From,
    Json,
    KeepSkips,
    Output,
    OutputFormat,
    PlacementName,
    Readers,
    Rule,
    TargetFunction,
    UseExisting,
    Write,
    parse_args,
    path_word,
    split_selectors,
)

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
    at: At = None,
    after: After = None,
    before: Before = None,
    edge: EdgeOption = None,
    args: Args = None,
    as_name: AsName = None,
    use_existing: UseExisting = False,
    rule: Rule = None,
    keep_skips: KeepSkips = False,
    readers: Readers = None,
    from_: From = None,
    allow_dead: AllowDead = False,
    target: TargetFunction = "",
    dialect: DialectName = "",
    placement: PlacementName = None,
    output: Output = None,
    write: Write = False,
    force: ForceCode = False,
    dry_run: DryRun = False,
    check: Check = False,
    diff: DiffFile = None,
    json: Json = False,
    format: OutputFormat = Format.text,
) -> None:
    """Add MODULE to the model YAML CFG and to the fork REPO, as one transaction.

    Previews unless -w is given: the diff of all files goes to stdout, the summary to stderr. -o
    names another place for the YAML. Nothing of the fork is imported or run: its code is read to
    find the args with which it builds the class for the right channels, at every scale of the file.
    """
    from yamlmod.cli.describe import describe
    from yamlmod.cli.finish import Report, finish
    from yamlmod.cli.finish_model import Wish, yaml_change
    from yamlmod.cli.plan_report import plan_data, plan_lines
    from yamlmod.fork.parser.locate import cfg_folders, locate
    from yamlmod.fork.read.opening import reader_of, reader_with
    from yamlmod.ops.operations.insert.request import Request
    from yamlmod.usecases.chosen_module import Choices, plan_for, templates_for
    from yamlmod.usecases.fit_args import insert_fitting
    from yamlmod.usecases.index_offset import offset_as_cause, refuse_index_offset, spelling_of
    from yamlmod.usecases.layer_numbers import layer_number_warnings
    from yamlmod.usecases.model_file import (
        open_target,
        positions_of,
        readers_of,
        shadowed_cfg,
        sources_of,
    )
    from yamlmod.usecases.new_errors import refuse_new_errors
    from yamlmod.usecases.plan_changes import changes_of
    from yamlmod.workspace.tree import Tree

    values = parse_args(args)
    tree = Tree(repo)
    fork = locate(tree, target, dialect)
    choices = Choices(as_name, use_existing, rule, force, placement.value if placement else "")
    templates = templates_for(tree, fork, [module], choices)
    model = open_target(cfg, [repo, *(repo / folder for folder in cfg_folders(tree, fork))])
    shown = model.model.document.shown
    refuse_index_offset(fork, tree, model.file.text, shown)
    plan = plan_for(tree, fork, templates, choices)
    reader = reader_with(tree, fork, plan.texts)
    request = Request(
        module=templates[0].name,
        positions=positions_of(model.model, at, after, before, edge),
        args=values,
        keep_skips=keep_skips,
        readers=readers_of(model.model, split_selectors(readers)),
        allow_dead=allow_dead,
        sources=sources_of(model.model, from_),
        template=templates[0],
        spelling=spelling_of(fork),
    )
    with offset_as_cause(fork, tree, model.model, request, plan.texts):
        outcome = insert_fitting(reader, model.model, request)
    refuse_index_offset(fork, tree, outcome.text, shown, plan.texts)
    wish = Wish(output, write, force, dry_run, check, diff, json, format)
    hidden = refuse_new_errors(outcome, reader_of(fork), reader)
    told = describe("add", outcome)
    numbers = layer_number_warnings(tree, fork, outcome, plan.texts)
    warnings = [*told.warnings, *hidden, *numbers, *shadowed_cfg(cfg, repo)]
    lines = [*told.lines, *plan_lines(tree, fork, plan)]
    sinks = wish.sinks(write)
    report = Report("add", lines, warnings, {**told.data, **plan_data(fork, plan)})
    changes = [yaml_change(model, outcome, wish), *changes_of(tree, plan, sinks.keeps)]
    finish(changes, report, sinks, tree.root)
