"""The command line: a group that loads a command's file only when the command is called."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_command

from yamlmod import __version__
from yamlmod.cli.bundle import expanded
from yamlmod.cli.bundles import DEFAULT_OVERLAY
from yamlmod.cli.console import be_quiet, name_command, show
from yamlmod.cli.groups import COMMANDS, GROUPS, command_names, command_pages
from yamlmod.cli.guard import guarded
from yamlmod.cli.options import Quiet
from yamlmod.cli.usage import report_usage, unknown_command

_EPILOG = """\b
Examples:
  yamlmod add SimAM --repo yolov5 --cfg models/yolov5s.yaml --at 24
      preview: the row, every renumbered reference, the class in common.py
  yamlmod add SimAM --repo yolov5 --cfg models/yolov5s.yaml --at 24 -w
      write it
  yamlmod insert ACmix models/yolov5s.yaml --before SPPF -o yolov5s-acmix.yaml
      YAML only, into a new file
  yamlmod insert SimAM models/yolov5s.yaml --after P3 --after P5 | git apply
      what is previewed is a diff
  yamlmod show models/yolov5s.yaml
      the layers: inputs, channels, stride, and which layers use each output
  yamlmod help insert
      the options of one command, with examples"""


class LazyGroup(TyperGroup):
    """A group whose commands are the files of `commands/`; none is imported for `--help`.

    A folder in it is a group of its own, with its files as commands.
    """

    package: ClassVar[str] = "yamlmod.cli.commands"
    folder: ClassVar[Path] = COMMANDS

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands, which are the names of their files and folders."""
        return list(command_names(self.folder))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the one command that is called."""
        if cmd_name not in command_names(self.folder):
            return None
        stem = cmd_name.replace("-", "_")
        module = importlib.import_module(f"{self.package}.{stem}")
        if (self.folder / stem).is_dir():
            return self._group(cmd_name, module)
        name_command(" ".join([*self.package.split(".")[3:], cmd_name]))
        app = typer.Typer(
            add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
        )
        run = guarded(expanded(module.run), getattr(module, "SETTLES", False))
        settings = getattr(module, "CONTEXT", None)
        app.command(
            name=cmd_name, epilog=getattr(module, "EPILOG", None), context_settings=settings
        )(run)
        return get_command(app)

    def _group(self, name: str, module: Any) -> Any:
        folder, package = self.folder / name.replace("-", "_"), module.__name__
        kind = type(f"{name.title()}Group", (LazyGroup,), {"folder": folder, "package": package})
        app = typer.Typer(
            name=name,
            cls=kind,
            add_completion=False,
            rich_markup_mode=None,
            pretty_exceptions_enable=False,
            no_args_is_help=True,
            help=module.__doc__,
            epilog=getattr(module, "EPILOG", None),
        )
        app.callback()(_nothing)
        return get_command(app)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command; one that there is not is answered with similar ones."""
        word, names = args[0], command_names(self.folder)
        if word not in names and not word.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(unknown_command(word, names))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands group by group, each with the first sentence of its file."""
        pages = command_pages(self.folder)
        width = max(len(page.name) for page in pages)
        titles = GROUPS if self.folder == COMMANDS else {"yaml": "Commands"}
        for group, title in titles.items():
            rows = [(page.name.ljust(width), page.summary) for page in pages if page.group == group]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command line; a usage error is reported as the command's other errors are."""
        words = sys.argv[1:] if args is None else list(args)
        args = with_overlay_default(words)
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except Exception as error:
            if not standalone_mode or not hasattr(error, "format_message"):
                raise
            if type(error).__name__ == "NoArgsIsHelpError":
                error.show()  # type: ignore[attr-defined]
            else:
                report_usage(error, words)
            sys.exit(getattr(error, "exit_code", 2))
        if standalone_mode:
            sys.exit(code if isinstance(code, int) else 0)
        return code


def with_overlay_default(words: Sequence[str]) -> list[str]:
    """Give `--overlay` without a folder the default one: an option follows, or nothing."""
    command = next((word for word in words if not word.startswith("-")), "")
    if command not in ("add", "patch"):
        return list(words)
    following = [*words[1:], "-"]
    return [
        f"{word}={DEFAULT_OVERLAY}" if word == "--overlay" and after.startswith("-") else word
        for word, after in zip(words, following, strict=True)
    ]


def _nothing() -> None:
    pass


app = typer.Typer(
    cls=LazyGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_EPILOG,
)


def _version(wanted: bool) -> None:
    if wanted:
        show([f"yamlmod {__version__}"])
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "-V", "--version", callback=_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Insert attention layers into YOLO model YAMLs and forks.

    Every reference, head input and index comment is renumbered, every other byte stays, and the
    result is proven before it is written. Editing commands preview a diff unless told to write.
    """
    be_quiet(quiet)
