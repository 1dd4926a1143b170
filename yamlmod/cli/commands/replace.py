"""Replace a layer of a model YAML by another module; its references stay."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.options import (
    Args,
    Check,
    DiffFile,
    DryRun,
    Force,
    Format,
    Json,
    Output,
    OutputFormat,
    Write,
    parse_args,
)

EPILOG = """\b
Examples:
  yamlmod replace models/yolov5s.yaml C3#4 C3TR
  yamlmod replace models/yolov5s.yaml SPPF SPPFCSPC -o models/yolov5s-csp.yaml
  yamlmod replace models/yolov5s.yaml C3#4 ACmix"""


def run(
    cfg: Annotated[Path, typer.Argument(metavar="CFG", help="The model YAML.")],
    selector: Annotated[
        str, typer.Argument(metavar="SEL", help="The layer to replace: 9, SPPF, C3#2, P3.")
    ],
    module: Annotated[
        str, typer.Argument(metavar="MODULE", help="A module of the registry or of the fork.")
    ],
    args: Args = None,
    output: Output = None,
    write: Write = False,
    force: Force = False,
    dry_run: DryRun = False,
    check: Check = False,
    diff: DiffFile = None,
    json: Json = False,
    format: OutputFormat = Format.text,
) -> None:
    """Put MODULE in the place of the layer SEL of the model YAML CFG.

    Previews unless -w or -o is given. A class that the registry does not know keeps the row's
    args unless --args gives others. A change of stride is refused unless --force is given.
    """
    from yamlmod.cli.finish_yaml import Wish, finish_yaml
    from yamlmod.cli.target import no_both, open_target
    from yamlmod.ops.replace import replace

    no_both(write, output)
    values = parse_args(args)
    target = open_target(cfg)
    outcome = replace(target.model, target.model.select(selector), module, values, force=force)
    wish = Wish(output, write, force, dry_run, check, diff, json, format)
    finish_yaml("replace", target, outcome, wish)
