"""Every command that a page shows is one that the command line takes: names, options, choices."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.main import get_command

from yamlmod.cli.app import app, with_overlay_default

_ROOT = Path(__file__).parents[2]
_PAGES = sorted(
    [
        *_ROOT.glob("*.md"),
        *_ROOT.glob("docs/*.md"),
        *_ROOT.glob("examples/**/*.md"),
        *_ROOT.glob("tests/**/*.md"),
    ]
)
_BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(`+)([^`].*?)\1", re.DOTALL)
# At the start of a line, after a prompt or a `run:`; in a sentence a command is in backquotes.
_LINE = re.compile(r"^\s*(?:\$ |- run: |entry: |command: )?yamlmod +(.*)")
_PLACEHOLDER = re.compile(r"[A-Z][A-Z_:.]*$|\.\.\.$|…$")


class Shown(NamedTuple):
    """A command as a page shows it."""

    page: str
    words: tuple[str, ...]


def _commands(page: Path) -> Iterator[Shown]:
    text = page.read_text(encoding="utf-8")
    lines = [line for block in _BLOCK.findall(text) for line in block.splitlines()]
    shown = [match[1] for line in lines if (match := _LINE.match(line))]
    sentences = [*lines, *_BLOCK.sub("", text).split("\n\n")]
    for code in (match[2] for part in sentences for match in _INLINE.finditer(part)):
        shown += [] if (match := _LINE.match(" ".join(code.split()))) is None else [match[1]]
    for line in shown:
        words = _words(line)
        if words and not _PLACEHOLDER.match(words[0]):
            yield Shown(page.relative_to(_ROOT).as_posix(), tuple(words))


def _words(line: str) -> list[str]:
    line = re.split(r" +#| {2,}| *[|;&>)]|\\$", line)[0]
    line = re.sub(r"\[(-[^\]]*|[A-Z. ]+)\]", r"\1", line)  # `[PATH]`: an argument that may be there
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    return [word for word in words if word not in ("...", "…")]


_ALL = [shown for page in _PAGES for shown in _commands(page)]


def _error(words: list[str]) -> str:
    """Return what is wrong with a command, nothing where the command line takes it."""
    command: Any = get_command(app)
    context = command.context_class(command, info_name="yamlmod")
    words = with_overlay_default(words)
    while hasattr(command, "list_commands"):  # a group; typer has a click of its own
        if not words or words[0].startswith("-"):
            break
        name = words.pop(0)
        following = command.get_command(context, name)
        if following is None:
            return f"no command {name}"
        command = following
        context = command.context_class(command, info_name=name, parent=context)
    settings = command.context_settings
    context.allow_interspersed_args = settings.get("allow_interspersed_args", True)
    context.ignore_unknown_options = settings.get("ignore_unknown_options", False)
    try:
        values, left, _ = command.make_parser(context).parse_args(list(words))
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        # A sentence may name an option without its value.
        message = str(error.format_message())
        return "" if "requires an argument" in message else message
    if left and not context.ignore_unknown_options and not hasattr(command, "list_commands"):
        return f"too many arguments: {left}"
    return next(filter(None, (_choice_error(p, values) for p in command.params)), "")


def _choice_error(parameter: Any, values: dict[str, Any]) -> str:
    value = values.get(parameter.name)
    choices = getattr(parameter.type, "choices", None)
    given = value if isinstance(value, list) else [value]
    for word in given if choices else ():
        names = [getattr(choice, "value", choice) for choice in choices]
        if isinstance(word, str) and not _PLACEHOLDER.match(word) and word not in names:
            return f"{parameter.name} {word!r} is none of {names}"
    return ""


def test_the_pages_show_commands() -> None:
    names = {shown.words[0] for shown in _ALL}
    assert len(_ALL) > 300 and {"insert", "check", "study", "overlay", "exec", "undo"} <= names


@pytest.mark.parametrize("page", sorted({shown.page for shown in _ALL}))
def test_every_command_shown_is_taken(page: str) -> None:
    wrong = {
        " ".join(shown.words): error
        for shown in _ALL
        if shown.page == page and (error := _error(list(shown.words)))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("insert SimAM a.yaml --at 4", ""),
        ("insert SimAM a.yaml --att 4", "No such option"),
        ("inject SimAM a.yaml", "no command inject"),
        ("check a.yaml --format github", ""),
        ("check a.yaml --format gitlab", "is none of"),
        ("study plan a.yaml -o out", ""),
        ("study pln a.yaml", "no command pln"),
        ("study run out --unknown", "No such option"),
        ("show a.yaml b.yaml", "too many"),
        ("exec yolo train model=a.yaml --batch 4", ""),
        ("add SimAM --repo ultralytics --cfg a.yaml --after SPPF --overlay", ""),
        ("--help", ""),
    ],
)
def test_a_wrong_command_would_be_found(line: str, part: str) -> None:
    error = _error(line.split())
    assert (part in error) if part else error == ""
