"""Remove layers from a model YAML: the inverse of insert."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import ModelWriteOptions
from yamlmod.cli.completion import complete_selectors
from yamlmod.cli.option_values import split_selectors

EPILOG = """\b
Examples:
  yamlmod remove models/yolov5s-simam.yaml SimAM
  yamlmod remove models/yolov5s-simam.yaml 18 22 26 -w
  yamlmod remove models/yolov5s-simam.yaml SimAM#*
  yamlmod remove models/yolov5s-bifpn.yaml 19 --from 18"""


def run(
    cfg: Annotated[Path, typer.Argument(metavar="CFG", help="The model YAML.")],
    selectors: Annotated[
        list[str],
        typer.Argument(
            metavar="SEL...",
            autocompletion=complete_selectors,
            help="The layers to remove: 9, SPPF, C3#2, P3.",
        ),
    ],
    cascade: Annotated[
        bool, typer.Option("--cascade", help="Also remove layers that only fed the removed ones.")
    ] = False,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="SEL,...",
            show_default=False,
            help="For a layer with several inputs: which of them to read instead.",
        ),
    ] = None,
    *,
    to: ModelWriteOptions,
) -> None:
    """Remove layers from the model YAML CFG; the layers that used one read its input instead.

    Previews unless -w or -o is given. A layer that changes stride or channels is refused, and so
    is one with several inputs, unless --from says which of them to read instead.
    """
    from yamlmod.cli.finish_model import finish_yaml
    from yamlmod.ops.operations.remove.plan import remove
    from yamlmod.usecases.model_file import layers_of, open_target

    target = open_target(cfg)
    sources = split_selectors(from_, "--from") or ()
    outcome = remove(
        target.model,
        layers_of(target.model, selectors),
        cascade=cascade,
        sources=layers_of(target.model, sources),
    )
    finish_yaml("remove", target, outcome, to)
