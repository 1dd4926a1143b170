"""Print the BibTeX entries of the modules that a model YAML uses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import AnswerOptions

GROUP = "modules"
EPILOG = """\b
Examples:
  yamlmod cite models/yolov5s-cbam.yaml
  yamlmod cite models/yolov5s-cbam.yaml >> paper.bib"""


def run(
    cfg: Annotated[Path, typer.Argument(metavar="CFG", help="The model YAML.")],
    *,
    answer: AnswerOptions,
) -> None:
    """Print a BibTeX entry for each module of the registry that CFG uses, each paper once.

    Entries hold the first author; `and others` is for the rest. Other modules are named on stderr.
    """
    from yamlmod.cli.console import say, say_json, show
    from yamlmod.registry.catalogue import find
    from yamlmod.registry.citation import bibtex
    from yamlmod.usecases.model_file import open_target

    document = open_target(cfg).model.document
    modules = list(dict.fromkeys(row.module for row in document.rows))
    found = {name: template for name in modules if (template := find(name)) is not None}
    entries = {name: bibtex(template) for name, template in found.items()}
    texts = list(dict.fromkeys(text for text in entries.values() if text))
    if answer.as_json:
        cited = [{"module": name, "bibtex": text or None} for name, text in entries.items()]
        say_json({"command": "cite", "cfg": document.shown, "modules": cited})
        return
    show(line for text in texts for line in [*text.split("\n"), ""])
    if not texts:
        say([f"{document.shown} uses no module of the registry"])
    without = [name for name, text in entries.items() if not text]
    if without:
        say([f"note: no paper is known of {', '.join(without)}"])
