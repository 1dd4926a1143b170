"""Measure networks against a base: parameters, GFLOPs, memory, latency, as a paper's table."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.options import Cfgs, Json, NoStandIns, Python, Repo, Timeout, path_word

EPILOG = """\b
Examples:
  yamlmod profile yolov5 models/yolov5s.yaml models/yolov5s-simam.yaml
      the second against the first
  yamlmod profile yolov5 models/yolov5s-simam.yaml --base models/yolov5s.yaml --layers
  yamlmod profile yolov5 models/yolov5s.yaml --format latex > table.tex
  yamlmod profile yolov5 models/yolov5s.yaml --rounds 0
      what is counted, without latency: the same in every run"""


class TableFormat(str, enum.Enum):
    """How the numbers are written."""

    table = "table"
    md = "md"
    latex = "latex"
    csv = "csv"
    json = "json"


class Device(str, enum.Enum):
    """Where the networks run."""

    cpu = "cpu"
    cuda = "cuda"


def run(
    repo: Repo,
    cfgs: Cfgs,
    base: Annotated[
        Path | None,
        typer.Option(
            "--base",
            metavar="CFG",
            parser=path_word,
            show_default=False,
            help="The model that all are compared with; else the first.",
        ),
    ] = None,
    imgsz: Annotated[
        int, typer.Option("--imgsz", metavar="PX", min=32, help="Side of the square image.")
    ] = 640,
    layers: Annotated[bool, typer.Option("--layers", help="A table of each model's layers.")] = (
        False
    ),
    fused: Annotated[
        bool,
        typer.Option("--fused", help="Fuse layers first, as YOLOv5 does in val.py and detect.py."),
    ] = False,
    rounds: Annotated[
        int,
        typer.Option("--rounds", metavar="N", min=0, help="Rounds of latency; 0 measures none."),
    ] = 30,
    batch: Annotated[
        int, typer.Option("--batch", metavar="N", min=1, help="Batch of latency and memory.")
    ] = 1,
    device: Annotated[Device, typer.Option("--device", help="Where the networks run.")] = (
        Device.cpu
    ),
    threads: Annotated[
        int,
        typer.Option(
            "--threads", metavar="N", min=0, show_default=False, help="Threads; else torch's own."
        ),
    ] = 0,
    half: Annotated[
        bool, typer.Option("--half", help="Half precision for latency and the forward's memory.")
    ] = False,
    python: Python = None,
    no_stand_ins: NoStandIns = False,
    timeout: Timeout = 900.0,
    json: Json = False,
    format: Annotated[
        TableFormat, typer.Option("--format", help="table, md, latex, csv, or json (= --json).")
    ] = TableFormat.table,
) -> None:
    """Measure the networks of the model YAMLs CFG, each against the base.

    The fork's code is run, to build the networks, without network and without installers. GFLOPs
    are counted at torch's dispatcher, so functional attention is in them; beside them stands what
    thop, which YOLOv5 prints, would say.
    """
    from yamlmod.cli.console import say, say_json
    from yamlmod.cli.profile_report import write
    from yamlmod.runtime.yamlmod_worker.answers import ProfileAnswer
    from yamlmod.usecases.fork_run import open_run
    from yamlmod.usecases.profile import Settings, compare, question, subjects

    opened = open_run(repo, python, not no_stand_ins)
    found = subjects(opened, cfgs, base)
    settings = Settings(imgsz, batch, device.value, half, fused, rounds, threads, layers)
    as_json = json or format is TableFormat.json
    say([opened.announced] * (not as_json))
    with opened.worker() as worker:
        say([worker.protection.line] * (not as_json))
        given = worker.ask({**question(found, settings), **opened.where}, timeout, ProfileAnswer)
    answer = {**given, "models": compare(given["models"], found)}
    if not as_json:
        write(format.value, answer, settings)
        return
    say_json(
        {
            "command": "profile",
            "repo": opened.tree.shown("."),
            "ran": [opened.interpreter.path],
            "protection": worker.protection.as_data(),
            "base": found[0].shown,
            **vars(settings),
            **answer,
        }
    )
