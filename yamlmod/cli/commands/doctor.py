"""Examine a fork and the Python that runs it: imports, versions, names, DDP and export."""

from __future__ import annotations

from typing import Annotated

import typer

from yamlmod.cli.options import Format, Json, OutputFormat, Repo

EPILOG = """\b
Examples:
  yamlmod doctor yolov5
  yamlmod doctor yolov5 --python yolov5/.venv/bin/python
  yamlmod doctor yolov5 --json | jq '.findings[] | select(.level == "problem")'
Exits 1 where there is a problem, 2 where a file or folder of the fork cannot be read."""


def run(
    repo: Repo,
    python: Annotated[
        str | None,
        typer.Option(
            "--python",
            metavar="PY",
            show_default=False,
            help="The Python that runs the fork; else that of the active environment.",
        ),
    ] = None,
    json: Json = False,
    format: OutputFormat = Format.text,
) -> None:
    """Examine the fork REPO together with the Python that runs it.

    Runs that Python once, for at most 20 s, to ask where its imports would be found and which
    versions are installed; no package is imported, and nothing of the fork is run.
    """
    from dataclasses import asdict

    from yamlmod.cli.console import say, say_json, show
    from yamlmod.fork.audit.installed_modules import survey
    from yamlmod.fork.parser.locate import locate
    from yamlmod.report.tables import table
    from yamlmod.runtime.interpreter import ask, choose
    from yamlmod.usecases.doctor import (
        DISTRIBUTIONS,
        ddp_findings,
        export_findings,
        import_findings,
        interpreter_findings,
        order_findings,
        requirement_names,
        start_folder,
        text_findings,
        top_names,
        unreadable_findings,
        yaml_findings,
    )
    from yamlmod.usecases.module_uses import uses
    from yamlmod.workspace.search import python_files
    from yamlmod.workspace.tree import Tree

    tree = Tree(repo)
    fork = locate(tree)
    paths = dict(python_files(tree))
    found = survey(tree, fork, paths)
    rows = uses(tree)
    interpreter = choose(python)
    say(
        [f"running {interpreter.path} ({interpreter.why}) to ask what it would import"] * (not json)
    )
    distributions = [*DISTRIBUTIONS, *requirement_names(found)]
    imports = ask(interpreter, start_folder(tree, fork), top_names(fork), distributions)
    findings = [
        *interpreter_findings(found, imports),
        *import_findings(tree, fork, imports),
        *order_findings(tree, fork),
        *yaml_findings(rows, found.known),
        *text_findings(fork, paths, imports),
        *export_findings(fork, found, paths),
        *ddp_findings(tree, found, rows, paths),
        *unreadable_findings(tree),
    ]
    if json or format is Format.json:
        say_json(
            {
                "command": "doctor",
                "repo": tree.shown("."),
                "ran": [interpreter.path],
                "imports": asdict(imports),
                "findings": [asdict(one) for one in findings],
            }
        )
    else:
        cells = [[one.level, one.topic, one.text] for one in findings]
        show(table(["level", "topic", "finding"], cells, wrap=2))
    if tree.unreadable:
        raise SystemExit(2)
    if any(one.level == "problem" for one in findings):
        raise SystemExit(1)
