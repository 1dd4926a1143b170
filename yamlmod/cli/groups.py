"""The groups of `yamlmod --help`, read from the commands' files without importing them."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import NamedTuple

from yamlmod.workspace.disk import read_regular

COMMANDS = Path(__file__).parent / "commands"
# A command names its group by the constant GROUP; without one it edits or shows a YAML.
GROUPS = {
    "yaml": "Edit a model YAML",
    "fork": "Edit a fork",
    "run": "Run the network",
    "modules": "Modules and help",
}


class CommandPage(NamedTuple):
    """What `--help` shows of a command."""

    name: str
    group: str
    summary: str


# Where `--overlay DIR` takes a word that was meant otherwise.
OVERLAY_LAST = "write --overlay as the last option, or name its folder: --overlay=DIR"


@cache
def command_names(folder: Path = COMMANDS) -> tuple[str, ...]:
    """Return the names of the commands, which are the names of their files and folders."""
    files = (path.stem for path in folder.glob("[a-z]*.py"))
    groups = (path.parent.name for path in folder.glob("[a-z]*/__init__.py"))
    return tuple(sorted(name.replace("_", "-") for name in (*files, *groups)))


def command_pages(folder: Path = COMMANDS) -> list[CommandPage]:
    return [_page(folder, name) for name in command_names(folder)]


def source_of(name: str, folder: Path = COMMANDS) -> str:
    """Return the source of a command, unread by Python."""
    stem = name.replace("-", "_")
    path = folder / stem / "__init__.py"
    return read_regular(path if path.is_file() else folder / f"{stem}.py").decode("utf-8")


def _page(folder: Path, name: str) -> CommandPage:
    tree = ast.parse(source_of(name, folder))
    group = "yaml"
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            group = str(node.value.value) if names == ["GROUP"] else group
    summary = (ast.get_docstring(tree) or "").split("\n", 1)[0]
    return CommandPage(name, group if group in GROUPS else "yaml", summary)
