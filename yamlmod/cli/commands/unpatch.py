"""Remove modules that patch added to a fork, and nothing else."""

from __future__ import annotations

from typing import Annotated

import typer

from yamlmod.cli.bundles import CodeWriteOptions, ParserOptions
from yamlmod.cli.options import Repo

EPILOG = """\b
Examples:
  yamlmod unpatch yolov5 SimAM
  yamlmod unpatch yolov5 SimAM ACmix -w"""


def run(
    repo: Repo,
    modules: Annotated[
        list[str], typer.Argument(metavar="MODULE...", help="Modules that patch added.")
    ],
    *,
    parser: ParserOptions,
    to: CodeWriteOptions,
) -> None:
    """Remove modules that patch added to the fork REPO, and nothing else.

    Previews unless -w is given. It works after a formatter has run; code edited by hand is
    refused without --force. Checkpoints pickled with the class no longer load.
    """
    from yamlmod.cli.finish import finish
    from yamlmod.cli.plan_report import plan_report
    from yamlmod.usecases.located_fork import open_fork
    from yamlmod.usecases.patch import plan_unpatch

    located = open_fork(repo, parser.target, parser.dialect)
    planned = plan_unpatch(located, modules, to.force)
    finish(planned.changes(to.keeps), plan_report("unpatch", planned), to, located.tree.root)
