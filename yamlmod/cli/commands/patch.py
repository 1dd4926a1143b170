"""Patch a fork: add a module's class to its code and register it in parse_model."""

from __future__ import annotations

from yamlmod.cli.bundles import CodeWriteOptions, ModuleOptions, PackageOptions, ParserOptions
from yamlmod.cli.options import RepoModules

GROUP = "fork"
EPILOG = """\b
Examples:
  yamlmod patch yolov5 SimAM ACmix
  yamlmod patch yolov5 BiLevelRoutingAttention -w
  yamlmod patch yolov5 SimAM --as MySimAM
  yamlmod patch yolov5 CBAM --use-existing
  yamlmod patch yolov5 ./my_attention.py:MyAttention
  yamlmod patch ultralytics SimAM --placement package"""


def run(
    words: RepoModules,
    *,
    options: ModuleOptions,
    parser: ParserOptions,
    package: PackageOptions,
    to: CodeWriteOptions,
) -> None:
    """Add modules to the code of the fork REPO, without touching any YAML.

    Previews unless -w is given. Nothing of the fork or of your file is imported or run. Modules
    that are up to date stay; outdated ones are replaced; code edited by hand is refused without
    --force.
    """
    from yamlmod.cli.finish import finish
    from yamlmod.cli.operands import modules_of
    from yamlmod.cli.plan_report import plan_report
    from yamlmod.errors import Refusal
    from yamlmod.usecases.chosen_module import name_of as step_name
    from yamlmod.usecases.next_steps import after_patch
    from yamlmod.usecases.patch import plan_patch
    from yamlmod.usecases.repo_choice import choose_repo

    operands = modules_of(words, "REPO MODULE...")
    try:
        choice = choose_repo(operands.repo, form="yamlmod patch REPO MODULE")
    except Refusal as error:
        package.refuse_taken_word(error)
        raise
    located = package.located(choice.path, parser)
    planned = plan_patch(located, operands.words, options.choices(to.force))
    report = plan_report("patch", planned, (*operands.notes, *choice.notes))
    names = [step_name(word) for word in operands.words]
    report = report._replace(warnings=planned.in_place_notes())
    report = report.before(lambda: after_patch(planned.repo(choice.path), names))
    changes = planned.changes(to.keeps, package.in_place)
    finish(changes, report, to, located.tree.root, shown=planned.shown_changes())
