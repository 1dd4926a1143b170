"""Move a layer of a model YAML to another place: remove and insert, in one proof."""

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
  yamlmod move models/yolov5s-simam.yaml SimAM --before SPPF
  yamlmod move models/yolov5s-simam.yaml 24 --after 17 -w"""


def run(
    cfg: Annotated[Path, typer.Argument(metavar="CFG", help="The model YAML.")],
    selector: Annotated[str, typer.Argument(metavar="SEL", help="The layer to move.")],
    after: Annotated[
        str | None,
        typer.Option("--after", metavar="SEL", show_default=False, help="Behind this layer."),
    ] = None,
    before: Annotated[
        str | None,
        typer.Option("--before", metavar="SEL", show_default=False, help="In front of this one."),
    ] = None,
    output: Output = None,
    write: Write = False,
    force: Force = False,
    dry_run: DryRun = False,
    check: Check = False,
    diff: DiffFile = None,
    json: Json = False,
    format: OutputFormat = Format.text,
) -> None:
    """Move the layer SEL of the model YAML CFG; all positions speak of the original's indices.

    Previews unless -w or -o is given. Whoever read the layer reads its input, and the readers of
    the layer above its new place read it.
    """
    from yamlmod.cli.finish_model import Wish, finish_yaml
    from yamlmod.ops.operations.move.plan import move
    from yamlmod.usecases.model_file import no_both, open_target

    no_both(write, output)
    target = open_target(cfg)
    select = target.model.select
    outcome = move(
        target.model,
        select(selector),
        after=None if after is None else select(after),
        before=None if before is None else select(before),
    )
    wish = Wish(output, write, force, dry_run, check, diff, json, format)
    finish_yaml("move", target, outcome, wish)
