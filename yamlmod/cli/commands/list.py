"""List the attention modules of the registry."""

from __future__ import annotations

from typing import Annotated

import typer

from yamlmod.cli.options import Format, Json, OutputFormat

EPILOG = """\b
Examples:
  yamlmod list
  yamlmod list coordinate
  yamlmod list 坐标
  yamlmod list --json"""


def run(
    word: Annotated[
        str | None,
        typer.Argument(
            metavar="[WORD]",
            help="Only modules with WORD in a name, a summary or the paper's title, in English "
            "or Chinese.",
        ),
    ] = None,
    json: Json = False,
    format: OutputFormat = Format.text,
) -> None:
    """List the attention modules of the registry.

    Rules: `free` takes no channels; `same` gets its input channels from parse_model; `conv` is
    registered beside Conv, and its row starts with the nominal output channels, which insert fills
    in; `csp` is registered beside C3, and the number of its row repeats the inner blocks.
    Badges are test results (`info` gives the reason for each missing one): fp16, bf16, onnx,
    dynamic (one ONNX file for several sizes), deterministic, trace, script, compile, and identity
    (can start as the identity). Your own templates are listed with their origin: a folder in
    yamlmod.toml, your user folder, or an installed pack.
    """
    from yamlmod.cli.console import say, say_json, show
    from yamlmod.registry.catalogue import visible, warnings
    from yamlmod.registry.measured import measured
    from yamlmod.report.tables import table

    templates = [template for template in visible() if not word or template.matches(word)]
    badges = [measured(template) for template in templates]
    say(f"warning: {warning}" for warning in warnings())
    if json or format is Format.json:
        say_json(
            [
                {
                    "name": template.name,
                    "aliases": list(template.aliases),
                    "names_zh": list(template.names_zh),
                    "rule": template.rule,
                    "summary": template.summary,
                    "summary_zh": template.summary_zh,
                    "badges": dict(known.badges) if known else None,
                    "origin": template.origin,
                }
                for template, known in zip(templates, badges, strict=True)
            ]
        )
        return
    if not templates:
        say([f"no module matches {word!r}; `yamlmod list` shows all of them"])
        return
    # A query in Chinese is answered in Chinese.
    chinese = word is not None and not word.isascii()
    head = ["module", "rule", "badges", "also called", "summary", "origin"]
    rows = [
        [
            template.name,
            template.rule,
            known.shown if known else "not measured",
            ", ".join(template.names_zh if chinese else template.aliases),
            (chinese and template.summary_zh) or template.summary,
            template.origin,
        ]
        for template, known in zip(templates, badges, strict=True)
    ]
    if all(template.origin == "built-in" for template in templates):
        head, rows = head[:5], [row[:5] for row in rows]
    show(table(head, rows, wrap=4))
