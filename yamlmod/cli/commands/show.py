"""List a model's layers: inputs, channels, stride, and which layers use each output."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yamlmod.cli.bundles import AnswerOptions, ParserOptions
from yamlmod.cli.options import path_word

if TYPE_CHECKING:
    from yamlmod.model.network import Network
    from yamlmod.usecases.named_fork import NamedFork

EPILOG = """\b
Examples:
  yamlmod show models/yolov5s.yaml
  yamlmod show models/yolov5s.yaml --scale s
  yamlmod show models/yolov5s.yaml --json | jq '.layers[].readers'
  yamlmod show models/yolov5s.yaml --repo .   what the fork's classes get"""


def run(
    cfg: Annotated[Path, typer.Argument(metavar="CFG", help="The model YAML.")],
    repo: Annotated[
        Path | None,
        typer.Option(
            "--repo",
            metavar="REPO",
            parser=path_word,
            show_default=False,
            help="Show what this fork's parse function gives each class, and the real channels.",
        ),
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option(
            "--scale",
            metavar="S",
            show_default=False,
            help="Only the channels of this scale: n, s, m, l, x, or as the file names it.",
        ),
    ] = None,
    *,
    parser: ParserOptions,
    answer: AnswerOptions,
) -> None:
    """List the layers of the model YAML CFG.

    `reads` resolves the `from` column; channels are given as the YAML counts them (nominal) and
    at the file's own width or scales. Nothing is built: `?` means a module yamlmod does not know.
    With --repo the fork's own code is read (and never run): the arguments that each class receives
    and its output channels, at every scale of the file.
    """
    from yamlmod.cli.console import say_json, show
    from yamlmod.cli.layers import layers_data, layers_table
    from yamlmod.usecases.model_file import open_target
    from yamlmod.usecases.model_folders import folders_of_fork

    fork = parser.fork(repo)
    model = open_target(cfg, folders_of_fork(cfg, fork)).model
    if fork is not None:
        _show_built(model, fork, scale, answer.as_json)
        return
    if answer.as_json:
        say_json(layers_data(model, scale))
    else:
        show(layers_table(model, scale))


def _show_built(model: Network, fork: NamedFork, scale: str | None, as_json: bool) -> None:
    from yamlmod.cli.built_layers import built_data, built_table
    from yamlmod.cli.console import say_json, show
    from yamlmod.cli.layers import refuse_scale
    from yamlmod.model.parse import load_plain
    from yamlmod.usecases.fork_questions import built_layers

    document = model.document
    readings = built_layers(fork, load_plain(document.text, document.shown))
    if scale is not None:
        if scale not in readings:
            raise refuse_scale(scale, list(readings))
        readings = {scale: readings[scale]}
    if as_json:
        say_json(built_data(document.shown, readings))
    else:
        show(built_table(readings))
