"""Insert a layer into a model YAML and update every reference and index comment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import ModelWriteOptions, ParserOptions, PlaceOptions
from yamlmod.cli.completion import complete_modules
from yamlmod.cli.options import AsName, RowsOf, Rule

EPILOG = """\b
Examples:
  yamlmod insert SimAM models/yolov5s.yaml --at 24
  yamlmod insert SimAM yolov5s.yaml --after P3 --after P5 -o simam.yaml
  yamlmod insert ACmix yolov5s.yaml --before SPPF -w
  yamlmod insert SimAM yolov5s.yaml --after 4 --keep-skips
  yamlmod insert SimAM yolov5s.yaml --edge 4:16
  yamlmod insert MyAttention yolov5s.yaml --after C3#2 --args '[256, 7]'
  yamlmod insert ./my_attention.py:MyAttention yolov5s.yaml --at 24
  yamlmod insert CBAM yolov5s.yaml --after P3 --repo yolov5
      args that this fork builds correctly
  yamlmod insert SimAM yolov5s.yaml --edge 17:24 --edge 20:24 --at-end
      rows in front of the head: no other number moves
All positions of one command refer to the original indices."""


def run(
    module: Annotated[
        str,
        typer.Argument(
            metavar="MODULE",
            autocompletion=complete_modules,
            help="A module of the registry, a class of yours (FILE.py:CLASS), or any class's name "
            "with --args or --repo.",
        ),
    ],
    cfg: Annotated[Path, typer.Argument(metavar="CFG", help="The model YAML.")],
    *,
    place: PlaceOptions,
    repo: RowsOf = None,
    parser: ParserOptions,
    as_name: AsName = None,
    rule: Rule = None,
    to: ModelWriteOptions,
) -> None:
    """Insert MODULE into the model YAML CFG.

    Previews unless -w or -o is given: the diff goes to stdout, the summary to stderr. The new
    layer reads the layer above it, and the layers that used that output now use the new one
    (change this with --keep-skips or --readers). With --repo the fork's own code is read (and
    never run) to find the args with which it builds the class for the right channels at every
    scale of the file.
    """
    from yamlmod.cli.finish_model import finish_yaml, new_modules
    from yamlmod.ops.operations.insert.plan import insert
    from yamlmod.usecases.chosen_module import Choices, template_in
    from yamlmod.usecases.fork_classes import missing_notes, refuse_near_alias
    from yamlmod.usecases.model_file import open_target

    insertion = place.insertion()
    template = template_in(module, Choices(as_name, rule=rule))
    notes: tuple[str, ...] = ()
    if repo is None:
        parser.refuse_without_repo()
        target = open_target(cfg)
        refuse_near_alias(target.file.path, module)
        outcome = insert(target.model, insertion.request(target.model, module, template))
        notes = missing_notes(target.file.path, new_modules(outcome))
    else:
        from yamlmod.usecases.fork_rows import insert_in_fork
        from yamlmod.usecases.located_fork import open_fork

        located = open_fork(repo, parser.target, parser.dialect)
        target = located.open_model(cfg)
        request = insertion.request(target.model, module, template)
        outcome = insert_in_fork(located, target.model, request)
    finish_yaml("insert", target, outcome, to, notes)
