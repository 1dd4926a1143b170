"""Replace a layer of a model YAML by another module; its references stay."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.options import (
    Args,
    Check,
    DialectName,
    DiffFile,
    DryRun,
    Force,
    Format,
    Json,
    Output,
    OutputFormat,
    RowsOf,
    TargetFunction,
    Write,
    parse_args,
)

EPILOG = """\b
Examples:
  yamlmod replace models/yolov5s.yaml C3#4 C3TR
  yamlmod replace models/yolov5s.yaml SPPF SPPFCSPC -o models/yolov5s-csp.yaml
  yamlmod replace models/yolov5s.yaml C3#4 ACmix
  yamlmod replace models/yolov5s.yaml C3#4 C3Ghost --repo yolov5"""


def run(
    cfg: Annotated[Path, typer.Argument(metavar="CFG", help="The model YAML.")],
    selector: Annotated[
        str, typer.Argument(metavar="SEL", help="The layer to replace: 9, SPPF, C3#2, P3.")
    ],
    module: Annotated[
        str, typer.Argument(metavar="MODULE", help="A module of the registry or of the fork.")
    ],
    args: Args = None,
    repo: RowsOf = None,
    target_function: TargetFunction = "",
    dialect: DialectName = "",
    output: Output = None,
    write: Write = False,
    force: Force = False,
    dry_run: DryRun = False,
    check: Check = False,
    diff: DiffFile = None,
    json: Json = False,
    format: OutputFormat = Format.text,
) -> None:
    """Put MODULE in the place of the layer SEL of the model YAML CFG.

    Previews unless -w or -o is given. A class that the registry does not know keeps the row's
    args unless --args gives others. A change of stride is refused unless --force is given. With
    --repo the fork's own code is read (and never run) to find the args with which it builds the
    class for the channels that are there, at every scale of the file.
    """
    from yamlmod.cli.finish_model import Wish, finish_yaml
    from yamlmod.ops.operations.replace.plan import replace
    from yamlmod.usecases.model_file import no_both, no_words_without_repo, open_target

    no_both(write, output)
    values = parse_args(args)
    target = open_target(cfg)
    layer = target.model.select(selector)
    if repo is None:
        no_words_without_repo(target_function, dialect)
        outcome = replace(target.model, layer, module, values, force=force)
    else:
        from yamlmod.usecases.fork_rows import ForkWords, replace_in_fork

        outcome = replace_in_fork(
            ForkWords(repo, target_function, dialect), target.model, layer, module, values, force
        )
    wish = Wish(output, write, force, dry_run, check, diff, json, format)
    finish_yaml("replace", target, outcome, wish)
