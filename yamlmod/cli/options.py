"""The options that commands share, spelled once."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated, Any

import typer

from yamlmod.errors import Refusal
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


Json = Annotated[bool, typer.Option("--json", help="Answer in JSON on stdout.")]
OutputFormat = Annotated[Format, typer.Option("--format", help="text, or json (= --json).")]
Repo = Annotated[
    Path,
    typer.Argument(
        metavar="REPO",
        parser=path_word,
        help="The fork: the folder that holds models/yolo.py, or nn/tasks.py.",
    ),
]
DialectName = Annotated[
    str,
    typer.Option(
        "--dialect",
        metavar="NAME",
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
        help="Write the YAML to FILE, relative to the current folder.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Never write, whatever other options say.")]
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
        help="The Python that runs the fork. Default: the one that runs yamlmod.",
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
Cfgs = Annotated[
    list[Path], typer.Argument(metavar="CFG...", parser=path_word, help="The model YAMLs.")
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
        show_default=False,
        help="After this layer: 9, SPPF, C3#2, P3. Repeatable.",
    ),
]
Before = Annotated[
    list[str] | None,
    typer.Option(
        "--before",
        metavar="SEL",
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


def parse_args(text: str | None) -> list[Any] | None:
    """Return the list that --args gives, or None; a Refusal shows what is not JSON."""
    if text is None:
        return None
    import json as json_module

    try:
        value = json_module.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refusal(
            "bad-args",
            f"--args {text[:80]!r} is not JSON: {str(error)[:120]}",
            hint="write a list such as --args '[1024, true, null, \"nearest\"]'",
        ) from None
    if not isinstance(value, list):
        raise Refusal(
            "bad-args", f"--args {text[:80]!r} is not a list", hint=f"write --args '[{text[:40]}]'"
        )
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} has no place in a YAML row")


def split_selectors(text: str | None, option: str) -> tuple[str, ...] | None:
    """Return the selectors of a comma-separated list, or None where none was given."""
    if text is None:
        return None
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    if not words:
        raise Refusal("usage", f"{option} names no layer")
    return words


def split_readers(text: str | None) -> tuple[str, ...] | None:
    """Return the selectors of --readers; `none` is the empty list."""
    try:
        words = split_selectors(text, "--readers")
    except Refusal as error:
        raise Refusal(error.code, error.message, hint="write --readers none for no layer") from None
    return () if words == ("none",) else words
