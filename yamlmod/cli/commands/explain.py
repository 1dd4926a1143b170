"""Tell SiLU from attention: what every sigmoid of an exported network multiplies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import AnswerOptions, RunOptions
from yamlmod.cli.options import Timeout, path_word

GROUP = "run"
EPILOG = """\b
Examples:
  yamlmod explain yolov5s.onnx
  yamlmod explain yolov5s.onnx --json | jq '.pairs[].kind'
  yamlmod explain models/yolov5s-se.yaml --repo yolov5
      the same of a model YAML: its network is built and traced"""


def run(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL.onnx|CFG",
            parser=path_word,
            help="An ONNX file; or, with --repo, a model YAML.",
        ),
    ],
    repo: Annotated[
        Path | None,
        typer.Option(
            "--repo",
            metavar="REPO",
            parser=path_word,
            show_default=False,
            help="The fork, whose code builds the network of CFG. Default: the one around CFG.",
        ),
    ] = None,
    imgsz: Annotated[
        int, typer.Option("--imgsz", metavar="N", min=32, max=2048, help="Trace at N x N pixels.")
    ] = 256,
    *,
    options: RunOptions,
    timeout: Timeout = 300.0,
    answer: AnswerOptions,
) -> None:
    """List every Sigmoid and Mul of a network, and separate activations from attention gates.

    An ONNX file is read as data; its weights are not needed. With --repo the fork's code is run, to
    build the network of CFG and to trace it once, without network and without installers.
    """
    from yamlmod.cli.console import say_json, show
    from yamlmod.cli.explain_report import answer_json, report
    from yamlmod.cli.running import announcer, tell
    from yamlmod.usecases.explain import is_yaml, of_cfg, of_onnx, refuse_onnx
    from yamlmod.usecases.fork_run import open_run
    from yamlmod.usecases.repo_choice import choose_repo

    if repo is None and not is_yaml(model):
        explained = of_onnx(model)
    else:
        if repo is not None:
            refuse_onnx(model)
        choice = choose_repo(repo, (model,))
        tell(answer, choice.notes)
        run = open_run(choice.path, options.python, not options.no_stand_ins, options.target)
        explained = of_cfg(run, model, imgsz, timeout, announcer(answer))
    if answer.as_json:
        say_json(answer_json(explained))
    else:
        show(report(explained))
