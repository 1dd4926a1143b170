"""Patch a fork: a module's class into common.py, its name into imports and parse_model."""

from __future__ import annotations

from typing import Annotated

import typer

from yamlmod.cli.options import (
    Check,
    DialectName,
    DiffFile,
    DryRun,
    Format,
    Json,
    OutputFormat,
    PlacementName,
    Repo,
    Sinks,
    TargetFunction,
    Write,
)

EPILOG = """\b
Examples:
  yamlmod patch yolov5 SimAM ACmix
  yamlmod patch yolov5 BiLevelRoutingAttention -w
  yamlmod patch ultralytics SimAM --placement package"""


def run(
    repo: Repo,
    modules: Annotated[
        list[str], typer.Argument(metavar="MODULE...", help="Modules of the registry.")
    ],
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

    Previews unless -w is given. Nothing of the fork is imported or run; what is there and up to
    date stays as it is.
    """
    from yamlmod.cli.finish import finish
    from yamlmod.cli.repository import changes_of, plan_report
    from yamlmod.fork.install import install
    from yamlmod.fork.locate import locate
    from yamlmod.registry.catalogue import get
    from yamlmod.workspace.files import Tree

    templates = list(dict.fromkeys(get(name) for name in modules))
    tree = Tree(repo)
    fork = locate(tree, target, dialect)
    plan = install(tree, fork, templates, placement.value if placement else "")
    sinks = Sinks(write, dry_run, check, json or format is Format.json, diff)
    report = plan_report("patch", tree, fork, plan)
    finish(changes_of(tree, plan), report, sinks, tree.root)
