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
    """
    from yamlmod.cli.console import say_json, show
    from yamlmod.registry.catalogue import catalogue
    from yamlmod.report.tables import table

    found = catalogue()
    if json or format is Format.json:
        say_json(
            [
                {"name": t.name, "aliases": list(t.aliases), "rule": t.rule, "summary": t.summary}
                for t in found
            ]
        )
        return
    rows = [[t.name, t.rule, ", ".join(t.aliases), t.summary] for t in found]
    show(table(["module", "rule", "also called", "summary"], rows, wrap=3).rstrip("\n").split("\n"))
