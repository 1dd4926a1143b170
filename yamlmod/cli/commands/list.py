"""List the modules of the registry."""

from __future__ import annotations

import enum
from typing import Annotated

import typer

from yamlmod.cli.options import Format, Json, OutputFormat

GROUP = "modules"
EPILOG = """\b
Examples:
  yamlmod list
  yamlmod list coordinate
  yamlmod list 坐标
  yamlmod list 'C3_*'
  yamlmod list --kind channel --sort parameters
  yamlmod list --json"""


class Sort(str, enum.Enum):
    """The order of the modules."""

    name = "name"
    year = "year"
    kind = "kind"
    parameters = "parameters"


def run(
    word: Annotated[
        str | None,
        typer.Argument(
            metavar="[WORD]",
            help="Only modules with WORD in a name, a kind, a summary or the paper's title, in "
            "English or Chinese; or a pattern such as 'C3_*' for names.",
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            show_default=False,
            help="Only modules of this kind: channel, spatial, self, convolution, block, "
            "upsample, downsample or fusion.",
        ),
    ] = None,
    sort: Annotated[Sort, typer.Option("--sort", help="The order of the modules.")] = Sort.name,
    json: Json = False,
    format: OutputFormat = Format.text,
) -> None:
    """List the modules of the registry: year, kind, parameters and summary.

    Parameters are those at 256 channels. `info MODULE` shows the paper, the rule, the arguments,
    the usual places and the test results. Your own templates are listed with their origin: a
    folder in yamlmod.toml, your user folder, or an installed pack.
    """
    from yamlmod.cli.console import say, say_json, show
    from yamlmod.cli.module_list import chosen_modules, list_data, list_table
    from yamlmod.registry.catalogue import visible, warnings

    templates = chosen_modules(visible(), word, kind, sort.value)
    say(f"warning: {warning}" for warning in warnings())
    if json or format is Format.json:
        say_json(list_data(templates))
    elif not templates:
        what = f"no module matches {word!r}" if word else f"no module is of the kind {kind}"
        say([f"{what}; `yamlmod list` shows all of them"], always=True)
    else:
        # A query in Chinese is answered in Chinese.
        show(list_table(templates, chinese=word is not None and not word.isascii()))
