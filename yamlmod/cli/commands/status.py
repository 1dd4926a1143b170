"""Show which modules yamlmod added to a fork, which YAMLs use them, and what is out of date."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import AnswerOptions, ParserOptions
from yamlmod.cli.options import Python, Repo, path_word

GROUP = "fork"
EPILOG = """\b
Examples:
  yamlmod status yolov5
  yamlmod status yolov5 --check
  yamlmod status ultralytics_overlay --check --weights best.pt
  yamlmod status yolov5 --json | jq '.stale'
Exits 2 where a file or folder of the fork cannot be read."""


def run(
    repo: Repo = None,
    check: Annotated[
        bool, typer.Option("--check", help="Exit 1 if something is stale or missing.")
    ] = False,
    weights: Annotated[
        Path | None,
        typer.Option(
            "--weights",
            metavar="FILE",
            parser=path_word,
            show_default=False,
            help="A checkpoint: stale is a class that it needs and REPO does not have.",
        ),
    ] = None,
    python: Python = None,
    *,
    parser: ParserOptions,
    answer: AnswerOptions,
) -> None:
    """Show which modules yamlmod added to the fork REPO, and whether they are up to date.

    A module is current, outdated (the registry has a newer one), edited (by hand), own (from a file
    of yours, or a class of the fork's) or unknown to this registry. Stale is a class that is not
    registered, a registration without its class, and what an interrupted write left; missing is a
    module of the registry that a YAML uses and the fork does not have. Nothing of the fork is run,
    nothing is written. REPO may be an installed package or an overlay: stale is then also a patch
    that an upgrade removed.
    """
    from yamlmod.cli.console import say, say_json, show
    from yamlmod.cli.running import tell
    from yamlmod.cli.status_report import status_data, status_lines
    from yamlmod.usecases.named_fork import NamedFork
    from yamlmod.usecases.overlay_status import missing_classes_of
    from yamlmod.usecases.repo_choice import choose_repo
    from yamlmod.usecases.status import repo_status

    choice = choose_repo(repo, form="yamlmod status REPO")
    tell(answer, choice.notes)
    status = repo_status(NamedFork(choice.path, parser.target, parser.dialect), python)
    if weights is not None:
        status = status.with_stale(missing_classes_of(choice.path, weights, python))
    if answer.as_json:
        say_json(status_data(status))
    else:
        show(status_lines(status))
        say(line for error in status.unreadable for line in error.lines())
    if status.unreadable:
        raise SystemExit(2)
    if check and (status.stale or status.missing):
        raise SystemExit(1)
