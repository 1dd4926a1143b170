"""Show the help of a command, or of yamlmod."""

from __future__ import annotations

from typing import Annotated

import typer

from yamlmod.cli.options import Json

GROUP = "modules"
EPILOG = """\b
Examples:
  yamlmod help
  yamlmod help insert"""


def run(
    command: Annotated[
        str | None, typer.Argument(metavar="[COMMAND]", help="The command; else all of them.")
    ] = None,
    json: Json = False,
) -> None:
    """Show the help of COMMAND, as `yamlmod COMMAND --help` does."""
    from yamlmod.cli.app import app
    from yamlmod.cli.console import say_json
    from yamlmod.cli.groups import command_names, command_pages
    from yamlmod.cli.usage import unknown_command
    from yamlmod.errors import Refusal

    if command is not None and command not in command_names():
        raise Refusal("usage", unknown_command(command))
    if json:
        say_json({"commands": [page._asdict() for page in command_pages()]})
        return
    app([*([command] if command else []), "--help"], prog_name="yamlmod")
