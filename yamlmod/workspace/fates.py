"""Plan the effect of a journal entry on each file, with refusals."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.workspace import disk
from yamlmod.workspace.files import display
from yamlmod.workspace.home import store_of
from yamlmod.workspace.journal import Entry
from yamlmod.workspace.places import Reach
from yamlmod.workspace.record import Record, Saved
from yamlmod.workspace.wording import FLAG, safe


@dataclass(frozen=True)
class Fate:
    """One file of an entry: its ``state`` (old, new, other) or why it is not looked at.

    ``obstacle`` says why it is never touched, ``outside`` that it is left to the user.
    """

    file: Saved
    name: str
    state: str
    obstacle: str = ""
    outside: bool = False

    @property
    def free(self) -> bool:
        """Check whether the entry may act on the file."""
        return not self.obstacle and not self.outside

    def line(self, finished: bool) -> str:
        """Return what happens to the file when the write is settled."""
        return f"{self.name}: {self._what(finished)}"

    def _what(self, finished: bool) -> str:
        if self.obstacle:
            return f"never touched, {self.obstacle}"
        if finished:
            return "stays as the write left it"
        if self.outside:
            return "left unchanged, check it yourself: it is elsewhere"
        if self.state == "other":
            return "left unchanged, check it yourself: it was changed since"
        return "stays as it was before" if self.state == "old" else given_back(self.file)


def given_back(file: Saved) -> str:
    """Return what happens to a file that gets its old contents back."""
    if file.before is None:
        return "is removed"
    size = f"{len(file.before):,} bytes"
    return f"gets its old {size} back" if file.after is not None else f"comes back with {size}"


def fates_of(record: Record, reach: Reach) -> list[Fate]:
    """Return what would become of each file; a foreign entry has nothing elsewhere read."""
    return [_fate(file, reach) for file in record.files]


def _fate(file: Saved, reach: Reach) -> Fate:
    name, outside = named(file.path, reach.home), reach.is_outside(file.path)
    if outside and not reach.own:
        return Fate(file, name, "other", outside=True)
    obstacle = reach.obstacle(file.path)
    if obstacle:
        return Fate(file, name, "other", obstacle)
    return Fate(file, name, file.state(read(file.path)), outside=outside)


def named(path: Path, home: Path) -> str:
    """Return the name of a file of an entry; unlike `display` it looks at nothing elsewhere.

    On Windows a name alone may be a place in the network, and to look there sends a password.
    """
    if not path.is_relative_to(home):
        return safe(path.as_posix())
    folder, name = display(home), safe(path.relative_to(home).as_posix())
    return name if folder == "." else f"{folder}/{name}"


def read(path: Path) -> bytes | None:
    """Return what a file holds; one that is not to be read holds what no entry speaks of."""
    try:
        return disk.read(path)
    except disk.UnfitError:
        return b"\0"


def is_finished(fates: Sequence[Fate]) -> bool:
    """Check whether every file of a write is new: only the journal was not told."""
    return all(fate.state == "new" for fate in fates)


def folder_obstacles(record: Record, reach: Reach) -> list[str]:
    """Return the folders that an entry names and never makes or removes, with the reasons."""
    folders = [one for one in dict.fromkeys(record.made + record.gone) if one != reach.home]
    told = ((named(folder, reach.home), reach.folder_obstacle(folder)) for folder in folders)
    return [f"{name}: never touched, {reason}" for name, reason in told if reason]


def plan_lines(entry: Entry, home: Path) -> list[str]:
    """Return what settling an interrupted write does: one line for each file and folder."""
    record = entry.record
    if record is None:
        return []
    reach = Reach(home, own=not entry.doubt)
    fates = fates_of(record, reach)
    finished = is_finished(fates)
    lines = [fate.line(finished) for fate in fates]
    stuck = folder_obstacles(record, reach)
    going = record.gone if finished else record.made
    lines += [
        f"{named(folder, home)}: is removed if it is empty"
        for folder in going
        if not reach.folder_obstacle(folder)
    ]
    return lines + stuck


def doubtful(entry: Entry, home: Path) -> Refusal:
    """Return the refusal of an interrupted write that is not known to be ours."""
    take = f"`yamlmod undo {shlex.quote(display(home))} {FLAG}"
    lines = [
        f"if you trust its origin: {take}` shows what it does, {take} -w` does it",
        f"if not: delete {named(entry.path, home)}; nothing was changed",
        "what it would do:",
        *(f"  {line}" for line in plan_lines(entry, home)),
    ]
    return Refusal(
        "foreign-journal",
        f"{named(entry.path, home)} records an interrupted write, and {entry.doubt}",
        hint="\n".join(lines),
    )


def damaged(entry: Entry, home: Path) -> Refusal:
    """Return the refusal of an interrupted write that cannot be read."""
    return Refusal(
        "journal-damaged",
        f"{named(entry.path, home)} records an interrupted write, and {entry.doubt}",
        hint="nothing was changed; look at the files of the fork yourself (yamlmod's temporary "
        f"files are called .yamlmod-*.tmp), then delete {named(entry.path, home)}",
    )


def refuse_obstacles(record: Record, reach: Reach, outside: bool) -> None:
    """Refuse an entry that names one place where none may act; nothing of it is done then."""
    fates = (_obstacle(file.path, reach, outside) for file in record.files)
    lines = [line for line in fates if line]
    if not reach.own:
        lines += folder_obstacles(record, reach)
    if lines:
        raise Refusal(
            "protected-place",
            f"an entry in {display(store_of(reach.home))} names files that yamlmod never changes; "
            "nothing was changed",
            hint="\n".join([*lines, "correct it by hand, or delete the entry"]),
        )


def _obstacle(path: Path, reach: Reach, outside: bool) -> str:
    if reach.is_outside(path) and not outside:
        return ""
    reason = reach.obstacle(path)
    return f"{named(path, reach.home)}: never touched, {reason}" if reason else ""
