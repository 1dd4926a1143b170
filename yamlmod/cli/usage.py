"""Report wrong options and unknown commands: similar names, and as JSON where that was asked."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Sequence
from typing import Any

from yamlmod.cli.console import say, say_json
from yamlmod.cli.groups import OVERLAY_LAST, command_names, source_of
from yamlmod.errors import one_of

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


# What a word too many probably is.
_EXTRA = {
    "add": "CFG and the position are options: --cfg CFG --at N",
    "draw": "the figure is an option: -o FILE.svg, and one CFG is drawn",
    "insert": "the position is an option: --at N or --after SEL",
    "move": "the new place is an option: --after SEL or --before SEL",
    "plan": "the folder to write is an option: -o DIR",
    "remap": "both YAMLs are options: --from CFG --to CFG",
    "report": "the file to write is an option: -o FILE",
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
    hint = _hint(error, str(command), path, arguments)
    if wants_json(arguments):
        place = {"file": None, "line": None, "column": None, "excerpt": None}
        details = {"code": "usage", "message": message, **place, "help": hint}
        # Of `yamlmod study plan`, both words.
        whole = path.partition(" ")[2] if command else None
        say_json({"command": whole, "error": details})
        return
    usage = [context.get_usage(), ""] if context is not None else []
    lines = [f"error[usage]: {message}", f"  help: {hint}"]
    say([*[line for text in usage for line in text.split("\n")], *lines], always=True)


def _message(error: Any) -> str:
    name = getattr(error, "option_name", None)
    if name and type(error).__name__ == "NoSuchOption":
        near = _near_options(error)
        return f"No such option: {name}." + (f" Did you mean {' or '.join(near)}?" if near else "")
    return str(error.format_message()).strip()


def _near_options(error: Any) -> list[str]:
    near = getattr(error, "possibilities", None) or ()
    return difflib.get_close_matches(error.option_name, near, n=2, cutoff=0.75)


def _hint(error: Any, command: str, path: str, arguments: Sequence[str]) -> str:
    """Return what to do: which option a word belongs to, which command an option is of."""
    shows = f"`{path} --help` shows the arguments and options"
    message = str(error.format_message())
    is_misplaced = "unexpected extra argument" in message or message.startswith("Missing option")
    extra = _EXTRA.get(command, "") if is_misplaced else ""
    if extra:
        return f"{extra}; {shows}"
    if "Missing argument" in message and "--overlay" in arguments:
        return f"{OVERLAY_LAST}; {shows}"
    name = getattr(error, "option_name", None)
    if type(error).__name__ == "NoSuchOption" and not _near_options(error):
        if name == "--repo" and _takes_repo(error):
            return f"here REPO is an argument, in front of the others; {shows}"
        others = [other for other in _commands_with(str(name)) if other != command]
        if others:
            return f"{name} is an option of other commands, such as {one_of(others[:3])}; {shows}"
    if command == "study" and "No such command" in message:
        file = next((word for word in arguments if word.lower().endswith((".yaml", ".yml"))), "")
        return f"yamlmod study plan {file}" if file else shows
    if command == "draw" and "'--format'" in message:
        return f"PDF and PNG are for files: -o FILE.pdf; {shows}"
    return shows


def _takes_repo(error: Any) -> bool:
    """Tell whether the command takes REPO as an argument."""
    parameters = error.ctx.command.params if error.ctx is not None else ()
    arguments = (one for one in parameters if one.param_type_name == "argument")
    return any("REPO" in str(one.metavar) for one in arguments)


def _commands_with(option: str) -> list[str]:
    """Return the commands whose own files declare an option."""
    return [name for name in command_names() if f'"{option}"' in source_of(name)]


def wants_json(arguments: Sequence[str]) -> bool:
    """Tell whether a command line asks for JSON: one that was not understood has no options yet."""
    words = list(arguments)
    words = words[: words.index("--")] if "--" in words else words
    pairs = itertools.pairwise(words)
    return "--json" in words or "--format=json" in words or ("--format", "json") in pairs
