"""The options that commands share, spelled once."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.completion import (
    complete_dialects,
    complete_modules,
    complete_selectors,
)
from yamlmod.registry.rules import rules_in_words


def path_word(text: str) -> Path:
    """Return a path; an empty word (an unset variable in a script) is no path."""
    if not text.strip():
        raise typer.BadParameter("it is empty")
    if text == "-":
        raise typer.BadParameter("`-` names no file here; write ./- for a file of that name")
    return Path(text)


class Format(str, enum.Enum):
    """How the answer is written."""

    text = "text"
    json = "json"


class Init(str, enum.Enum):
    """How new layers start."""

    default = "default"
    identity = "identity"


class Placement(str, enum.Enum):
    """Where a module's code goes."""

    common = "common"
    package = "package"


Quiet = Annotated[
    bool,
    typer.Option("-q", "--quiet", help="Only the answer, warnings and errors: no other lines."),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON on stdout.")]
OutputFormat = Annotated[Format, typer.Option("--format", help="text, or json (= --json).")]
_REPO_HELP = (
    "The fork: the folder that holds models/yolo.py, or nn/tasks.py. Default: the one around CFG, "
    "else around the current folder."
)
Repo = Annotated[
    Path | None,
    typer.Argument(metavar="[REPO]", parser=path_word, show_default=False, help=_REPO_HELP),
]
RepoOption = Annotated[
    Path | None,
    typer.Option("--repo", metavar="REPO", parser=path_word, show_default=False, help=_REPO_HELP),
]
RepoModules = Annotated[
    list[str],
    typer.Argument(
        metavar="[REPO] MODULE...",
        autocompletion=complete_modules,
        help="The fork (default: the one around the current folder), and modules of the registry "
        "or classes of yours: FILE.py:CLASS.",
    ),
]
RepoCfgs = Annotated[
    list[Path],
    typer.Argument(
        metavar="[REPO] CFG...",
        parser=path_word,
        help="The fork (default: the one around CFG, else around the current folder), and the "
        "model YAMLs.",
    ),
]
DialectName = Annotated[
    str,
    typer.Option(
        "--dialect",
        metavar="NAME",
        autocompletion=complete_dialects,
        show_default=False,
        help="Treat REPO as this fork family instead of detecting it.",
    ),
]
TargetFunction = Annotated[
    str,
    typer.Option(
        "--target",
        metavar="FILE[:FUNCTION]",
        show_default=False,
        help="Which parse function, by its path in REPO, if there are several.",
    ),
]
PlacementName = Annotated[
    Placement | None,
    typer.Option(
        "--placement",
        show_default=False,
        help="Where the code goes: the fork's own module file (common, the default), or a "
        "separate file in a folder yamlmod_modules (package).",
    ),
]
Write = Annotated[bool, typer.Option("-w", "--write", help="Write in place.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        parser=path_word,
        show_default=False,
        help="Write the YAML to FILE: in the current folder, else where CFG was looked up.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Never write, whatever other options say.")]
Stat = Annotated[
    bool,
    typer.Option("--stat", help="Preview which files change, and by how many lines, not the diff."),
]
Check = Annotated[
    bool, typer.Option("--check", help="Write nothing; exit 1 if there would be a change.")
]
DiffFile = Annotated[
    Path | None,
    typer.Option(
        "--diff",
        metavar="FILE",
        parser=path_word,
        show_default=False,
        help="Write the diff to FILE, byte for byte, instead of stdout.",
    ),
]
DrawFile = Annotated[
    Path | None,
    typer.Option(
        "--draw",
        metavar="FILE",
        parser=path_word,
        show_default=False,
        help="Draw the change as a figure: .svg .html .drawio .tex .mmd .json .pdf .png.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")]
ForceCode = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Overwrite an existing file, and installed code that was edited by hand.",
    ),
]
AsName = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="NAME",
        show_default=False,
        help="Install the class as NAME and rename its helpers to match.",
    ),
]
UseExisting = Annotated[
    bool,
    typer.Option(
        "--use-existing",
        help="Register the class of that name that the fork already has; add no code.",
    ),
]
Python = Annotated[
    str | None,
    typer.Option(
        "--python",
        metavar="PY",
        show_default=False,
        help="The Python that runs the fork. Default: that of the active environment, else the "
        "one that runs yamlmod.",
    ),
]
NoStandIns = Annotated[
    bool,
    typer.Option(
        "--no-stand-ins", help="Fail if the fork imports a package that is not installed."
    ),
]
Timeout = Annotated[
    float,
    typer.Option("--timeout", metavar="SECONDS", min=1, help="Give up after this many seconds."),
]
Rule = Annotated[
    str | None,
    typer.Option(
        "--rule",
        metavar="RULE",
        show_default=False,
        help=f"{rules_in_words()}: what your own class receives first, if its signature does not "
        "show it.",
    ),
]

At = Annotated[
    list[int] | None,
    typer.Option(
        "--at",
        metavar="N",
        show_default=False,
        help="At index N, directly after layer N-1. Repeatable.",
    ),
]
After = Annotated[
    list[str] | None,
    typer.Option(
        "--after",
        metavar="SEL",
        autocompletion=complete_selectors,
        show_default=False,
        help="After this layer: 9, SPPF, C3#2, P3. Repeatable.",
    ),
]
Before = Annotated[
    list[str] | None,
    typer.Option(
        "--before",
        metavar="SEL",
        autocompletion=complete_selectors,
        show_default=False,
        help="Before this layer, which must have the layer above as an input. Repeatable.",
    ),
]
EdgeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--edge",
        metavar="A:B",
        show_default=False,
        help="Only on the connection from A to B. Repeatable.",
    ),
]
AtEnd = Annotated[
    bool,
    typer.Option(
        "--at-end",
        help="With --edge A:B: put the new row directly before B instead of after A. Before the "
        "head, only the head's number changes, so weights and --freeze stay valid.",
    ),
]
Number = Annotated[
    int | None,
    typer.Option(
        "--number",
        metavar="N",
        min=1,
        max=1000,
        show_default=False,
        help="The row's second column, the number of repeats.",
    ),
]
Args = Annotated[
    str | None,
    typer.Option(
        "--args",
        metavar="JSON",
        show_default=False,
        help="The row's args as a JSON list, instead of the derived ones.",
    ),
]
RowsOf = Annotated[
    Path | None,
    typer.Option(
        "--repo",
        metavar="REPO",
        parser=path_word,
        show_default=False,
        help="Derive the args by reading this fork's code; any class it knows can be used.",
    ),
]
KeepSkips = Annotated[
    bool,
    typer.Option(
        "--keep-skips",
        help="Layers that name the old layer by number keep reading it, except the head.",
    ),
]
Readers = Annotated[
    str | None,
    typer.Option(
        "--readers",
        metavar="SEL,...",
        show_default=False,
        help="Only these layers read the new layer; `none` for no layer.",
    ),
]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="SEL,...",
        show_default=False,
        help="The inputs of the new layer, as a list, instead of the layer above it.",
    ),
]
AllowDead = Annotated[
    bool, typer.Option("--allow-dead", help="Allow a layer whose output never reaches the head.")
]
