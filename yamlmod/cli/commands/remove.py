"""Remove layers from a model YAML: the inverse of insert."""

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
  yamlmod remove models/yolov5s-simam.yaml SimAM
  yamlmod remove models/yolov5s-simam.yaml 18 22 26 -w
  yamlmod remove models/yolov5s-simam.yaml SimAM#*
  yamlmod remove models/yolov5s-bifpn.yaml 19 --from 18"""


def run(
    cfg: Annotated[Path, typer.Argument(metavar="CFG", help="The model YAML.")],
    selectors: Annotated[
        list[str],
        typer.Argument(metavar="SEL...", help="The layers to take out: 9, SPPF, C3#2, P3."),
    ],
    cascade: Annotated[
        bool, typer.Option("--cascade", help="Also take out what only fed the removed layers.")
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
    output: Output = None,
    write: Write = False,
    force: Force = False,
    dry_run: DryRun = False,
    check: Check = False,
    diff: DiffFile = None,
    json: Json = False,
    format: OutputFormat = Format.text,
) -> None:
    """Remove layers from the model YAML CFG; the layers that used one read its input instead.

    Previews unless -w or -o is given. A layer that changes stride or channels is refused, and so
    is one with several inputs, unless --from says which of them to read instead.
    """
    from yamlmod.cli.finish_model import Wish, finish_yaml
    from yamlmod.ops.operations.remove.plan import remove
    from yamlmod.usecases.model_file import layers_of, no_both, open_target, sources_of

    no_both(write, output)
    target = open_target(cfg)
    layers, sources = layers_of(target.model, selectors), sources_of(target.model, from_)
    outcome = remove(target.model, layers, cascade=cascade, sources=sources or ())
    wish = Wish(output, write, force, dry_run, check, diff, json, format)
    finish_yaml("remove", target, outcome, wish)
