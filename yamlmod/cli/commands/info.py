"""Show one module: paper, arguments, YAML row, code, and parse_model branch."""

from __future__ import annotations

from typing import Annotated

import typer

from yamlmod.cli.options import Format, Json, OutputFormat

EPILOG = """\b
Examples:
  yamlmod info SimAM
  yamlmod info 坐标注意力
  yamlmod info ACmix --channels 256 --json"""


def run(
    module: Annotated[
        str, typer.Argument(metavar="MODULE", help="A module, by name, alias or Chinese name.")
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
    json: Json = False,
    format: OutputFormat = Format.text,
) -> None:
    """Show MODULE: summary, paper, arguments, YAML row, code, and parse_model branch."""
    from yamlmod.cli.console import say_json, show
    from yamlmod.cli.module import module_data, module_lines
    from yamlmod.registry.catalogue import get

    template = get(module)
    if json or format is Format.json:
        chinese = {"names_zh": list(template.names_zh), "summary_zh": template.summary_zh}
        say_json({**module_data(template, channels), **chinese})
        return
    lines = module_lines(template, channels)
    if template.summary_zh:
        names = "、".join(template.names_zh)
        lines[2:2] = [f"  {names}", f"  {template.summary_zh}"]
    show(lines)
