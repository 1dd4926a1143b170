"""Patch a fork: add a module's class to its code and register it in parse_model."""

from __future__ import annotations

from typing import Annotated

import typer

from yamlmod.cli.bundles import CodeWriteOptions, ModuleOptions, ParserOptions
from yamlmod.cli.options import Repo

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
    *,
    options: ModuleOptions,
    parser: ParserOptions,
    to: CodeWriteOptions,
) -> None:
    """Add modules to the code of the fork REPO, without touching any YAML.

    Previews unless -w is given. Nothing of the fork or of your file is imported or run. Modules
    that are up to date stay; outdated ones are replaced; code edited by hand is refused without
    --force.
    """
    from yamlmod.cli.finish import finish
    from yamlmod.cli.plan_report import plan_report
    from yamlmod.usecases.located_fork import open_fork
    from yamlmod.usecases.patch import plan_patch

    located = open_fork(repo, parser.target, parser.dialect)
    planned = plan_patch(located, modules, options.choices(to.force))
    finish(planned.changes(to.keeps), plan_report("patch", planned), to, located.tree.root)
