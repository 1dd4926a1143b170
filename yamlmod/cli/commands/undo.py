"""Undo the last write of any command, from yamlmod's own journal; git is not needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yamlmod.cli.options import (
    Check,
    DiffFile,
    DryRun,
    Format,
    Json,
    OutputFormat,
    Sinks,
    Write,
    path_word,
)

if TYPE_CHECKING:
    from yamlmod.workspace.recover import Settled

EPILOG = """\b
Examples:
  yamlmod undo
  yamlmod undo yolov5 -w
  yamlmod undo yolov5 --list
  yamlmod undo yolov5 --redo -w"""

# An interrupted write is this command's own business: it must not undo one more.
SETTLES = True


def run(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PATH]",
            parser=path_word,
            show_default=False,
            help="The fork, or a file or folder: the last write of something there.",
        ),
    ] = None,
    list_: Annotated[
        bool, typer.Option("--list", help="List the writes that can be undone, the last one first.")
    ] = False,
    redo: Annotated[
        bool, typer.Option("--redo", help="Take the last undo back: write it once more.")
    ] = False,
    outside: Annotated[
        bool, typer.Option("--outside", help="Also revert files outside of the fork or folder.")
    ] = False,
    write: Write = False,
    dry_run: DryRun = False,
    check: Check = False,
    diff: DiffFile = None,
    json: Json = False,
    format: OutputFormat = Format.text,
) -> None:
    """Undo the last write: every file gets back what it held, new files and folders go.

    Previews unless -w is given. Refuses where a file has changed since. Run again, it undoes the
    write before. The journal lies in `.yamlmod/` of the git repository, else of the fork, else
    beside the file, and keeps the last 20 writes.
    """
    from yamlmod.cli.finish import Report, command_line, finish
    from yamlmod.workspace.files import real_path
    from yamlmod.workspace.recover import interrupted, settle
    from yamlmod.workspace.undo import (
        first_of,
        forget,
        journal_home,
        last_write,
        purpose_of,
        reverting,
    )

    path = path or Path()
    sinks = Sinks(write, dry_run, check, json or format is Format.json, diff)
    if list_:
        _show_list(path, sinks.json)
        return
    for home in interrupted([journal_home(real_path(path))]):
        settled = settle(home, command_line()) if sinks.writes else None
        _tell_interrupted(home, settled, sinks)
        return
    home, record = last_write(path, redo)
    changes = reverting(home, record, outside)
    first = first_of(home, record)
    word = "redo" if redo else "undo"
    lines = [f"{word} of write {first.number}, {first.when}: {' '.join(first.command)}"]
    if not changes:
        lines.append("  every file already holds what it would get")
        if sinks.writes:
            forget(home, record.write, command_line())
    data = {"write": first.number, "when": first.when, "of": list(first.command)}
    report = Report(word, lines, (), data)
    finish(changes, report, sinks, home, purpose_of(home, record, command_line(), redo))


def _tell_interrupted(home: Path, settled: Settled | None, sinks: Sinks) -> None:
    from yamlmod.cli.console import say, say_json
    from yamlmod.workspace.files import display

    if settled is None:
        lines = [f"a write was interrupted in {display(home)}; -w puts it right"]
    else:
        lines = [*settled.lines(), "nothing else was undone"]
    if sinks.json:
        say_json({"command": "undo", "interrupted": True, "settled": bool(settled), "told": lines})
    else:
        say(lines)
    if sinks.check:
        raise SystemExit(1)


def _show_list(path: Path, as_json: bool) -> None:
    from yamlmod.cli.console import say_json, show
    from yamlmod.report.tables import table
    from yamlmod.workspace.files import display, real_path
    from yamlmod.workspace.undo import journal_home, writes

    home = journal_home(real_path(path))
    found = [
        {
            "write": one.record.number,
            "when": one.record.when,
            "undone": one.undone,
            "command": list(one.record.command),
            "files": [display(file.path) for file in one.record.files if file.kept],
        }
        for one in reversed(writes(home))
    ]
    if as_json:
        say_json({"command": "undo", "home": display(home), "writes": found})
        return
    rows = [
        [
            str(one.record.number),
            one.record.when,
            "undone" if one.undone else "",
            str(sum(file.kept for file in one.record.files)),
            " ".join(one.record.command),
        ]
        for one in reversed(writes(home))
    ]
    lines = table(["write", "when", "state", "files", "command"], rows, right=(0, 3))
    show(lines if rows else [f"no write is kept in {display(home)}"])
