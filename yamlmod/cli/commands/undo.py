"""Undo the last write of any command, from yamlmod's own journal; git is not needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yamlmod.cli.bundles import WriteOptions
from yamlmod.cli.options import path_word

if TYPE_CHECKING:
    from yamlmod.workspace.files import FileChange
    from yamlmod.workspace.journal import Entry

GROUP = "fork"
EPILOG = """\b
Examples:
  yamlmod undo
  yamlmod undo yolov5 -w
  yamlmod undo yolov5 --list
  yamlmod undo yolov5 --redo -w
  yamlmod undo yolov5 --trust-journal"""

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
    redo: Annotated[bool, typer.Option("--redo", help="Redo the last undo.")] = False,
    outside: Annotated[
        bool, typer.Option("--outside", help="Also restore files outside the fork or folder.")
    ] = False,
    trust: Annotated[
        bool,
        typer.Option(
            "--trust-journal",
            help="Also use entries that may not be yours; look at the preview first.",
        ),
    ] = False,
    *,
    to: WriteOptions,
) -> None:
    """Undo the last write: restore every file and remove new files and folders.

    Previews unless -w is given. Refuses where a file has changed since. Run again, it undoes the
    write before. The journal lies in `.yamlmod/` of the git repository, else of the fork, else
    beside the file, and keeps the last 20 writes. Its entries are signed with a key of yours:
    what came with a repository, or was written by an older yamlmod, is only shown.
    """
    from yamlmod.cli.finish import Report, command_line, finish
    from yamlmod.workspace.files import display, real_path
    from yamlmod.workspace.recover import interrupted
    from yamlmod.workspace.undo import (
        first_of,
        forget,
        journal_home,
        last_write,
        purpose_of,
        reverting,
    )
    from yamlmod.workspace.wording import command_text, safe

    path = path or Path()
    if list_:
        from yamlmod.cli.undo_list import show_list

        show_list(path, to.as_json)
        return
    for home in interrupted([journal_home(real_path(path))]):
        _settle(home, to, trust)
        return
    home, record, doubt, passed = last_write(path, redo, trust)
    changes = reverting(home, record, outside, own=not doubt)
    first = first_of(home, record)
    word = "redo" if redo else "undo"
    title = f"{word} of write {first.number}, {safe(first.when)}: {command_text(first.command)}"
    lines = [title, *_file_lines(changes)]
    purpose = purpose_of(home, record, command_line(), redo)
    lines += [f"  {display(folder)}: is removed if it is empty" for folder in purpose.gone]
    if not changes:
        lines.append("  every file already holds what it would get")
        if to.writes:
            forget(home, record.write, command_line(), trust)
    data = {"write": first.number, "when": first.when, "of": list(first.command)}
    back = "yamlmod undo --redo -w" if not redo else "yamlmod undo -w"
    report = Report(word, lines, _doubts(doubt, passed), {**data, "doubt": doubt or None})
    report = report.before(lambda: [back])
    finish(changes, report, to, home, purpose)


def _file_lines(changes: Sequence[FileChange]) -> list[str]:
    from yamlmod.workspace.files import display

    return [f"  {display(change.path)}: {_what(change)}" for change in changes]


def _what(change: FileChange) -> str:
    if change.after is None:
        return "is removed"
    back = f"{len(change.after):,} bytes"
    return f"comes back with {back}" if change.before is None else f"gets its old {back} back"


def _doubts(doubt: str, passed: Sequence[Entry]) -> list[str]:
    from yamlmod.workspace.fates import named

    lines = [f"this entry is taken on your word: {doubt}"] if doubt else []
    return lines + [
        f"{named(one.path, one.path.parents[1])} is passed over: {one.doubt}" for one in passed
    ]


def _settle(home: Path, to: WriteOptions, trust: bool) -> None:
    """Settle an interrupted write, or show what that would do to each file."""
    from yamlmod.cli.console import say, say_json
    from yamlmod.cli.finish import command_line
    from yamlmod.workspace.fates import plan_lines
    from yamlmod.workspace.files import display
    from yamlmod.workspace.recover import refuse_doubtful, settle

    settled = settle(home, command_line(), trust) if to.writes else None
    if settled is not None:
        lines = [*settled.lines(), "nothing else was undone"]
    else:
        entry = refuse_doubtful(home, trust)
        lines = [f"a write was interrupted in {display(home)}; -w puts it right"]
        lines += [f"  {line}" for line in (plan_lines(entry, home) if entry else [])]
    if to.as_json:
        say_json({"command": "undo", "interrupted": True, "settled": bool(settled), "told": lines})
    else:
        say(lines)
    if to.check:
        raise SystemExit(1)
