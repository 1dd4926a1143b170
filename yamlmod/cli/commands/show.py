"""Show the layers of a model YAML: whom each reads, its channels and stride, who reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.options import Format, Json, OutputFormat

EPILOG = """\b
Examples:
  yamlmod show models/yolov5s.yaml
  yamlmod show models/yolov5s.yaml --json | jq '.layers[].readers'"""


def run(
    cfg: Annotated[Path, typer.Argument(metavar="CFG", help="The model YAML.")],
    json: Json = False,
    format: OutputFormat = Format.text,
) -> None:
    """Show the layers of the model YAML CFG.

    `reads` resolves the `from` column; channels are given as the YAML counts them (nominal) and
    at the file's own width or scales. Nothing is built: `?` means a module yamlmod does not know.
    """
    from yamlmod.cli.console import say_json, show
    from yamlmod.cli.layers import layers_data, layers_table
    from yamlmod.cli.target import open_target

    model = open_target(cfg).model
    if json or format is Format.json:
        say_json(layers_data(model))
    else:
        show(layers_table(model))
