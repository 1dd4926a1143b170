"""Build networks with the fork's own code and find what breaks in training, inference or export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import AnswerOptions, RunOptions
from yamlmod.cli.options import (
    Init,
    RepoCfgs,
    path_word,
)

GROUP = "run"
EPILOG = """\b
Examples:
  yamlmod verify yolov5 models/yolov5s-cbam.yaml --base models/yolov5s.yaml
  yamlmod verify yolov5 models/yolov5s-*.yaml --json
  yamlmod verify yolov5 yolov5s-lska.yaml --base yolov5s.yaml --init identity
  yamlmod verify yolov5 yolov5s-mhsa.yaml --imgsz 640,640x384 --export
Exits 1 if a check fails, 2 if a network was not built because of its memory."""


def run(
    words: RepoCfgs,
    base: Annotated[
        Path | None,
        typer.Option(
            "--base",
            metavar="CFG",
            parser=path_word,
            show_default=False,
            help="The model YAML these were made from; it shows which layers are new.",
        ),
    ] = None,
    imgsz: Annotated[
        list[str] | None,
        typer.Option(
            "--imgsz",
            metavar="SIZE,...",
            show_default=False,
            help="Image sizes: 640 or HEIGHTxWIDTH. Default: 256 square, an odd and a wide size.",
        ),
    ] = None,
    export: Annotated[
        bool,
        typer.Option("--export", help="Also export to TorchScript and ONNX, and run the exports."),
    ] = False,
    init: Annotated[
        Init,
        typer.Option(
            "--init",
            help="identity: new layers start as the identity; with the weights of the base, the "
            "outputs must equal those of the base.",
        ),
    ] = Init.default,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Also build networks that seem to need more memory than is free."
        ),
    ] = False,
    *,
    options: RunOptions,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=1, help="Seconds for each network.")
    ] = 300.0,
    answer: AnswerOptions,
) -> None:
    """Verify the networks of CFG with the code of the fork REPO. This runs the fork's code.

    Each is built by the fork's own Model and compared with its YAML, trained for one step at
    several sizes, run (also in half precision), fused, copied and pickled. Every new layer must
    receive a gradient and affect the output.
    """
    from yamlmod.cli.console import say_json, show
    from yamlmod.cli.operands import cfgs_of
    from yamlmod.cli.running import completed, end_if_interrupted, tell
    from yamlmod.cli.verify_report import lines, verify_data
    from yamlmod.registry.settings import settings
    from yamlmod.usecases.fork_run import open_run, told_of_run
    from yamlmod.usecases.image_sizes import parse_sizes
    from yamlmod.usecases.repo_choice import choose_repo
    from yamlmod.usecases.verify import VerifyOptions, verify

    identity = init is Init.identity
    wanted = VerifyOptions(parse_sizes(imgsz or ()), export, identity, force, timeout)
    operands = cfgs_of(words, "REPO CFG...")
    cfgs = operands.paths
    choice = choose_repo(operands.repo, cfgs, "yamlmod verify REPO CFG")
    tell(answer, (*operands.notes, *choice.notes))
    run = open_run(choice.path, options.python, not options.no_stand_ins, options.target)
    base = base or settings().base
    verification, missing = completed(
        lambda announce: verify(run, cfgs, base, wanted, announce), answer
    )
    if answer.as_json:
        say_json(verify_data(verification, bool(missing)))
    else:
        show(lines(verification.networks))
        show(told_of_run(verification.told))
    end_if_interrupted(missing, answer)
    if verification.failed:
        raise SystemExit(1)
    if verification.skipped:
        raise SystemExit(2)
