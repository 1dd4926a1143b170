"""Write the table of a study: means, deviations, and what can be said of the differences."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.options import Force, Json, path_word
from yamlmod.errors import Refusal

EPILOG = """\b
Examples:
  yamlmod study report out
  yamlmod study report out -o table.tex
  yamlmod study report out -o report.html    with plots and figures
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
            help="Write to FILE; its suffix (.md .tex .csv .json .html) gives the format.",
        ),
    ] = None,
    format: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORMAT", show_default=False, help="md, latex, csv, json or html."
        ),
    ] = "",
    force: Force = False,
    json: Json = False,
) -> None:
    """Report the study in DIR: one line for each variant, compared with the base and its placebo.

    Compared is mAP50-95 of the last epoch, by Welch's test with Holm's correction and 95 %
    intervals. Below three seeds no p value is given. HTML has plots as well (with the extra
    `plots`), and figures of what each variant changes.
    """
    from yamlmod.cli.console import say, say_json_text, show, show_figure
    from yamlmod.cli.finish import write_asked_file
    from yamlmod.usecases.study_run import report_change, report_text

    if json and (output is not None or format not in ("", "json")):
        raise Refusal("usage", "--json writes to stdout; for a file: -o FILE.json")
    format = "json" if json else format
    report = report_text(folder, format, output)
    say(f"note: {note}" for note in report.notes)
    if output is not None:
        write_asked_file(report_change(report.text, output, force))
    elif json or report.format == "json":
        say_json_text(report.text.encode("utf-8"))
    elif report.format == "html":
        show_figure(report.text.encode("utf-8"))
    else:
        show(report.text.rstrip("\n").split("\n"))
