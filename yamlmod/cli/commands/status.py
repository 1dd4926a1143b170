"""Show which modules yamlmod added to a fork, which YAMLs use them, and what is out of date."""

from __future__ import annotations

from typing import Annotated

import typer

from yamlmod.cli.bundles import AnswerOptions
from yamlmod.cli.options import Repo

GROUP = "fork"
EPILOG = """\b
Examples:
  yamlmod status yolov5
  yamlmod status yolov5 --check
  yamlmod status yolov5 --json | jq '.stale'
Exits 2 where a file or folder of the fork cannot be read."""


def run(
    repo: Repo = None,
    check: Annotated[
        bool, typer.Option("--check", help="Exit 1 if something is stale or missing.")
    ] = False,
    *,
    answer: AnswerOptions,
) -> None:
    """Show which modules yamlmod added to the fork REPO, and whether they are up to date.

    A module is current, outdated (the registry has a newer one), edited (by hand), own (from a file
    of yours, or a class of the fork's) or unknown to this registry. Stale is a class that is not
    registered, a registration without its class, and what an interrupted write left; missing is a
    module of the registry that a YAML uses and the fork does not have. Nothing is run or written.
    """
    from yamlmod.cli.console import say, say_json, show
    from yamlmod.cli.running import tell
    from yamlmod.cli.status_report import status_data, status_lines
    from yamlmod.usecases.located_fork import open_fork
    from yamlmod.usecases.repo_choice import choose_repo
    from yamlmod.usecases.status import fork_status

    choice = choose_repo(repo, form="yamlmod status REPO")
    tell(answer, choice.notes)
    status = fork_status(open_fork(choice.path))
    if answer.as_json:
        say_json(status_data(status))
    else:
        show(status_lines(status))
        say(line for error in status.unreadable for line in error.lines())
    if status.unreadable:
        raise SystemExit(2)
    if check and (status.stale or status.missing):
        raise SystemExit(1)
