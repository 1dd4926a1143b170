"""Write the table of a study: means, deviations, and what can be said of the differences."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.options import Force, Json, path_word

EPILOG = """\b
Examples:
  yamlmod study report out
  yamlmod study report out -o table.tex
  yamlmod study report out --format json"""


def run(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", parser=path_word, help="The folder of the study.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            parser=path_word,
            show_default=False,
            help="Write to FILE; its suffix (.md, .tex, .csv, .json) gives the format.",
        ),
    ] = None,
    format: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORMAT", show_default=False, help="md, latex, csv or json."
        ),
    ] = "",
    force: Force = False,
    json: Json = False,
) -> None:
    """Report the study in DIR: one line for each variant, compared with the base and its placebo.

    Compared is mAP50-95 of the last epoch, by Welch's test with Holm's correction and 95 %
    intervals. Below three seeds no p value is given.
    """
    from yamlmod.cli.console import say_json_text, show
    from yamlmod.cli.finish import write_asked_file
    from yamlmod.usecases.study_run import report_change, report_text

    format = "json" if json and output is None else format
    text = report_text(folder, format, output)
    if output is None and (json or format == "json"):
        say_json_text(text.encode("utf-8"))
    elif output is None:
        show(text.rstrip("\n").split("\n"))
    else:
        write_asked_file(report_change(text, output, force))
