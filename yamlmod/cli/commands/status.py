"""Tell what yamlmod has put into a fork, which YAMLs use it, and what of it is stale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from yamlmod.cli.options import Format, Json, OutputFormat, Repo

if TYPE_CHECKING:
    from yamlmod.fork.audit.installed_modules import Patched
    from yamlmod.usecases.module_uses import Use

EPILOG = """\b
Examples:
  yamlmod status yolov5
  yamlmod status yolov5 --check
  yamlmod status yolov5 --json | jq '.stale'
Exits 2 where a file or folder of the fork cannot be read."""


def run(
    repo: Repo,
    check: Annotated[
        bool, typer.Option("--check", help="Exit 1 if something is stale or missing.")
    ] = False,
    json: Json = False,
    format: OutputFormat = Format.text,
) -> None:
    """Tell which modules the fork REPO has from yamlmod, and whether they are in order.

    A module is current, outdated (the registry has a newer one), edited (by hand), own (from a file
    of yours, or a class of the fork's) or unknown to this registry. Stale is a class that is not
    registered, a registration without its class, and what an interrupted write left; missing is a
    module of the registry that a YAML uses and the fork does not have. Nothing is run or written.
    """
    from yamlmod.cli.console import say, say_json, show
    from yamlmod.fork.audit.installed_modules import survey
    from yamlmod.fork.parser.locate import locate
    from yamlmod.registry.catalogue import visible
    from yamlmod.usecases.module_uses import uses
    from yamlmod.workspace.files import display
    from yamlmod.workspace.recover import interrupted
    from yamlmod.workspace.search import leftovers, python_files
    from yamlmod.workspace.tree import Tree

    tree = Tree(repo)
    fork = locate(tree)
    found = survey(tree, fork, dict(python_files(tree)))
    ours = {one.class_name for one in found.patched}
    registry = {name for one in visible() for name in one.names}
    rows = uses(tree, ours | registry)
    missing = [one for one in rows if one.module not in ours and found.known.lacks(one.module)]
    stale = [
        *found.stale,
        *(f"a write was interrupted in {display(home)}" for home in interrupted([repo])),
        *_strays([] if interrupted([repo]) else leftovers(tree), tree),
    ]
    if json or format is Format.json:
        say_json(
            {
                "command": "status",
                "repo": tree.shown("."),
                "modules": [_module(one, rows) for one in found.patched],
                "missing": [_use(one) for one in missing],
                "stale": stale,
                "undecided": list(found.known.open),
                "unreadable": [error.as_data() for error in tree.unreadable],
            }
        )
    else:
        show(_lines(tree.shown("."), found.patched, rows, missing, stale))
        say(line for error in tree.unreadable for line in error.lines())
    if tree.unreadable:
        raise SystemExit(2)
    if check and (stale or missing):
        raise SystemExit(1)


def _strays(paths: list[str], tree: Any) -> list[str]:
    return [f"{tree.shown(path)}: left by a write that was cut off; remove it" for path in paths]


def _module(one: Patched, rows: list[Use]) -> dict[str, Any]:
    return {
        "name": one.name,
        "class": one.class_name,
        "version": one.version,
        "newest": one.newest or None,
        "state": one.state,
        "file": one.path,
        "line": one.line,
        "registered": one.registered or None,
        "registered_line": one.registered_line,
        "yamls": [_use(use) for use in rows if use.module == one.class_name],
    }


def _use(one: Use) -> dict[str, Any]:
    return {"file": one.path, "module": one.module, "layers": one.count, "line": one.line}


def _lines(
    shown: str, patched: tuple[Patched, ...], rows: list[Use], missing: list[Use], stale: list[str]
) -> list[str]:
    from yamlmod.errors import one_of
    from yamlmod.report.tables import table

    lines = []
    if patched:
        cells = []
        for one in patched:
            at = f" (line {one.registered_line})" if one.registered_line else ""
            yamls = [use.path for use in rows if use.module == one.class_name]
            cells.append(
                [
                    one.name,
                    one.version,
                    one.state,
                    f"{one.path}:{one.line}",
                    (one.registered or "nowhere") + at,
                    one_of(yamls, 4) or "-",
                ]
            )
        headers = ["module", "version", "state", "class", "registered", "used by"]
        lines += table(headers, cells)
    else:
        lines.append(f"{shown} has no module from yamlmod")
    lines += [
        f"missing: {use.path}:{use.line} uses {use.module}, which the fork does not have "
        f"(`yamlmod patch {shown} {use.module}`)"
        for use in missing
    ]
    return [*lines, *(f"stale: {text}" for text in stale)]
