"""Drop a detection scale with its branch and its row of anchors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.options import (
    Check,
    DiffFile,
    DryRun,
    Force,
    Format,
    Json,
    Output,
    OutputFormat,
    Write,
)

EPILOG = """\b
Examples:
  yamlmod drop-head models/yolov5s.yaml P5
  yamlmod drop-head models/hub/yolov5-p6.yaml P6 -o models/yolov5-p5.yaml"""


def run(
    cfg: Annotated[Path, typer.Argument(metavar="CFG", help="The model YAML.")],
    selector: Annotated[
        str, typer.Argument(metavar="SEL", help="The head input to drop: P5, or its index.")
    ],
    output: Output = None,
    write: Write = False,
    force: Force = False,
    dry_run: DryRun = False,
    check: Check = False,
    diff: DiffFile = None,
    json: Json = False,
    format: OutputFormat = Format.text,
) -> None:
    """Drop the head input SEL of the model YAML CFG, with all that only served it.

    Previews unless -w or -o is given. The row of anchors goes with it, where anchors are a list.
    """
    from yamlmod.cli.finish_model import Wish, finish_yaml
    from yamlmod.ops.operations.drop_head.plan import drop_head
    from yamlmod.usecases.model_file import no_both, open_target

    no_both(write, output)
    target = open_target(cfg)
    outcome = drop_head(target.model, target.model.select(selector))
    wish = Wish(output, write, force, dry_run, check, diff, json, format)
    finish_yaml("drop-head", target, outcome, wish)
