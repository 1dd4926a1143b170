"""Show one module: paper, cost, usual places, arguments, YAML row, and code."""

from __future__ import annotations

from typing import Annotated

import typer

from yamlmod.cli.completion import complete_modules
from yamlmod.cli.options import Format, Json, OutputFormat

GROUP = "modules"
EPILOG = """\b
Examples:
  yamlmod info SimAM
  yamlmod info 坐标注意力
  yamlmod info CBAM --code
  yamlmod info CBAM --bibtex
  yamlmod info ACmix --channels 256 --json"""


def run(
    module: Annotated[
        str,
        typer.Argument(
            metavar="MODULE",
            autocompletion=complete_modules,
            help="A module, by name, alias or Chinese name.",
        ),
    ],
    channels: Annotated[
        int,
        typer.Option(
            "--channels",
            metavar="C",
            min=1,
            max=65536,
            help="Input and output channels of the constructor call shown.",
        ),
    ] = 64,
    code: Annotated[
        bool, typer.Option("--code", help="Also the class and its branch of parse_model.")
    ] = False,
    citation: Annotated[
        bool, typer.Option("--bibtex", help="Only the BibTeX entry of the paper.")
    ] = False,
    json: Json = False,
    format: OutputFormat = Format.text,
) -> None:
    """Show MODULE: summary, paper, YAML row, cost, usual places in public YAMLs, and arguments.

    --code adds the class that `patch` writes and its branch of parse_model.
    """
    from yamlmod.cli.console import say_json, show
    from yamlmod.cli.module import module_data, module_lines
    from yamlmod.errors import Refusal
    from yamlmod.registry.catalogue import get
    from yamlmod.registry.citation import bibtex

    template = get(module)
    if json or format is Format.json:
        chinese = {"names_zh": list(template.names_zh), "summary_zh": template.summary_zh}
        say_json({**module_data(template, channels), **chinese})
        return
    if citation:
        text = bibtex(template)
        if not text:
            raise Refusal("no-paper", f"the manifest of {template.name} names no paper")
        show(text.split("\n"))
        return
    lines = module_lines(template, channels, code)
    if template.summary_zh:
        names = "、".join(template.names_zh)
        lines[2:2] = [f"  {names}", f"  {template.summary_zh}"]
    show(lines)
