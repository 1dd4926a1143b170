"""Draw a network, or the difference of two, as a figure."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import ParserOptions
from yamlmod.cli.options import Force, Json, path_word

EPILOG = """\b
Examples:
  yamlmod draw models/yolov5s.yaml -o yolov5s.svg
  yamlmod draw yolov5s-cbam.yaml --base yolov5s.yaml -o change.svg
  yamlmod draw yolov5s-cbam.yaml --base yolov5s.yaml --side-by-side -o b.pdf
  yamlmod draw models/yolov5s-cbam.yaml --check -o findings.html
  yamlmod draw models/yolo11.yaml --scale s --lang zh -o yolo11s.svg
  yamlmod draw models/yolov7.yaml --format mermaid"""


class FigureFormatName(str, enum.Enum):
    """How the figure is written."""

    svg = "svg"
    html = "html"
    drawio = "drawio"
    tikz = "tikz"
    mermaid = "mermaid"
    json = "json"


class ThemeName(str, enum.Enum):
    """The colours of a figure."""

    color = "color"
    mono = "mono"
    dark = "dark"


class Fold(str, enum.Enum):
    """Whether regions are drawn as one box."""

    auto = "auto"
    none = "none"


class Language(str, enum.Enum):
    """The language of legend and notes."""

    en = "en"
    zh = "zh"


def run(
    cfg: Annotated[Path, typer.Argument(metavar="CFG", help="The model YAML.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            parser=path_word,
            show_default=False,
            help="Write the figure to FILE; its suffix decides the format "
            "(.svg .html .drawio .tex .mmd .json .pdf .png).",
        ),
    ] = None,
    format: Annotated[
        FigureFormatName | None,
        typer.Option("--format", show_default=False, help="The format; without -o, on stdout."),
    ] = None,
    base: Annotated[
        Path | None,
        typer.Option(
            "--base",
            metavar="BASE",
            parser=path_word,
            show_default=False,
            help="Draw the difference to this model YAML.",
        ),
    ] = None,
    side_by_side: Annotated[
        bool, typer.Option("--side-by-side", help="With --base: draw both networks.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Show the findings of `check` on the figure.")
    ] = False,
    scale: Annotated[
        str | None,
        typer.Option(
            "--scale", metavar="SCALE", show_default=False, help="The scale of the channels: n, s."
        ),
    ] = None,
    theme: Annotated[ThemeName, typer.Option("--theme", help="The colours.")] = ThemeName.color,
    fold: Annotated[
        Fold, typer.Option("--fold", help="Draw a region with one entry and one exit as one box.")
    ] = Fold.auto,
    lang: Annotated[
        Language, typer.Option("--lang", help="The language of legend and notes.")
    ] = Language.en,
    repo: Annotated[
        Path | None,
        typer.Option(
            "--repo",
            metavar="REPO",
            parser=path_word,
            show_default=False,
            help="Read channels and strides of unknown modules from this fork's code.",
        ),
    ] = None,
    force: Force = False,
    json: Json = False,
    *,
    parser: ParserOptions,
) -> None:
    """Draw the network of the model YAML CFG.

    Rows are strides, columns are passes: a new column begins where the stride changes direction.
    With --base, layers that were added, removed, replaced or moved and rewired connections are
    shown by colour and line style. Without -o, the figure goes to stdout, with --json as JSON.
    Nothing is built and no code is run.
    """
    from yamlmod.picture.build import DrawOptions
    from yamlmod.usecases.draw import DrawRequest, chosen_format, draw_file

    wanted = None if format is None else format.value
    if json and output is None:
        wanted = "json"
    name = chosen_format(wanted, output)
    options = DrawOptions(scale, lang.value, fold is Fold.auto, theme.value)
    drawing = draw_file(cfg, DrawRequest(base, side_by_side, check, parser.fork(repo)), options)
    if output is None:
        from yamlmod.cli.console import say_json_text, show_figure
        from yamlmod.usecases.draw import drawing_bytes

        show = say_json_text if name == "json" else show_figure
        show(drawing_bytes(drawing, name))
        return
    from yamlmod.cli.finish import write_asked_file
    from yamlmod.usecases.draw import drawing_change
    from yamlmod.workspace.files import display

    change = drawing_change(drawing, name, output, force)
    write_asked_file(change)
    if json:
        from yamlmod.cli.console import say_json

        say_json({"command": "draw", "format": name, "written": display(change.path)})
