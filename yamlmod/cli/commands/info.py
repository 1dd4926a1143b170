"""Show a module: paper, arguments, the row it writes, the code and the branch it adds."""

from __future__ import annotations

from typing import Annotated

import typer

from yamlmod.cli.options import Format, Json, OutputFormat

EPILOG = """\b
Examples:
  yamlmod info SimAM
  yamlmod info ACmix --channels 256 --json"""


def run(
    module: Annotated[str, typer.Argument(metavar="MODULE", help="A module or an alias of it.")],
    channels: Annotated[
        int,
        typer.Option(
            "--channels",
            metavar="C",
            min=1,
            max=65536,
            help="Channels in and out, for the constructor.",
        ),
    ] = 64,
    json: Json = False,
    format: OutputFormat = Format.text,
) -> None:
    """Show MODULE: summary, paper, arguments, its row, its code and the branch it registers."""
    from yamlmod.cli.console import say_json, show
    from yamlmod.cli.module import module_data, module_lines
    from yamlmod.registry.catalogue import get

    template = get(module)
    if json or format is Format.json:
        say_json(module_data(template, channels))
    else:
        show(module_lines(template, channels))
