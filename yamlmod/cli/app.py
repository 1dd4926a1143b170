"""The command line: a group that loads a command's file only when the command is called."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import Annotated, Any, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_command

from yamlmod import __version__
from yamlmod.cli.bundles import expanded
from yamlmod.cli.console import show
from yamlmod.cli.guard import guarded
from yamlmod.workspace.disk import read_regular

_EPILOG = """\b
Examples:
  yamlmod add SimAM --repo yolov5 --cfg models/yolov5s.yaml --at 24
      preview: the YAML row, every renumbered reference, the class in common.py
  yamlmod add SimAM --repo yolov5 --cfg models/yolov5s.yaml --at 24 -w
      write it
  yamlmod insert ACmix models/yolov5s.yaml --before SPPF -o models/yolov5s-acmix.yaml
      YAML only, into a new file
  yamlmod insert SimAM models/yolov5s.yaml --after P3 --after P5 | git apply
      what is previewed is a diff
  yamlmod show models/yolov5s.yaml
      the layers: inputs, channels, stride, and which layers use each output"""


class LazyGroup(TyperGroup):
    """A group whose commands are the files of `commands/`; none is imported for `--help`.

    A folder in it is a group of its own, with its files as commands.
    """

    package: ClassVar[str] = "yamlmod.cli.commands"
    folder: ClassVar[Path] = Path(__file__).parent / "commands"

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands, which are the names of their files and folders."""
        files = (path.stem for path in self.folder.glob("[a-z]*.py"))
        groups = (path.parent.name for path in self.folder.glob("[a-z]*/__init__.py"))
        return sorted(name.replace("_", "-") for name in (*files, *groups))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the one command that is called."""
        if cmd_name not in self.list_commands(ctx):
            return None
        stem = cmd_name.replace("-", "_")
        module = importlib.import_module(f"{self.package}.{stem}")
        if (self.folder / stem).is_dir():
            return self._group(cmd_name, module)
        app = typer.Typer(
            add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
        )
        run = guarded(expanded(module.run), getattr(module, "SETTLES", False))
        app.command(name=cmd_name, epilog=getattr(module, "EPILOG", None))(run)
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

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write each command with the first sentence of its file."""
        with formatter.section("Commands"):
            rows = [(name, _summary(self.folder, name)) for name in self.list_commands(ctx)]
            formatter.write_dl(rows)


def _nothing() -> None:
    pass


def _summary(folder: Path, name: str) -> str:
    stem = name.replace("-", "_")
    path = folder / stem / "__init__.py"
    source = read_regular(path if path.is_file() else folder / f"{stem}.py").decode("utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").split("\n", 1)[0]


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
            "--version", callback=_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Insert attention layers into YOLO model YAMLs and forks.

    Every reference, head input and index comment is renumbered, every other byte stays, and the
    result is proven before it is written. Editing commands preview a diff unless told to write.
    """
