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
    stands with Conv and carries nominal output channels in its row, which insert fills in.
    Templates of your own are listed with their origin: a folder that yamlmod.toml names, your
    user folder, or an installed pack.
    """
    from yamlmod.cli.console import say, say_json, show
    from yamlmod.registry.catalogue import visible, warnings
    from yamlmod.report.tables import table

    found = visible()
    say(f"warning: {one}" for one in warnings())
    if json or format is Format.json:
        say_json(
            [
                {
                    "name": t.name,
                    "aliases": list(t.aliases),
                    "rule": t.rule,
                    "summary": t.summary,
                    "origin": t.origin,
                }
                for t in found
            ]
        )
        return
    rows = [[t.name, t.rule, ", ".join(t.aliases), t.summary, t.origin] for t in found]
    head = ["module", "rule", "also called", "summary", "origin"]
    if all(t.origin == "built-in" for t in found):
        head, rows = head[:4], [row[:4] for row in rows]
    show(table(head, rows, wrap=3).rstrip("\n").split("\n"))
