"""Carry pretrained weights over to an edited model YAML: they follow the layers that moved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.options import (
    Force,
    Format,
    Init,
    Json,
    NoStandIns,
    OutputFormat,
    Python,
    Timeout,
    path_word,
)

EPILOG = """\b
Examples:
  yamlmod remap yolov5s.pt --repo yolov5 --from yolov5s.yaml --to yolov5s-eca.yaml
      what would be carried over; nothing is written
  yamlmod remap yolov5s.pt --repo yolov5 --from yolov5s.yaml --to yolov5s-eca.yaml -o eca.pt
      then: python train.py --weights eca.pt --cfg yolov5s-eca.yaml"""


def run(
    weights: Annotated[
        Path,
        typer.Argument(
            metavar="WEIGHTS",
            parser=path_word,
            help="A checkpoint: .pt (zip or legacy), a state dict, or safetensors.",
        ),
    ],
    repo: Annotated[
        Path,
        typer.Option(
            "--repo", metavar="REPO", parser=path_word, help="The fork, whose code builds OUT."
        ),
    ],
    before: Annotated[
        Path,
        typer.Option(
            "--from", metavar="CFG", parser=path_word, help="The model YAML of the weights."
        ),
    ],
    after: Annotated[
        Path,
        typer.Option("--to", metavar="CFG", parser=path_word, help="The edited model YAML."),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            parser=path_word,
            show_default=False,
            help="The checkpoint to write; without it the answer is a report alone.",
        ),
    ] = None,
    init: Annotated[
        Init,
        typer.Option(
            "--init",
            help="identity: new layers start as the identity where their form allows, and the "
            "outputs are compared.",
        ),
    ] = Init.default,
    python: Python = None,
    no_stand_ins: NoStandIns = False,
    timeout: Timeout = 300.0,
    force: Force = False,
    json: Json = False,
    format: OutputFormat = Format.text,
) -> None:
    """Write OUT: the weights WEIGHTS, each in the layer that its own became in the edited YAML.

    The fork's code is run, to build both networks, without network and without installers. The
    checkpoint is read as data: nothing of its pickle is executed.
    """
    from yamlmod.cli.console import say, say_json, show
    from yamlmod.cli.remap_report import report
    from yamlmod.ops.layer_map import follow
    from yamlmod.runtime.yamlmod_worker.answers import RemapAnswer
    from yamlmod.usecases.fork_run import draft_of, keep_draft, open_run
    from yamlmod.usecases.remap import bare_loads, check_answer, check_paths, question
    from yamlmod.workspace.files import real_path

    as_json = json or format is Format.json
    check_paths(weights, output, force)
    opened = open_run(repo, python, not no_stand_ins)
    tree = opened.tree
    targets = [opened.open(cfg) for cfg in (before, after)]
    old, new = (target.model for target in targets)
    found = follow(old, new)
    cfgs = targets[0].file.path, targets[1].file.path
    asked = question((old, new), cfgs, found, init is Init.identity)
    say([opened.announced] * (not as_json))
    with draft_of(output) as draft, opened.worker(draft=draft) as worker:
        say([worker.protection.line] * (not as_json))
        asked |= opened.where
        asked |= {"weights": str(real_path(weights)), "out": None if draft is None else str(draft)}
        answer = worker.ask(asked, timeout, RemapAnswer)
        check_answer(answer, new)
        keep_draft(draft, output)
    loads = bare_loads(tree, answer["torch"])
    if not as_json:
        trains = bool(tree.glob("train.py"))
        show(report(answer, found, new, loads, output, trains))
        return
    say_json(
        {
            "command": "remap",
            "repo": tree.shown("."),
            "ran": [opened.interpreter.path],
            "protection": worker.protection.as_data(),
            "output": None if output is None else str(output),
            "pairs": asked["pairs"],
            "moved": found.moved,
            "added": found.added,
            "removed": found.removed,
            "environment": {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"} if loads else {},
            **answer,
        }
    )
