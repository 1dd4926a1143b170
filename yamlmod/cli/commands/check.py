"""Find mistakes in model YAMLs that build without an error, and fix them."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import ParserOptions
from yamlmod.cli.completion import complete_rules
from yamlmod.cli.options import Json, Write, path_word

EPILOG = """\b
Examples:
  yamlmod check models/yolov5s-cbam.yaml
  yamlmod check models/ --format github
  yamlmod check models/yolov5s-acmix.yaml --base models/yolov5s.yaml
  yamlmod check models/yolov5s-acmix.yaml --fix | git apply
  yamlmod check --explain wiring
Exits 1 where there is an error (--strict: or a warning), 2 where a file or
folder cannot be read."""


class CheckFormat(str, enum.Enum):
    """How findings are written."""

    text = "text"
    json = "json"
    sarif = "sarif"
    github = "github"


def run(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH...",
            parser=path_word,
            show_default=False,
            help="Model YAMLs, or folders of them.",
        ),
    ] = None,
    base: Annotated[
        Path | None,
        typer.Option(
            "--base",
            metavar="FILE",
            parser=path_word,
            show_default=False,
            help="The model YAML these were made from, instead of the nearest known one.",
        ),
    ] = None,
    repo: Annotated[
        Path | None,
        typer.Option(
            "--repo",
            metavar="REPO",
            parser=path_word,
            show_default=False,
            help="The fork that builds them: modules, args and channels are checked against it.",
        ),
    ] = None,
    fix: Annotated[
        bool,
        typer.Option("--fix", help="Fix what is certain: preview the diff, or write it with -w."),
    ] = False,
    write: Write = False,
    unsafe: Annotated[
        bool,
        typer.Option("--unsafe-fixes", help="With --fix: also apply fixes that are only likely."),
    ] = False,
    select: Annotated[
        list[str] | None,
        typer.Option(
            "--select",
            metavar="RULE,...",
            autocompletion=complete_rules,
            show_default=False,
            help="Only these rules.",
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            "--ignore",
            metavar="RULE,...",
            autocompletion=complete_rules,
            show_default=False,
            help="Not these rules.",
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 on warnings, too.")] = False,
    skip_others: Annotated[
        bool,
        typer.Option(
            "--skip-others", help="Skip files that are not models, even if they are named."
        ),
    ] = False,
    explain: Annotated[
        str | None,
        typer.Option(
            "--explain",
            metavar="RULE",
            autocompletion=complete_rules,
            show_default=False,
            help="Explain a rule.",
        ),
    ] = None,
    json: Json = False,
    format: Annotated[
        CheckFormat, typer.Option("--format", help="text, json (= --json), sarif or github.")
    ] = CheckFormat.text,
    *,
    parser: ParserOptions,
) -> None:
    """Check the model YAMLs at PATH, files or folders, without building anything.

    Each file is compared with the architecture it was made from, and every reference that
    points to the wrong layer is reported with the number to write. Also found: layers that
    never reach the head, strides that do not match, args with another meaning, and files that
    do not parse.
    """
    from yamlmod.cli.check_report import Wish, explain_rule, report, rule_words
    from yamlmod.errors import Refusal
    from yamlmod.registry.settings import settings
    from yamlmod.report.progress import progress
    from yamlmod.usecases.check import Checked, check_files
    from yamlmod.usecases.check_setup import check_options, files_of
    from yamlmod.workspace.walk import YamlFile, yaml_files

    chosen = CheckFormat.json if json else format
    defaults = settings()
    wish = Wish(chosen.value, fix, write, unsafe, strict or defaults.check.strict)
    if explain is not None:
        explain_rule(explain, wish)
        return
    if not paths:
        raise Refusal("usage", "no file or folder was named", hint="yamlmod check PATH...")
    wish.refuse_contradictions()
    chosen_rules = rule_words(select) or defaults.check.select
    ignored = [*rule_words(ignore), *(() if select else defaults.check.ignore)]
    fork = parser.fork(repo or defaults.repo)
    options = check_options(chosen_rules, ignored, base or defaults.base, fork)
    files = yaml_files(files_of(paths, fork))
    named, found = list(files.named), files.found
    if skip_others:
        # They are named by a hook: those that are no models are passed over, as if found.
        found = (*(YamlFile(path) for path in named), *found)
        named = []
    closed = [Checked(unreadable=error, is_folder=True) for error in files.unreadable]
    done = [*closed, *check_files(named, found, options, wish.fixes, progress)]
    raise SystemExit(report(done, options, wish))
