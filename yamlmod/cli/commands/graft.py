"""Put the backbone of one model YAML under the neck and head of another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import ModelWriteOptions

EPILOG = """\b
Examples:
  yamlmod graft models/yolov5s.yaml --backbone models/hub/yolov5s-ghost.yaml
  yamlmod graft yolov8.yaml --backbone yolo11.yaml -o yolov8-on-11.yaml
  yamlmod graft yolov8.yaml --backbone mine.yaml --strides 1:8,2:16,3:32
      mine.yaml has classes that yamlmod does not know"""


def run(
    cfg: Annotated[
        Path, typer.Argument(metavar="CFG", help="The model YAML whose neck and head stay.")
    ],
    backbone: Annotated[
        Path,
        typer.Option(
            "--backbone", metavar="OTHER", help="The YAML whose `backbone` is taken; needs no head."
        ),
    ],
    strides: Annotated[
        str | None,
        typer.Option(
            "--strides",
            metavar="LAYER:STRIDE,...",
            show_default=False,
            help="Layers of OTHER that the neck reads, with their strides.",
        ),
    ] = None,
    *,
    to: ModelWriteOptions,
) -> None:
    """Put the backbone of OTHER under the neck and head of CFG.

    Previews unless -w or -o is given. Inputs of the neck are connected to the backbone's layers
    of the same stride; channels follow from the rows. Width and depth are those of CFG.
    """
    from yamlmod.cli.finish_model import finish_yaml, new_modules
    from yamlmod.ops.operations.graft.donor import DonorFile
    from yamlmod.ops.operations.graft.plan import graft
    from yamlmod.usecases.fork_classes import missing_notes
    from yamlmod.usecases.model_file import find_cfg, open_target
    from yamlmod.workspace.files import display, read_text

    target = open_target(cfg)
    path = find_cfg(backbone)
    words = tuple(word.strip() for word in (strides or "").split(",") if word.strip())
    outcome = graft(target.model, DonorFile(read_text(path).text, display(path), words))
    notes = missing_notes(target.file.path, new_modules(outcome))
    finish_yaml("graft", target, outcome, to, notes)
