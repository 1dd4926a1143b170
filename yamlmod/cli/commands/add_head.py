"""Add a detection scale to a model YAML: P2 for small objects, P6 for large images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import ModelWriteOptions

EPILOG = """\b
Examples:
  yamlmod add-head models/yolov5s.yaml P2 -o models/yolov5s-p2.yaml
  yamlmod add-head yolov8n.yaml P6 --draw p6.svg"""


def run(
    cfg: Annotated[Path, typer.Argument(metavar="CFG", help="The model YAML.")],
    level: Annotated[
        str, typer.Argument(metavar="LEVEL", help="The scale: P2 (stride 4), P6 (stride 64), ...")
    ],
    *,
    to: ModelWriteOptions,
) -> None:
    """Add the detection scale LEVEL, next to those that the head of CFG has.

    Previews unless -w or -o is given. The new branch repeats the neighbouring one: a finer scale
    is a step up and a step back down, a deeper one also a stage of the backbone. Its channels
    follow the backbone's. A row of anchors is added if anchors are a list.
    """
    from yamlmod.cli.finish_model import finish_yaml
    from yamlmod.ops.operations.add_head.plan import add_head
    from yamlmod.usecases.model_file import open_target

    target = open_target(cfg)
    finish_yaml("add-head", target, add_head(target.model, level), to)
