"""List the attention modules of the registry."""

from __future__ import annotations

from yamlmod.cli.options import Format, Json, OutputFormat

EPILOG = """\b
Examples:
  yamlmod list
  yamlmod list --json"""


def run(json: Json = False, format: OutputFormat = Format.text) -> None:
    """List the attention modules of the registry.

    Rules: `free` takes no channels; `same` gets its input's channels from parse_model; `conv`
    stands with Conv and carries nominal output channels in its row, which insert fills in; `csp`
    does so with C3, and the row's number repeats what is inside.
    Badges are test results (`info` gives the reason where one is missing): fp16, bf16, onnx,
    dynamic (one ONNX file for several sizes), deterministic, trace, script, compile, and identity
    (can start as the identity). Templates of your own are listed with their origin: a folder that
    yamlmod.toml names, your user folder, or an installed pack.
    """
    from yamlmod.cli.console import say, say_json, show
    from yamlmod.registry.catalogue import visible, warnings
    from yamlmod.registry.measured import measured
    from yamlmod.report.tables import table

    found = [(template, measured(template)) for template in visible()]
    say(f"warning: {one}" for one in warnings())
    if json or format is Format.json:
        say_json(
            [
                {
                    "name": t.name,
                    "aliases": list(t.aliases),
                    "rule": t.rule,
                    "summary": t.summary,
                    "badges": dict(known.badges) if known else None,
                    "origin": t.origin,
                }
                for t, known in found
            ]
        )
        return
    head = ["module", "rule", "badges", "also called", "summary", "origin"]
    rows = [
        [
            t.name,
            t.rule,
            known.shown if known else "not measured",
            ", ".join(t.aliases),
            t.summary,
            t.origin,
        ]
        for t, known in found
    ]
    if all(t.origin == "built-in" for t, _ in found):
        head, rows = head[:5], [row[:5] for row in rows]
    show(table(head, rows, wrap=4))
