"""Recover from an interrupted write: restore it, or finish it if all was written."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from yamlmod.errors import Refusal
from yamlmod.workspace import disk
from yamlmod.workspace.files import display
from yamlmod.workspace.home import begun
from yamlmod.workspace.lock import holder, locked, unwritable
from yamlmod.workspace.wording import command_text

if TYPE_CHECKING:
    from yamlmod.workspace.journal import Entry
    from yamlmod.workspace.places import Reach
    from yamlmod.workspace.record import Record, Saved

_CACHE = "__pycache__"
_COMPILED = re.compile(r"[^.]+\.[a-z]+-?[0-9].*\.pyc")


@dataclass(frozen=True)
class Settled:
    """What became of an interrupted write; ``files`` says of each file what was done to it.

    ``left`` are files that a user has changed since.
    """

    home: Path
    command: str
    finished: bool
    left: tuple[Path, ...]
    files: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return what to tell about it."""
        what = "it was complete, and is kept" if self.finished else "it was rolled back"
        return [
            f"an interrupted write was found in {display(self.home)}, `{self.command}`: {what}",
            *(f"  {line}" for line in self.files),
        ]


def interrupted(paths: Iterable[Path]) -> list[Path]:
    """Return the homes of ``paths`` in which a write was begun and no one is at it any more."""
    return [home for home in begun(paths) if holder(home) is None]


def refuse_doubtful(home: Path, trust: bool = False) -> Entry | None:
    """Return the interrupted write of a home. Raises Refusal where it is not to be settled.

    It is not where it is damaged, or not known to be ours, unless there is ``trust`` in it, or
    names a place that no entry may touch.
    """
    from yamlmod.workspace import fates, journal
    from yamlmod.workspace.places import Reach

    try:
        entry = journal.pending(home)
        if entry is not None and entry.record is None:
            raise fates.damaged(entry, home)
        if entry is not None and entry.doubt and not trust:
            raise fates.doubtful(entry, home)
        if entry is not None and entry.record is not None:
            reach = Reach(home, own=not entry.doubt)
            fates.refuse_obstacles(entry.record, reach, outside=False)
    except OSError as error:
        raise unwritable(home, error) from error
    return entry


def refuse_early(home: Path, trust: bool = False) -> None:
    """Refuse what is not to be settled before the lock is taken, which changes the folder.

    What another process is just writing is none of that: it holds the lock, or is done soon.
    """
    try:
        refuse_doubtful(home, trust)
    except Refusal as refusal:
        if holder(home) is not None:
            return
        try:
            refuse_doubtful(home, trust)
        except Refusal as again:
            if (again.message, again.hint) == (refusal.message, refusal.hint):
                raise


def settle(home: Path, command: Sequence[str], trust: bool = False) -> Settled | None:
    """Take the lock and settle an interrupted write; None where there is none any more."""
    refuse_early(home, trust)
    with locked(home, command):
        return settle_locked(home, trust)


def settle_locked(home: Path, trust: bool = False) -> Settled | None:
    """Settle an interrupted write of a home whose lock is held.

    Where every file is new only the journal was not told, and the write counts. In any other case
    the files that are new get their old contents back. A file that is neither is left alone, and
    so is one outside ``home``.
    """
    from yamlmod.workspace import journal
    from yamlmod.workspace.fates import fates_of, is_finished, plan_lines
    from yamlmod.workspace.places import Reach

    entry = refuse_doubtful(home, trust)
    try:
        if entry is None or entry.record is None:
            journal.discard(home)
            return None
        record, reach = entry.record, Reach(home, own=not entry.doubt)
        fates = fates_of(record, reach)
        finished, lines = is_finished(fates), plan_lines(entry, home)
        if finished:
            clear(record, reach)
            journal.close(home, record)
        else:
            failed = put_back(record, reach)
            if failed:
                raise OSError(0, f"{', '.join(failed)} could not be restored")
            journal.discard(home)
    except OSError as error:
        raise unwritable(home, error) from error
    left = [
        fate.file.path
        for fate in fates
        if not finished and (fate.state == "other" or (fate.state == "new" and not fate.free))
    ]
    return Settled(home, command_text(record.command), finished, tuple(left), tuple(lines))


def put_back(record: Record, reach: Reach | None = None) -> list[str]:
    """Give every file that is new its old contents, and clear up. Returns what did not succeed.

    An entry of the journal acts within its ``reach``; a write that fails puts back what it wrote.
    """
    failed: list[str] = []
    for folder in reversed(record.gone):
        if _folder_free(folder, reach) and folder.parent.is_dir():
            with contextlib.suppress(OSError):
                disk.make_folder(folder)
    for file in record.files:
        if _file_free(file, reach):
            try:
                _put_back_one(file, strange=reach is not None and not reach.own)
            except OSError as error:
                failed.append(f"{display(file.path)} ({error.strerror or error})")
    if not failed:
        try:
            clear(record, reach)
            for folder in reversed(record.made):
                if _folder_free(folder, reach):
                    disk.remove_folder(folder)
        except OSError as error:
            failed.append(f"temporary files ({error.strerror or error})")
    return failed


def clear(record: Record, reach: Reach | None = None) -> None:
    """Remove the temporary files of a write, and the folders that it was to remove."""
    for file in record.files:
        if _file_free(file, reach):
            disk.remove(file.path.with_name(file.temporary))
            disk.remove(_second(file))
    for folder in record.gone:
        if _folder_free(folder, reach):
            if disk.names(folder) == [_CACHE]:
                _remove_cache(folder / _CACHE)
            disk.remove_folder(folder)


def _remove_cache(folder: Path) -> None:
    """Remove what Python made of modules that are gone; anything else in there stays."""
    names = disk.names(folder)
    if folder.is_symlink() or not all(_COMPILED.fullmatch(name) for name in names):
        return
    if all((folder / name).is_file() for name in names):
        for name in names:
            disk.remove(folder / name)
        disk.remove_folder(folder)


def _file_free(file: Saved, reach: Reach | None) -> bool:
    return reach is None or not (reach.is_outside(file.path) or reach.obstacle(file.path))


def _folder_free(folder: Path, reach: Reach | None) -> bool:
    return reach is None or not reach.folder_obstacle(folder)


def _put_back_one(file: Saved, strange: bool) -> None:
    from yamlmod.workspace.fates import read

    if file.state(read(file.path)) != "new":
        return
    if file.before is None:
        disk.remove(file.path)
    else:
        temporary = _second(file)
        disk.remove(temporary)
        disk.write_new(temporary, file.before, 0o600)
        like = file.path if file.after is not None else temporary
        disk.dress(temporary, _mode(file, strange), like)
        disk.replace(temporary, file.path)
    disk.sync_folder(file.path.parent)


def _mode(file: Saved, strange: bool) -> int:
    mode = 0o600 if file.mode is None else file.mode
    return plausible_mode(file.path, mode) if strange else mode


def plausible_mode(path: Path, mode: int) -> int:
    """Return the mode that a foreign entry gives a file: that of the file it replaces.

    One that comes back is for its owner to write, and to be run only if it is Python.
    """
    with contextlib.suppress(OSError):
        return path.stat().st_mode & 0o777
    return mode & (0o755 if path.suffix == ".py" else 0o644)


def _second(file: Saved) -> Path:
    return file.path.with_name(file.temporary.removesuffix(".tmp") + "-back.tmp")
