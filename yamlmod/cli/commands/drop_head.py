"""Drop a detection scale with its branch and its row of anchors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import ModelWriteOptions

EPILOG = """\b
Examples:
  yamlmod drop-head models/yolov5s.yaml P5
  yamlmod drop-head models/hub/yolov5-p6.yaml P6 -o models/yolov5-p5.yaml
  yamlmod drop-head models/yolov5s-p2.yaml P2 --whole -w"""


def run(
    cfg: Annotated[Path, typer.Argument(metavar="CFG", help="The model YAML.")],
    selector: Annotated[
        str, typer.Argument(metavar="SEL", help="The head input to drop: P5, or its index.")
    ],
    whole: Annotated[
        bool,
        typer.Option(
            "--whole",
            help="Also remove the neck steps and the backbone stage that only this scale needs.",
        ),
    ] = False,
    *,
    to: ModelWriteOptions,
) -> None:
    """Drop the head input SEL of the model YAML CFG and every layer that only served it.

    Previews unless -w or -o is given. Its row of anchors is removed too, if anchors are a list.
    Layers that lead to the other scales stay, unless --whole is given: then the finest or deepest
    scale goes as `add-head` puts it in, with its steps up and down and its backbone stage.
    """
    from yamlmod.cli.finish_model import finish_yaml
    from yamlmod.ops.operations.drop_head.plan import drop_head
    from yamlmod.usecases.model_file import open_target

    target = open_target(cfg)
    outcome = drop_head(target.model, target.model.select(selector), whole=whole)
    finish_yaml("drop-head", target, outcome, to)
