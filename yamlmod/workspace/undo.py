"""Undo and redo: the changes that revert a write of the journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.workspace import disk
from yamlmod.workspace.commit import Purpose
from yamlmod.workspace.files import Change, display, real_path
from yamlmod.workspace.home import NAME, home_of
from yamlmod.workspace.journal import drop, records
from yamlmod.workspace.lock import locked
from yamlmod.workspace.record import Record, digest


@dataclass(frozen=True)
class Written:
    """A write of the journal, and whether it is undone at present."""

    record: Record
    undone: bool


def writes(home: Path) -> list[Written]:
    """Return the writes of a home that the journal still holds, the oldest first."""
    found = records(home)
    state = {record.write: record.kind == "undo" for record in found}
    return [Written(one, state[one.write]) for one in found if one.kind == "write"]


def last_write(path: Path, redo: bool = False) -> tuple[Path, Record]:
    """Return the home of ``path`` and the record to revert there.

    It is the last write, not undone yet, of a file that is or lies below ``path``; for ``redo``
    the last undo of one. Raises Refusal where there is none.
    """
    place = real_path(path)
    home = journal_home(place)
    found = [one for one in records(home) if home.is_relative_to(place) or _touches(one, place)]
    latest = {one.write: one for one in found}
    wanted = ("undo",) if redo else ("write", "redo")
    candidates = [one for one in latest.values() if one.kind in wanted]
    if candidates:
        return home, max(candidates, key=lambda one: one.number if redo else one.write)
    what = "undo to take back" if redo else "write to undo"
    raise Refusal(
        "nothing-to-undo",
        f"the journal of {display(home)} holds no {what}" + _below(home, place),
        hint=_elsewhere(home),
    )


def journal_home(place: Path) -> Path:
    """Return the folder whose journal speaks of ``place``, a file or folder without links.

    A folder around one fork that is a package (`yolov5/yolov5/models`) has its journal one deeper.
    """
    home = home_of(place)
    inner = _inner(home) if place == home and not (home / NAME).is_dir() else []
    return inner[0] if len(inner) == 1 else home


def first_of(home: Path, record: Record) -> Record:
    """Return the write that a record is, undoes or does again; itself where that is forgotten."""
    found = [one for one in records(home) if one.number == record.write]
    return found[0] if found else record


def reverting(home: Path, record: Record, outside: bool) -> list[Change]:
    """Return the changes that give back what ``record`` replaced.

    Raises Refusal, naming the files, where one has changed since. A file that already holds what
    it would get is left out. ``outside`` permits files that do not lie below ``home``.
    """
    changes, changed, beyond = [], [], []
    for file in (one for one in record.files if one.kept):
        found = _read(file.path)
        if found == file.before:
            continue
        if digest(found) != file.after:
            changed.append(display(file.path))
        elif not outside and not real_path(file.path).is_relative_to(home):
            beyond.append(display(file.path))
        # A folder that this file is to come back to may be gone; one that it leaves may stay.
        comes_back = file.before is not None
        changes.append(Change(file.path, found, file.before, comes_back, True, file.mode))
    if changed:
        raise Refusal(
            "changed-since",
            f"{', '.join(changed)} changed since `{' '.join(record.command)}` of {record.when} "
            "wrote it",
            hint="nothing was undone: yamlmod would lose that change; take it back first",
        )
    if beyond:
        raise Refusal(
            "outside",
            f"the write also changed {', '.join(beyond)}, outside of {display(home)}",
            hint="--outside reverts that, too",
        )
    return changes


def purpose_of(home: Path, record: Record, command: Sequence[str], redo: bool) -> Purpose:
    """Return what the journal is to keep of the write that reverts ``record``."""
    gone = tuple(reversed(record.made))
    return Purpose(tuple(command), "redo" if redo else "undo", record.write, gone, home)


def forget(home: Path, number: int, command: Sequence[str]) -> None:
    """Drop a write, with its undos, from the journal: somebody has reverted it by other means."""
    with locked(home, command):
        for record in records(home):
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
