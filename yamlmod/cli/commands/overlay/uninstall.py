"""Remove the .pth file that activates an overlay."""

from __future__ import annotations

from typing import Annotated

import typer

from yamlmod.cli.bundles import AnswerOptions
from yamlmod.cli.options import Python, Write

EPILOG = """\b
Examples:
  yamlmod overlay uninstall
  yamlmod overlay uninstall yolov5 --python .venv/bin/python -w"""


def run(
    package: Annotated[
        str, typer.Argument(metavar="[PACKAGE]", help="The package that the overlay is for.")
    ] = "ultralytics",
    python: Python = None,
    write: Write = False,
    *,
    answer: AnswerOptions,
) -> None:
    """Remove what `yamlmod overlay install` wrote; the overlay folder stays.

    Shows what would be removed unless -w is given.
    """
    from yamlmod.cli.console import say, say_json, show
    from yamlmod.usecases.overlay_install import plan_removal

    hook = plan_removal(package, python)
    if write:
        hook.write()
    if answer.as_json:
        say_json(hook.data(True, write))
        return
    show([str(hook.path)])
    say(["removed it" if write else "nothing was removed"])
