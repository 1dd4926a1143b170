"""Build networks with the fork's own code and find what breaks when they train, run or ship."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.options import (
    Cfgs,
    Format,
    Init,
    Json,
    NoStandIns,
    OutputFormat,
    Python,
    Repo,
    path_word,
)

EPILOG = """\b
Examples:
  yamlmod verify yolov5 models/yolov5s-cbam.yaml --base models/yolov5s.yaml
  yamlmod verify yolov5 models/yolov5s-*.yaml --json
  yamlmod verify yolov5 yolov5s-lska.yaml --base yolov5s.yaml --init identity --export
  yamlmod verify yolov5 yolov5s-mhsa.yaml --imgsz 640,640x384 --python .venv/bin/python
Exits 1 where a check fails, 2 where a network was not tried for want of memory."""


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
            help="The model YAML that these were made from: what is new is told from it.",
        ),
    ] = None,
    imgsz: Annotated[
        list[str] | None,
        typer.Option(
            "--imgsz",
            metavar="SIZE,...",
            show_default=False,
            help="Sizes, as 640 or HEIGHTxWIDTH; else 256 square, an odd and a wide one.",
        ),
    ] = None,
    export: Annotated[
        bool, typer.Option("--export", help="Export to TorchScript and ONNX, too, and run that.")
    ] = False,
    init: Annotated[
        Init,
        typer.Option(
            "--init",
            help="identity: new layers start as the identity, and the outputs must equal the "
            "base's with its weights carried over.",
        ),
    ] = Init.default,
    force: Annotated[
        bool,
        typer.Option("--force", help="Try networks that seem to need more memory than is free."),
    ] = False,
    python: Python = None,
    no_stand_ins: NoStandIns = False,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=1, help="For each network.")
    ] = 300.0,
    json: Json = False,
    format: OutputFormat = Format.text,
) -> None:
    """Verify the networks of CFG with the code of the fork REPO, which is run.

    Each is built by the fork's own Model and compared with its YAML, trained a step at several
    sizes, run, halved, fused, copied and pickled; every new layer must get a gradient and have a
    say in the output.
    """
    from yamlmod.cli.console import say, say_json, show
    from yamlmod.cli.verify_report import data, lines
    from yamlmod.errors import Refusal
    from yamlmod.usecases.fork_run import open_run, told_of_run
    from yamlmod.usecases.verify import Subjects, Verifier, Wish, cfg_names, parse_sizes

    identity = init is Init.identity
    if identity and base is None:
        raise Refusal("usage", "--init identity compares with a base", hint="add --base CFG")
    as_json = json or format is Format.json
    opened = open_run(repo, python, not no_stand_ins)
    wish = Wish(parse_sizes(imgsz or ()), export, identity, force, timeout)
    targets = [opened.open(cfg) for cfg in cfg_names(cfgs)]
    subjects = Subjects(opened, None if base is None else opened.open(base), wish)
    if not as_json:
        say([opened.announced])
        say(
            f"{target.model.document.shown}: {costly.line}"
            for target in targets
            for costly in subjects.costly(target)
        )
    with Verifier(subjects) as verifier:
        protection = verifier.protection
        say([protection.line] * (not as_json))
        found = list(verifier.all(targets))
    if as_json:
        networks = [data(one) for one in found]
        ran = [opened.interpreter.path]
        say_json({"command": "verify", "repo": opened.tree.shown("."), "ran": ran,
                  "protection": protection.as_data(), "networks": networks,
                  **verifier.told})  # fmt: skip
    else:
        show(lines(found))
        show(told_of_run(verifier.told))
    if any(one.failed for one in found):
        raise SystemExit(1)
    if any(one.skipped for one in found):
        raise SystemExit(2)
