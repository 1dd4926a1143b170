"""Patch a fork: a module's class into common.py, its name into imports and parse_model."""

from __future__ import annotations

from typing import Annotated

import typer

from yamlmod.cli.options import (
    AsName,
    Check,
    DialectName,
    DiffFile,
    DryRun,
    ForceCode,
    Format,
    Json,
    OutputFormat,
    PlacementName,
    Repo,
    Rule,
    Sinks,
    TargetFunction,
    UseExisting,
    Write,
)

EPILOG = """\b
Examples:
  yamlmod patch yolov5 SimAM ACmix
  yamlmod patch yolov5 BiLevelRoutingAttention -w
  yamlmod patch yolov5 SimAM --as MySimAM
  yamlmod patch yolov5 CBAM --use-existing
  yamlmod patch yolov5 ./my_attention.py:MyAttention
  yamlmod patch ultralytics SimAM --placement package"""


def run(
    repo: Repo,
    modules: Annotated[
        list[str],
        typer.Argument(
            metavar="MODULE...", help="Modules of the registry, or classes of yours: FILE.py:CLASS."
        ),
    ],
    as_name: AsName = None,
    use_existing: UseExisting = False,
    rule: Rule = None,
    force: ForceCode = False,
    target: TargetFunction = "",
    dialect: DialectName = "",
    placement: PlacementName = None,
    write: Write = False,
    dry_run: DryRun = False,
    check: Check = False,
    diff: DiffFile = None,
    json: Json = False,
    format: OutputFormat = Format.text,
) -> None:
    """Put modules into the fork REPO: the Python half of `add`.

    Previews unless -w is given. Nothing of the fork or of your file is imported or run. What is
    there and up to date stays as it is; what is outdated is replaced, what was edited by hand is
    refused without --force.
    """
    from yamlmod.cli.finish import finish
    from yamlmod.cli.plan_report import plan_report
    from yamlmod.fork.parser.locate import locate
    from yamlmod.fork.read.opening import reader_with
    from yamlmod.usecases.chosen_module import Choices, plan_for, templates_for
    from yamlmod.usecases.plan_changes import changes_of
    from yamlmod.usecases.registration import refuse_faulty_registration
    from yamlmod.workspace.tree import Tree

    tree = Tree(repo)
    fork = locate(tree, target, dialect)
    placed = placement.value if placement else ""
    choices = Choices(as_name, use_existing, rule, force, placed)
    templates = templates_for(tree, fork, modules, choices)
    plan = plan_for(tree, fork, templates, choices)
    refuse_faulty_registration(reader_with(tree, fork, plan.texts), templates)
    sinks = Sinks(write, dry_run, check, json or format is Format.json, diff, force)
    report = plan_report("patch", tree, fork, plan)
    finish(changes_of(tree, plan, sinks.keeps), report, sinks, tree.root)
