"""List the writes in the journal, for `undo --list`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from yamlmod.cli.console import say_json, show
from yamlmod.report.tables import table
from yamlmod.workspace.fates import named
from yamlmod.workspace.files import display, real_path
from yamlmod.workspace.home import begun
from yamlmod.workspace.journal import entries, pending
from yamlmod.workspace.undo import journal_home, writes
from yamlmod.workspace.wording import command_text, safe

if TYPE_CHECKING:
    from yamlmod.workspace.undo import Written


def show_list(path: Path, as_json: bool) -> None:
    """Show the writes that are kept, the last one first, and what is not known to be ours."""
    home = journal_home(real_path(path))
    kept = list(reversed(writes(home)))
    doubts = [(entry.path, entry.doubt) for entry in entries(home) if entry.doubt]
    begun_write = pending(home) if begun([home]) else None
    if begun_write is not None and begun_write.doubt:
        doubts.append((begun_write.path, begun_write.doubt))
    if as_json:
        found = [_data(one, home) for one in kept]
        strange = [{"file": named(one, home), "doubt": doubt} for one, doubt in doubts]
        say_json({"command": "undo", "home": display(home), "writes": found, "doubtful": strange})
        return
    rows = [_row(one) for one in kept]
    lines = [f"no write is kept in {display(home)}"]
    if rows:
        lines = table(["write", "when", "state", "files", "command"], rows, right=(0, 3))
    if doubts:
        lines += ["", "not taken for yours (--trust-journal takes what is not damaged):"]
        lines += [f"  {named(one, home)}: {doubt}" for one, doubt in doubts]
    show(lines)


def _data(written: Written, home: Path) -> dict[str, Any]:
    record = written.record
    return {
        "write": record.number,
        "when": record.when,
        "undone": written.undone,
        "doubt": written.doubt or None,
        "command": list(record.command),
        "files": [named(file.path, home) for file in record.files if file.kept],
    }


def _row(written: Written) -> list[str]:
    record = written.record
    state = [
        word for word, holds in (("undone", written.undone), ("doubtful", written.doubt)) if holds
    ]
    return [
        str(record.number),
        safe(record.when),
        ", ".join(state),
        str(sum(file.kept for file in record.files)),
        command_text(record.command),
    ]
