"""The options of commands that patch an installed package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.options import path_word

OverlayDir = Annotated[
    str | None,
    typer.Option(
        "--overlay",
        metavar="[DIR]",
        show_default=False,
        help="Leave the installed package REPO as it is, and keep the patch in the folder DIR "
        "(default: PACKAGE_overlay).",
    ),
]
OverlayFolder = Annotated[
    Path | None,
    typer.Argument(
        metavar="[DIR]",
        parser=path_word,
        show_default=False,
        help="The overlay. Default: the one in the current folder.",
    ),
]
InPlace = Annotated[
    bool,
    typer.Option(
        "--in-place", help="Patch the installed package REPO itself; an upgrade removes that."
    ),
]
