"""Remove modules that patch added to a fork, and nothing else."""

from __future__ import annotations

from yamlmod.cli.bundles import CodeWriteOptions, ParserOptions
from yamlmod.cli.options import Python, RepoModules

GROUP = "fork"
EPILOG = """\b
Examples:
  yamlmod unpatch yolov5 SimAM
  yamlmod unpatch yolov5 SimAM ACmix -w
  yamlmod unpatch yolov7 seed                what `study seeds --fix` added"""


def run(
    words: RepoModules,
    python: Python = None,
    *,
    parser: ParserOptions,
    to: CodeWriteOptions,
) -> None:
    """Remove modules that patch added to the fork REPO, and nothing else.

    Previews unless -w is given. Every parse function that registers the module is changed. It
    works after a formatter has run; code edited by hand is refused without --force. Checkpoints
    pickled with the class no longer load.
    """
    from yamlmod.cli.finish import finish
    from yamlmod.cli.operands import modules_of
    from yamlmod.cli.plan_report import plan_report
    from yamlmod.usecases.fork_classes import quoted
    from yamlmod.usecases.located_fork import open_fork
    from yamlmod.usecases.patch import plan_unpatch
    from yamlmod.usecases.repo_choice import choose_repo

    operands = modules_of(words, "REPO MODULE...")
    choice = choose_repo(operands.repo, form="yamlmod unpatch REPO MODULE")
    located = open_fork(choice.path, parser.target, parser.dialect, python)
    planned = plan_unpatch(located, operands.words, to.force)
    report = plan_report("unpatch", planned, (*operands.notes, *choice.notes))
    report = report.before(lambda: [f"yamlmod status {quoted(choice.path)}"])
    changes = planned.changes(to.keeps, in_place=True)
    finish(changes, report, to, located.tree.root, shown=planned.shown_changes())
