"""Replace the module of a layer; its references stay."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import ModelWriteOptions, ParserOptions
from yamlmod.cli.options import Args, RowsOf, parse_args

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
    *,
    args: Args = None,
    repo: RowsOf = None,
    parser: ParserOptions,
    to: ModelWriteOptions,
) -> None:
    """Replace the layer SEL of the model YAML CFG with MODULE.

    Previews unless -w or -o is given. A class that is not in the registry keeps the row's args
    unless --args is given. A change of stride is refused unless --force is given. With --repo
    the fork's own code is read (and never run) to find the args with which it builds the class
    for the channels that are there, at every scale of the file.
    """
    from yamlmod.cli.finish_model import finish_yaml
    from yamlmod.ops.operations.replace.plan import replace
    from yamlmod.usecases.model_file import open_target

    values = parse_args(args)
    target = open_target(cfg)
    layer = target.model.select(selector)
    if repo is None:
        parser.refuse_without_repo()
        outcome = replace(target.model, layer, module, values, force=to.force)
    else:
        from yamlmod.usecases.fork_rows import replace_in_fork
        from yamlmod.usecases.located_fork import open_fork

        located = open_fork(repo, parser.target, parser.dialect)
        outcome = replace_in_fork(located, target.model, layer, module, values, to.force)
    finish_yaml("replace", target, outcome, to)
