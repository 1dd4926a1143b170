"""Take a module out of a fork again: exactly what patch put in, and nothing else."""

from __future__ import annotations

from typing import Annotated

import typer

from yamlmod.cli.options import (
    Check,
    DialectName,
    DiffFile,
    DryRun,
    ForceCode,
    Format,
    Json,
    OutputFormat,
    Repo,
    Sinks,
    TargetFunction,
    Write,
)

EPILOG = """\b
Examples:
  yamlmod unpatch yolov5 SimAM
  yamlmod unpatch yolov5 SimAM ACmix -w"""


def run(
    repo: Repo,
    modules: Annotated[
        list[str], typer.Argument(metavar="MODULE...", help="Modules that patch put in.")
    ],
    target: TargetFunction = "",
    dialect: DialectName = "",
    force: ForceCode = False,
    write: Write = False,
    dry_run: DryRun = False,
    check: Check = False,
    diff: DiffFile = None,
    json: Json = False,
    format: OutputFormat = Format.text,
) -> None:
    """Take modules out of the fork REPO: what patch put in, and nothing else.

    Previews unless -w is given. A formatter may have been over the files in between; what was
    edited by hand is refused without --force. Checkpoints pickled with the class no longer load.
    """
    from yamlmod.cli.finish import finish
    from yamlmod.cli.plan_report import plan_report
    from yamlmod.fork.parser.locate import locate
    from yamlmod.fork.patch.uninstall import uninstall
    from yamlmod.usecases.chosen_module import name_of
    from yamlmod.usecases.plan_changes import changes_of
    from yamlmod.workspace.tree import Tree

    names = list(dict.fromkeys(name_of(word) for word in modules))
    tree = Tree(repo)
    fork = locate(tree, target, dialect)
    plan = uninstall(tree, fork, names, force)
    sinks = Sinks(write, dry_run, check, json or format is Format.json, diff, force)
    report = plan_report("unpatch", tree, fork, plan)
    finish(changes_of(tree, plan, sinks.keeps), report, sinks, tree.root)
