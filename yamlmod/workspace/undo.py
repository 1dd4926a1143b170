"""Undo and redo: plan the changes that revert a write of the journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from yamlmod.errors import Refusal
from yamlmod.workspace import disk
from yamlmod.workspace.commit import Purpose
from yamlmod.workspace.fates import named, refuse_obstacles
from yamlmod.workspace.files import FileChange, display, real_path
from yamlmod.workspace.home import NAME, home_of, store_of
from yamlmod.workspace.journal import Entry, drop, entries, records
from yamlmod.workspace.lock import locked
from yamlmod.workspace.places import Reach
from yamlmod.workspace.record import Record, digest
from yamlmod.workspace.recover import plausible_mode
from yamlmod.workspace.wording import FLAG, command_text, safe


@dataclass(frozen=True)
class Written:
    """A write of the journal, whether it is undone at present, and the doubt that it is ours."""

    record: Record
    undone: bool
    doubt: str = ""


class Choice(NamedTuple):
    """The record to revert; entries in ``passed`` are later, and not known to be ours."""

    home: Path
    record: Record
    doubt: str
    passed: tuple[Entry, ...]


def writes(home: Path) -> list[Written]:
    """Return the writes of a home that the journal still holds, the oldest first."""
    kept = _believed(entries(home))
    state = {record.write: record.kind == "undo" for record, _ in kept}
    return [
        Written(record, state[record.write], doubt)
        for record, doubt in kept
        if record.kind == "write"
    ]


def _believed(kept: Iterable[Entry]) -> list[tuple[Record, str]]:
    """Return records with their doubts, but for foreign ones that speak of a write of ours."""
    told = [(one.record, one.doubt) for one in kept if one.record is not None]
    ours = {record.number for record, doubt in told if not doubt}
    return [(record, doubt) for record, doubt in told if not (doubt and record.write in ours)]


def last_write(path: Path, redo: bool = False, trust: bool = False) -> Choice:
    """Return the record to revert at ``path``.

    It is the last write, not undone yet, of a file that is or lies below ``path``; for ``redo``
    the last undo of one. What is not known to be ours is passed over unless there is ``trust``.
    Raises Refusal where there is none.
    """
    place = real_path(path)
    home = journal_home(place)
    kept = entries(home)
    latest = {
        record.write: (record, doubt)
        for record, doubt in _believed(kept)
        if (trust or not doubt) and (home.is_relative_to(place) or _touches(record, place))
    }
    wanted = ("undo",) if redo else ("write", "redo")
    candidates = [one for one in latest.values() if one[0].kind in wanted]
    strange = [] if trust else [one for one in kept if one.doubt]
    if not candidates:
        what = "undo to take back" if redo else "write to undo"
        message = f"the journal of {display(home)} has no {what}" + _below(home, place)
        damaged = [one for one in kept if one.record is None]
        raise _nothing(message, home, strange or damaged)
    record, doubt = max(candidates, key=lambda one: one[0].number if redo else one[0].write)
    later = [one for one in strange if one.record is None or one.record.number > record.number]
    return Choice(home, record, doubt, tuple(later))


def _nothing(message: str, home: Path, strange: Sequence[Entry]) -> Refusal:
    if not any(one.record for one in strange):
        damaged = [f"{named(one.path, home)}: {one.doubt}" for one in strange]
        return Refusal("nothing-to-undo", message, hint="\n".join([_elsewhere(home), *damaged]))
    hint = [
        f"if you know where they come from, {FLAG} takes them: look at what it shows before -w",
        "if not: delete them; your files stay as they are",
    ]
    for one in strange:
        hint.append(f"{named(one.path, home)}: {one.doubt}")
        files = one.record.files if one.record else ()
        hint += [f"  {named(file.path, home)}" for file in files]
    return Refusal(
        "foreign-journal", f"{message}, but entries that may not be yours", hint="\n".join(hint)
    )


def journal_home(place: Path) -> Path:
    """Return the folder whose journal speaks of ``place``, a file or folder without links.

    A folder around one fork that is a package (`yolov5/yolov5/models`) has its journal one deeper.
    """
    home = home_of(place)
    inner = _inner(home) if place == home and not store_of(home).is_dir() else []
    return inner[0] if len(inner) == 1 else home


def first_of(home: Path, record: Record) -> Record:
    """Return the write that a record is, undoes or does again; itself where that is forgotten."""
    kept = [entry.record for entry in entries(home) if entry.record]
    return next((one for one in kept if one.number == record.write), record)


def reverting(home: Path, record: Record, outside: bool, own: bool = True) -> list[FileChange]:
    """Return the changes that give back what ``record`` replaced.

    Raises Refusal, naming the files, where one has changed since. A file that already holds what
    it would get is left out. ``outside`` permits files that do not lie below ``home``.
    """
    reach = Reach(home, own)
    kept = replace(record, files=tuple(file for file in record.files if file.kept))
    refuse_obstacles(kept, reach, outside)
    changes, changed, beyond = [], [], []
    for file in kept.files:
        if not outside and not own and reach.is_outside(file.path):
            beyond.append(named(file.path, home))  # nothing elsewhere is read for anyone
            continue
        found = _read(file.path)
        if found == file.before:
            continue
        if digest(found) != file.after:
            changed.append(named(file.path, home))
        elif not outside and reach.is_outside(file.path):
            beyond.append(named(file.path, home))
        # A folder that this file is to come back to may be gone; one that it leaves may stay.
        comes_back = file.before is not None
        mode = file.mode
        if mode is not None and not own:
            mode = plausible_mode(file.path, mode)
        changes.append(FileChange(file.path, found, file.before, comes_back, True, mode))
    if changed:
        raise Refusal(
            "changed-since",
            f"{', '.join(changed)} changed since `{command_text(record.command)}` of "
            f"{safe(record.when)} wrote it",
            hint="nothing was undone: this would lose that change; revert it first",
        )
    if beyond:
        raise Refusal(
            "outside",
            f"the write also changed {', '.join(beyond)}, outside of {display(home)}",
            hint="--outside reverts them, too",
        )
    return changes


def purpose_of(home: Path, record: Record, command: Sequence[str], redo: bool) -> Purpose:
    """Return what the journal is to keep of the write that reverts ``record``."""
    reach = Reach(home)
    gone = tuple(one for one in reversed(record.made) if not reach.folder_obstacle(one))
    return Purpose(tuple(command), "redo" if redo else "undo", record.write, gone, home)


def forget(home: Path, number: int, command: Sequence[str], trust: bool = False) -> None:
    """Drop a write, with its undos, from the journal: a user has reverted it by other means."""
    with locked(home, command):
        for record in records(home, trust):
            if record.write == number:
                drop(home, record)


def _read(path: Path) -> bytes | None:
    try:
        return disk.read(path)
    except OSError as error:
        reason = error.strerror or error
        raise Refusal("unreadable", f"{display(path)} cannot be read: {reason}") from error


def _touches(record: Record, place: Path) -> bool:
    return any(file.kept and file.path.is_relative_to(place) for file in record.files)


def _below(home: Path, place: Path) -> str:
    return "" if place == home else f" that touched {display(place)}"


def _elsewhere(home: Path) -> str:
    inner = _inner(home)
    if inner:
        return f"there is a journal in {', '.join(display(path) for path in inner)}"
    return "`yamlmod undo --list` shows the writes that are kept"


def _inner(home: Path) -> list[Path]:
    return sorted(path.parent for path in home.glob(f"*/{NAME}") if path.is_dir())
