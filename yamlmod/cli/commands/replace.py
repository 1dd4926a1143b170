"""Replace the module of layers; their references stay."""

from __future__ import annotations

from typing import Annotated

import typer

from yamlmod.cli.bundles import ModelWriteOptions, ParserOptions
from yamlmod.cli.completion import complete_replacement
from yamlmod.cli.option_values import parse_args
from yamlmod.cli.options import Args, Number, RowsOf, Rule

EPILOG = """\b
Examples:
  yamlmod replace C3TR models/yolov5s.yaml C3#4
  yamlmod replace SPPFCSPC models/yolov5s.yaml SPPF -o models/yolov5s-csp.yaml
  yamlmod replace C3_CBAM models/yolov5s.yaml 'backbone.C3#*'
  yamlmod replace ./my_block.py:MyBlock models/yolov5s.yaml C3#4
  yamlmod replace C3Ghost models/yolov5s.yaml C3#4 --repo yolov5
With the class in the fork, too: yamlmod add MODULE --replace SEL --cfg CFG"""


def run(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="MODULE CFG SEL...",
            autocompletion=complete_replacement,
            help="The new module (of the registry, of the fork, or a class of yours: "
            "FILE.py:CLASS), the model YAML, and the layers to replace: 9, SPPF, C3#2, P3, C3#*.",
        ),
    ],
    *,
    args: Args = None,
    number: Number = None,
    repo: RowsOf = None,
    parser: ParserOptions,
    rule: Rule = None,
    to: ModelWriteOptions,
) -> None:
    """Replace the layers SEL of the model YAML CFG with MODULE.

    Previews unless -w or -o is given. A class that is not in the registry keeps the row's args
    unless --args is given. A change of stride is refused unless --force is given. With --repo
    the fork's own code is read (and never run) to find the args with which it builds the class
    for the channels that are there, at every scale of the file.
    """
    from yamlmod.cli.finish_model import finish_yaml, new_modules
    from yamlmod.cli.operands import replacement_of
    from yamlmod.ops.operations.replace.plan import replace_all
    from yamlmod.usecases.chosen_module import Choices, template_in
    from yamlmod.usecases.fork_classes import missing_notes, refuse_near_alias
    from yamlmod.usecases.model_file import layers_of, open_target

    values = parse_args(args)
    module, cfg, selectors, notes = replacement_of(words)
    template = template_in(module, Choices(rule=rule))
    if repo is None:
        parser.refuse_without_repo()
        target = open_target(cfg)
        refuse_near_alias(target.file.path, module)
        layers = layers_of(target.model, selectors)
        outcome = replace_all(
            target.model,
            layers,
            module,
            values,
            force=to.force,
            number=number,
            template=template,
        )
        notes += missing_notes(target.file.path, new_modules(outcome))
    else:
        from yamlmod.usecases.fork_rows import replace_in_fork
        from yamlmod.usecases.located_fork import open_fork

        located = open_fork(repo, parser.target, parser.dialect)
        target = located.open_model(cfg)
        layers = layers_of(target.model, selectors)
        name = module if template is None else template.name
        outcome = replace_in_fork(located, target.model, layers, name, values, to.force, number)
    finish_yaml("replace", target, outcome, to, notes)
