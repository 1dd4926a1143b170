"""Start a template of your own: a manifest, a module that runs, and a test that passes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import AnswerOptions
from yamlmod.cli.options import DryRun, path_word
from yamlmod.registry.rules import rules_in_words

GROUP = "modules"
EPILOG = """\b
Examples:
  yamlmod new MyAttention
  yamlmod new MyAttention --rule conv --dir my_templates"""


def run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The class that the fork will have.")],
    rule: Annotated[
        str,
        typer.Option(
            "--rule", metavar="RULE", help=f"{rules_in_words()}: what it is handed first."
        ),
    ] = "same",
    folder: Annotated[
        Path | None,
        typer.Option(
            "--dir",
            metavar="DIR",
            parser=path_word,
            show_default=False,
            help="Where its folder goes: the first that yamlmod.toml names, else "
            "yamlmod_templates.",
        ),
    ] = None,
    dry_run: DryRun = False,
    *,
    answer: AnswerOptions,
) -> None:
    """Write a folder with a template called NAME: manifest, module, test.

    The module is a channel attention that starts as the identity; put your own in its place. What
    exists is never overwritten.
    """
    from yamlmod.cli.console import say, say_json, show
    from yamlmod.registry.class_names import stem_of
    from yamlmod.registry.scaffold import scaffold
    from yamlmod.usecases.new_template import next_steps, place_for, write
    from yamlmod.workspace.files import display

    parent = place_for(name, rule, folder)
    home = parent / stem_of(name)
    files = {home / file: text for file, text in scaffold(name, rule).items()}
    say(f"warning: {line}" for line in write(home, files, dry_run))
    if answer.as_json:
        written = [] if dry_run else [display(path) for path in files]
        say_json({"command": "new", "folder": display(home), "written": written})
    else:
        show(next_steps(name, home, parent, dry_run))
