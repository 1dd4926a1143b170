"""Check that the seed of a training reaches its batches, and make it so."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import WriteOptions
from yamlmod.cli.options import Python, Repo, TargetFunction, Timeout, path_word
from yamlmod.errors import Refusal

EPILOG = """\b
Examples:
  yamlmod study seeds yolov5
  yamlmod study seeds yolov9 --script train_dual.py
  yamlmod study seeds yolov7 --fix           preview of what makes it count
  yamlmod study seeds yolov7 --fix -w
Exits 0 where the seed counts, 1 where it does not or where that is not known."""


def run(
    repo: Repo = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Plan the lines that make the seed count.")
    ] = False,
    script: Annotated[
        str,
        typer.Option(
            "--script",
            metavar="FILE",
            show_default=False,
            help="The training script. Default: train.py.",
        ),
    ] = "",
    cfg: Annotated[
        Path | None,
        typer.Option(
            "--cfg",
            metavar="CFG",
            parser=path_word,
            show_default=False,
            help="The model YAML to start a training with. Default: a small one of the fork's.",
        ),
    ] = None,
    target: TargetFunction = "",
    no_run: Annotated[
        bool, typer.Option("--no-run", help="Only read the code: nothing of the fork is run.")
    ] = False,
    python: Python = None,
    timeout: Timeout = 600.0,
    *,
    to: WriteOptions,
) -> None:
    """Check that --seed reaches the batches of a training of the fork REPO.

    The code is read, and then proven: the fork's own training is started on a tiny data set, with
    two seeds and with 0 and 2 workers; the batches of two epochs are hashed, and nothing is
    trained. With --fix the lines that are missing are planned (-w writes them) and proven in a copy
    before.
    """
    from yamlmod.cli.console import say_json, show
    from yamlmod.cli.finish import finish
    from yamlmod.cli.running import announcer, tell
    from yamlmod.cli.seeds_report import check_data, check_lines, fix_report
    from yamlmod.usecases.repo_choice import choose_repo
    from yamlmod.usecases.seed_check import check_fork, fixed_fork

    if not fix and (to.write or to.check or to.diff or to.stat or to.dry_run):
        raise Refusal("usage", "-w, --check, --diff, --stat and --dry-run go with --fix")
    choice = choose_repo(repo, form="yamlmod study seeds REPO")
    tell(to, choice.notes)
    say = announcer(to)
    if not fix:
        check = check_fork(choice.path, target, script, cfg, python, timeout, no_run, say)
        if to.as_json:
            say_json(check_data(check))
        else:
            show(check_lines(check))
        raise SystemExit(0 if check.counts else 1)
    fixed = fixed_fork(choice.path, target, script, cfg, python, timeout, no_run, say)
    report = fix_report(fixed)
    finish(fixed.planned.changes(to.keeps), report, to, fixed.planned.located.tree.root)
