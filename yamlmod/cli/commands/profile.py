"""Measure networks against a base: parameters, GFLOPs, memory and latency, in a table."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import AnswerOptions, RunOptions
from yamlmod.cli.options import Json, RepoCfgs, Timeout, path_word

GROUP = "run"
EPILOG = """\b
Examples:
  yamlmod profile yolov5 models/yolov5s.yaml models/yolov5s-simam.yaml
      the second against the first
  yamlmod profile yolov5 yolov5s-simam.yaml --base yolov5s.yaml --layers
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
    words: RepoCfgs,
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
    *,
    options: RunOptions,
    timeout: Timeout = 900.0,
    json: Json = False,
    format: Annotated[
        TableFormat, typer.Option("--format", help="table, md, latex, csv, or json (= --json).")
    ] = TableFormat.table,
) -> None:
    """Measure the networks of the model YAMLs CFG, each against the base.

    The fork's code is run, to build the networks, without network and without installers.
    GFLOPs are counted at torch's dispatcher, so functional attention is in them; next to them
    is the count of thop, which YOLOv5 prints.
    """
    from yamlmod.cli.console import say_json
    from yamlmod.cli.operands import cfgs_of
    from yamlmod.cli.profile_report import profile_data, write
    from yamlmod.cli.running import completed, end_if_interrupted, tell
    from yamlmod.registry.settings import settings as defaults_here
    from yamlmod.usecases.fork_run import open_run
    from yamlmod.usecases.profile import Settings, profile
    from yamlmod.usecases.repo_choice import choose_repo

    answer = AnswerOptions(json=json or format is TableFormat.json)
    operands = cfgs_of(words, "REPO CFG...")
    cfgs = operands.paths
    choice = choose_repo(operands.repo, cfgs, "yamlmod profile REPO CFG")
    tell(answer, (*operands.notes, *choice.notes))
    run = open_run(choice.path, options.python, not options.no_stand_ins, options.target)
    defaults = defaults_here()
    settings = Settings(imgsz, batch, device.value, half, fused, rounds, threads, layers)
    base = base or defaults.base
    profiled, missing = completed(
        lambda announce: profile(run, cfgs, base, settings, timeout, announce), answer
    )
    if answer.as_json:
        say_json(profile_data(profiled, bool(missing)))
    else:
        write(format.value, profiled)
    end_if_interrupted(missing, answer)
