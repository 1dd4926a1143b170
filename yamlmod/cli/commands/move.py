"""Move a layer of a model YAML and update every reference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import ModelWriteOptions

EPILOG = """\b
Examples:
  yamlmod move models/yolov5s-simam.yaml SimAM --before SPPF
  yamlmod move models/yolov5s-simam.yaml 24 --after 17 -w"""


def run(
    cfg: Annotated[Path, typer.Argument(metavar="CFG", help="The model YAML.")],
    selector: Annotated[str, typer.Argument(metavar="SEL", help="The layer to move.")],
    after: Annotated[
        str | None,
        typer.Option("--after", metavar="SEL", show_default=False, help="After this layer."),
    ] = None,
    before: Annotated[
        str | None,
        typer.Option("--before", metavar="SEL", show_default=False, help="Before this layer."),
    ] = None,
    *,
    to: ModelWriteOptions,
) -> None:
    """Move the layer SEL of the model YAML CFG; all positions refer to the original indices.

    Previews unless -w or -o is given. Layers that used its output use its input instead, and at
    the new place it is used by the layers that used the one above.
    """
    from yamlmod.cli.finish_model import finish_yaml
    from yamlmod.ops.operations.move.plan import move
    from yamlmod.usecases.model_file import open_target

    target = open_target(cfg)
    select = target.model.select
    outcome = move(
        target.model,
        select(selector),
        after=None if after is None else select(after),
        before=None if before is None else select(before),
    )
    finish_yaml("move", target, outcome, to)
