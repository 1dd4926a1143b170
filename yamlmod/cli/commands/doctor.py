"""Diagnose a fork and its Python: imports, versions, module names, DDP and export."""

from __future__ import annotations

from typing import Annotated

import typer

from yamlmod.cli.bundles import AnswerOptions, ParserOptions
from yamlmod.cli.options import Repo

GROUP = "run"
EPILOG = """\b
Examples:
  yamlmod doctor yolov5
  yamlmod doctor yolov5 --python yolov5/.venv/bin/python
  yamlmod doctor yolov5 --json | jq '.findings[].text'
Exits 1 where there is a problem, 2 where a file or folder cannot be read."""


def run(
    repo: Repo = None,
    python: Annotated[
        str | None,
        typer.Option(
            "--python",
            metavar="PY",
            show_default=False,
            help="The Python that runs the fork; else that of the active environment.",
        ),
    ] = None,
    *,
    parser: ParserOptions,
    answer: AnswerOptions,
) -> None:
    """Diagnose the fork REPO together with the Python that runs it.

    Runs that Python once, for at most 20 s, to ask where its imports would be found and which
    versions are installed; no package is imported, and nothing of the fork is run.
    """
    from dataclasses import asdict

    from yamlmod.cli.console import say_json, show
    from yamlmod.cli.running import announcer, tell
    from yamlmod.report.tables import table
    from yamlmod.usecases.doctor import examine
    from yamlmod.usecases.located_fork import open_fork
    from yamlmod.usecases.repo_choice import choose_repo

    choice = choose_repo(repo, form="yamlmod doctor REPO")
    tell(answer, choice.notes)
    located = open_fork(choice.path, parser.target, parser.dialect, python)
    examination = examine(located, python, announcer(answer))
    if answer.as_json:
        say_json(
            {
                "command": "doctor",
                "repo": examination.repo,
                "ran": [examination.interpreter],
                "imports": asdict(examination.imports),
                "findings": [asdict(finding) for finding in examination.findings],
            }
        )
    else:
        show(table(examination.headers(), examination.rows(), wrap=2))
    if not examination.is_complete:
        raise SystemExit(2)
    if examination.problems:
        raise SystemExit(1)
