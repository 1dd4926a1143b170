"""Report wrong options and unknown commands: similar names, and as JSON where that was asked."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Sequence
from typing import Any

from yamlmod.cli.console import say, say_json
from yamlmod.cli.groups import command_names

# Words that other tools have as commands.
_ELSEWHERE = {
    "version": "yamlmod --version",
    "lint": "yamlmod check",
    "validate": "yamlmod check",
    "fix": "yamlmod check --fix",
    "train": "yamlmod verify",
    "install": "yamlmod patch",
    "uninstall": "yamlmod unpatch",
    "delete": "yamlmod remove",
    "rm": "yamlmod remove",
    "ls": "yamlmod list",
    "revert": "yamlmod undo",
}


def unknown_command(word: str, names: Sequence[str] = ()) -> str:
    """Return what is said about a command that there is not, with similar ones."""
    near = similar_commands(word, names or command_names())
    text = f"No such command {word!r}."
    if word.lower() in _ELSEWHERE:
        return f"{text} Did you mean `{_ELSEWHERE[word.lower()]}`?"
    if near:
        return f"{text} Did you mean {' or '.join(f'`{name}`' for name in near)}?"
    return f"{text} `yamlmod --help` lists all commands."


def similar_commands(word: str, names: Sequence[str]) -> list[str]:
    begun = [name for name in names if len(word) > 1 and name.startswith(word.lower())]
    return begun or difflib.get_close_matches(word.lower(), names, n=2, cutoff=0.6)


def report_usage(error: Any, arguments: Sequence[str]) -> None:
    """Write a usage error: to stderr, or to stdout as JSON where the command line asks for it."""
    message = _message(error)
    context = getattr(error, "ctx", None)
    command = context.info_name if context is not None and context.parent is not None else None
    path = context.command_path if context is not None else "yamlmod"
    hint = f"`{path} --help` shows the arguments and options"
    if wants_json(arguments):
        place = {"file": None, "line": None, "column": None, "excerpt": None}
        details = {"code": "usage", "message": message, **place, "help": hint}
        say_json({"command": command, "error": details})
        return
    usage = [context.get_usage(), ""] if context is not None else []
    lines = [f"error[usage]: {message}", f"  help: {hint}"]
    say([*[line for text in usage for line in text.split("\n")], *lines], always=True)


def _message(error: Any) -> str:
    near = getattr(error, "possibilities", None)
    if near and getattr(error, "option_name", None):
        return f"No such option: {error.option_name}. Did you mean {' or '.join(sorted(near))}?"
    return str(error.format_message()).strip()


def wants_json(arguments: Sequence[str]) -> bool:
    """Tell whether a command line asks for JSON: one that was not understood has no options yet."""
    words = list(arguments)
    words = words[: words.index("--")] if "--" in words else words
    pairs = itertools.pairwise(words)
    return "--json" in words or "--format=json" in words or ("--format", "json") in pairs
