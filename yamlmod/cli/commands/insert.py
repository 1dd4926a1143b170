"""Insert a layer into a model YAML; every reference and index comment behind it follows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.options import (
    After,
    AllowDead,
    Args,
    AsName,
    At,
    Before,
    Check,
    DialectName,
    DiffFile,
    DryRun,
    EdgeOption,
    Force,
    Format,
    From,
    Json,
    KeepSkips,
    Output,
    OutputFormat,
    Readers,
    RowsOf,
    Rule,
    TargetFunction,
    Write,
    parse_args,
    split_selectors,
)

EPILOG = """\b
Examples:
  yamlmod insert SimAM models/yolov5s.yaml --at 24
  yamlmod insert SimAM yolov5s.yaml --after P3 --after P4 --after P5 -o yolov5s-simam.yaml
  yamlmod insert ACmix yolov5s.yaml --before SPPF -w
  yamlmod insert SimAM yolov5s.yaml --after 4 --keep-skips
  yamlmod insert SimAM yolov5s.yaml --edge 4:16
  yamlmod insert MyAttention yolov5s.yaml --after C3#2 --args '[256, 7]'
  yamlmod insert ./my_attention.py:MyAttention yolov5s.yaml --at 24
  yamlmod insert CBAM yolov5s.yaml --after P3 --repo yolov5    args that the fork builds right
All positions of one command speak of the original's indices."""


def run(
    module: Annotated[
        str,
        typer.Argument(
            metavar="MODULE",
            help="A module of the registry, a class of yours (FILE.py:CLASS), or any class's name "
            "with --args or --repo.",
        ),
    ],
    cfg: Annotated[Path, typer.Argument(metavar="CFG", help="The model YAML.")],
    at: At = None,
    after: After = None,
    before: Before = None,
    edge: EdgeOption = None,
    args: Args = None,
    repo: RowsOf = None,
    target_function: TargetFunction = "",
    dialect: DialectName = "",
    as_name: AsName = None,
    rule: Rule = None,
    keep_skips: KeepSkips = False,
    readers: Readers = None,
    from_: From = None,
    allow_dead: AllowDead = False,
    output: Output = None,
    write: Write = False,
    force: Force = False,
    dry_run: DryRun = False,
    check: Check = False,
    diff: DiffFile = None,
    json: Json = False,
    format: OutputFormat = Format.text,
) -> None:
    """Insert MODULE into the model YAML CFG.

    Previews unless -w or -o is given: the diff goes to stdout, the summary to stderr. The new
    layer reads the layer above it, and that layer's readers read the new one (--keep-skips and
    --readers choose otherwise). With --repo the fork's own code is read (and never run) to find the
    args with which it builds the class for the right channels at every scale of the file.
    """
    from yamlmod.cli.finish_model import Wish, finish_yaml
    from yamlmod.ops.operations.insert.plan import insert
    from yamlmod.ops.operations.insert.request import Request
    from yamlmod.usecases.chosen_module import Choices, template_in
    from yamlmod.usecases.model_file import (
        no_both,
        no_words_without_repo,
        open_target,
        positions_of,
        readers_of,
        sources_of,
    )

    no_both(write, output)
    values = parse_args(args)
    template = template_in(module, Choices(as_name, rule=rule))
    target = open_target(cfg)
    request = Request(
        module=module,
        positions=positions_of(target.model, at, after, before, edge),
        args=values,
        keep_skips=keep_skips,
        readers=readers_of(target.model, split_selectors(readers)),
        allow_dead=allow_dead,
        sources=sources_of(target.model, from_),
        template=template,
    )
    if repo is None:
        no_words_without_repo(target_function, dialect)
        outcome = insert(target.model, request)
    else:
        from yamlmod.usecases.fork_rows import ForkWords, insert_in_fork

        outcome = insert_in_fork(ForkWords(repo, target_function, dialect), target.model, request)
    wish = Wish(output, write, force, dry_run, check, diff, json, format)
    finish_yaml("insert", target, outcome, wish)
