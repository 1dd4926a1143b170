"""After a kill: what an interrupted write left is put back, or finished where all was written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from yamlmod.workspace import disk
from yamlmod.workspace.files import display, real_path
from yamlmod.workspace.home import begun
from yamlmod.workspace.lock import holder, locked, unwritable

if TYPE_CHECKING:
    from yamlmod.workspace.record import Record, Saved

_CACHE = "__pycache__"


@dataclass(frozen=True)
class Settled:
    """What became of an interrupted write; ``left`` are files that somebody has changed since."""

    home: Path
    command: str
    finished: bool
    left: tuple[Path, ...]

    def lines(self) -> list[str]:
        """Return what to tell about it."""
        what = "it was complete, and is kept" if self.finished else "it was rolled back"
        lines = [
            f"an interrupted write was found in {display(self.home)}, `{self.command}`: {what}"
        ]
        if self.left:
            names = ", ".join(display(path) for path in self.left)
            lines.append(f"left as they are, look at them yourself: {names}")
        return lines


def interrupted(paths: Iterable[Path]) -> list[Path]:
    """Return the homes of ``paths`` in which a write was begun and nobody is at it any more."""
    return [home for home in begun(paths) if holder(home) is None]


def settle(home: Path, command: Sequence[str]) -> Settled | None:
    """Take the lock and settle an interrupted write; None where there is none any more."""
    with locked(home, command):
        return settle_locked(home)


def settle_locked(home: Path) -> Settled | None:
    """Settle an interrupted write of a home whose lock is held.

    Where every file is new only the journal was not told, and the write counts. In any other case
    the files that are new get their old contents back. A file that is neither is left alone, and
    so is one outside ``home``: a journal that came with somebody's archive reaches no further.
    """
    from yamlmod.workspace import journal

    try:
        record = journal.pending(home)
        if record is None:
            journal.discard(home)
            return None
        states = {file.path: file.state(disk.read(file.path)) for file in record.files}
        finished = set(states.values()) == {"new"}
        if finished:
            clear(record, home)
            journal.close(home, record)
        else:
            failed = put_back(record, home)
            if failed:
                raise OSError(0, f"{', '.join(failed)} could not be put back")
            journal.discard(home)
    except OSError as error:
        raise unwritable(home, error) from error
    left = [
        path
        for path, state in states.items()
        if not finished and (state == "other" or (state == "new" and not _inside(path, home)))
    ]
    return Settled(home, " ".join(record.command), finished, tuple(left))


def put_back(record: Record, home: Path | None = None) -> list[str]:
    """Give every file that is new its old contents, and clear up. Returns what did not succeed.

    Only files below ``home`` are touched where it is given.
    """
    failed: list[str] = []
    for folder in reversed(record.gone):
        if home is None or _inside(folder, home):
            with contextlib.suppress(OSError):
                disk.make_folder(folder)
    for file in record.files:
        if home is None or _inside(file.path, home):
            try:
                _put_back_one(file)
            except OSError as error:
                failed.append(f"{display(file.path)} ({error.strerror or error})")
    if not failed:
        try:
            clear(record, home)
            for folder in reversed(record.made):
                if home is None or _inside(folder, home):
                    disk.remove_folder(folder)
        except OSError as error:
            failed.append(f"temporary files ({error.strerror or error})")
    return failed


def clear(record: Record, home: Path | None = None) -> None:
    """Remove the temporary files of a write, and the folders that it was to remove."""
    for file in record.files:
        if home is None or _inside(file.path, home):
            disk.remove(file.path.with_name(file.temporary))
            disk.remove(_second(file))
    for folder in record.gone:
        if home is None or _inside(folder, home):
            if disk.names(folder) == [_CACHE]:
                _remove_cache(folder / _CACHE)
            disk.remove_folder(folder)


def _remove_cache(folder: Path) -> None:
    """Remove what Python made of modules that are gone; anything else in there stays."""
    if all(name.endswith(".pyc") for name in disk.names(folder)):
        for name in disk.names(folder):
            disk.remove(folder / name)
        disk.remove_folder(folder)


def _put_back_one(file: Saved) -> None:
    if file.state(disk.read(file.path)) != "new":
        return
    if file.before is None:
        disk.remove(file.path)
    else:
        temporary = _second(file)
        disk.remove(temporary)
        disk.write_new(temporary, file.before, 0o600)
        like = file.path if file.after is not None else temporary
        disk.dress(temporary, 0o600 if file.mode is None else file.mode, like)
        disk.replace(temporary, file.path)
    disk.sync_folder(file.path.parent)


def _second(file: Saved) -> Path:
    return file.path.with_name(file.temporary.removesuffix(".tmp") + "-back.tmp")


def _inside(path: Path, home: Path) -> bool:
    return real_path(path).is_relative_to(home)
