"""All or nothing: every changed file is replaced, or none is.

1. The lock is taken, and what an interrupted write left is settled.
2. Every file is checked to hold the bytes that its change was planned on.
3. What is about to happen is written into the journal, down to the disk.
4. New contents are written beside their targets, down to the disk, and the check is repeated.
5. Each target is replaced, in one step of the file system.
6. The entry of step 3 is renamed to one that is done: from here on the write has happened.

An error on the way puts everything back at once; after a kill the next yamlmod does (`recover`).
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from yamlmod.errors import Refusal, one_of
from yamlmod.workspace import disk
from yamlmod.workspace.files import FileChange, display, real_path
from yamlmod.workspace.home import homes_of
from yamlmod.workspace.wording import FLAG

if TYPE_CHECKING:
    from yamlmod.workspace.record import Record, Saved
    from yamlmod.workspace.recover import Settled


class Purpose(NamedTuple):
    """What the journal keeps of a write besides its files.

    ``gone`` are folders to remove, ``home`` is where the journal lies if the files do not say so.
    """

    command: tuple[str, ...] = ("yamlmod",)
    kind: str = "write"
    of: int | None = None
    gone: tuple[Path, ...] = ()
    home: Path | None = None


class Committed(NamedTuple):
    """What happened beside the write: older ones that were settled, and no key to sign it with."""

    settled: tuple[Settled, ...] = ()
    unsigned: str = ""

    def lines(self) -> list[str]:
        """Return what to warn of."""
        lines = [line for one in self.settled for line in one.lines()]
        if self.unsigned:
            lines.append(f"`yamlmod undo` of this will ask for {FLAG}: {self.unsigned}")
        return lines


def commit(changes: Sequence[FileChange], purpose: Purpose | None = None) -> Committed:
    """Write ``changes`` as one step; on failure a Refusal, and every file is as it was."""
    from yamlmod.workspace.lock import locked
    from yamlmod.workspace.places import refuse_protected
    from yamlmod.workspace.recover import refuse_early, settle_locked

    if not changes:
        return Committed()
    purpose = purpose or Purpose()
    wanted = [(real_path(change.path), change) for change in changes]
    homes = _homes(wanted, purpose)
    for path, change in wanted:
        refuse_protected(homes[0], path)
        if purpose.kind != "write" and path != change.path:
            raise Refusal("changed-since", f"{display(change.path)} is now reached through a link")
    for home in homes:
        refuse_early(home)
    with contextlib.ExitStack() as stack:
        for home in sorted(homes):
            stack.enter_context(locked(home, purpose.command))
        settled = tuple(one for home in homes if (one := settle_locked(home)) is not None)
        try:
            return Committed(settled, _write(homes[0], wanted, purpose))
        except Refusal as refusal:
            # What was settled must be said, also where the write itself is refused after that.
            told = [line for one in settled for line in one.lines()]
            hint = "\n".join([*([refusal.hint] if refusal.hint else []), *told])
            raise Refusal(
                refusal.code, refusal.message, place=refusal.place, hint=hint
            ) from refusal


def _write(home: Path, wanted: Sequence[tuple[Path, FileChange]], purpose: Purpose) -> str:
    """Write under the lock. Return why the entry of the journal is not signed, if it is not."""
    from yamlmod.workspace import journal
    from yamlmod.workspace.lock import unwritable

    for path, change in wanted:
        _check(path, change)
    # Files elsewhere come last: after a kill they are new only where all others are.
    inside = [one for one in wanted if one[0].is_relative_to(home)]
    ordered = [*inside, *(one for one in wanted if one not in inside)]
    try:
        record = _record(home, ordered, purpose)
        unsigned = journal.begin(home, record)
    except OSError as error:
        raise unwritable(home, error) from error
    _carry_out(home, ordered, record)
    with contextlib.suppress(OSError):
        journal.prune(home)
    return unsigned


def _homes(wanted: Sequence[tuple[Path, FileChange]], purpose: Purpose) -> list[Path]:
    """Return the homes to lock; the journal of the write lies in the first."""
    paths, first = [path for path, _ in wanted], purpose.home
    if first is not None:
        return [first, *homes_of(path for path in paths if not path.is_relative_to(first))]
    kept = [path for path, change in wanted if change.kept]
    return list(dict.fromkeys([*homes_of(kept), *homes_of(paths)]))


def _carry_out(home: Path, wanted: Sequence[tuple[Path, FileChange]], record: Record) -> None:
    from yamlmod.workspace import journal
    from yamlmod.workspace.recover import clear, put_back

    try:
        for folder in record.made:
            disk.make_folder(folder)
        for (path, change), saved in zip(wanted, record.files, strict=True):
            _stage(path, change, saved)
        for path, change in wanted:
            _check_unchanged(path, change)
        for (path, change), saved in zip(wanted, record.files, strict=True):
            if change.after is None:
                disk.remove(path)
            else:
                disk.replace(path.with_name(saved.temporary), path)
        for folder in dict.fromkeys(path.parent for path, _ in wanted):
            disk.sync_folder(folder)
        clear(record)
        journal.close(home, record)
    except BaseException as error:
        failed = put_back(record)
        if not failed:
            with contextlib.suppress(OSError):  # nothing left to do is what the next run finds
                journal.discard(home)
        if isinstance(error, OSError):
            raise _refusal(error, wanted, failed) from error
        raise


def _record(home: Path, wanted: Sequence[tuple[Path, FileChange]], purpose: Purpose) -> Record:
    from yamlmod.workspace import journal
    from yamlmod.workspace.record import Record, Saved, digest

    # One word for all temporary files of a write, so that a person knows what belongs together.
    word = os.urandom(4).hex()
    files = tuple(
        Saved(
            path,
            change.before,
            digest(change.after),
            stat.S_IMODE(path.stat().st_mode) if change.before is not None else None,
            f".yamlmod-{word}-{index}.tmp",
            change.kept,
        )
        for index, (path, change) in enumerate(wanted)
    )
    return journal.stamp(
        Record(
            number=journal.next_number(home),
            when="",
            command=purpose.command,
            kind=purpose.kind,
            of=purpose.of,
            files=files,
            made=tuple(_missing_folders([path for path, _ in wanted])),
            gone=tuple(dict.fromkeys([*purpose.gone, *_emptied(wanted)])),
        )
    )


def _emptied(wanted: Sequence[tuple[Path, FileChange]]) -> list[Path]:
    """Return the folders that the removal of files may leave empty, where they may go then."""
    return [path.parent for path, one in wanted if one.after is None and one.makes_folders]


def _missing_folders(paths: Sequence[Path]) -> list[Path]:
    """Return the folders that are to be made, outer ones first."""
    missing = {folder for path in paths for folder in path.parents if not folder.exists()}
    return sorted(missing, key=lambda folder: len(folder.parts))


def _check(path: Path, change: FileChange) -> None:
    """Refuse a change that is not what the disk holds, or that cannot be written."""
    _check_unchanged(path, change)
    if not path.parent.is_dir() and not change.makes_folders:
        raise Refusal(
            "no-such-folder", f"there is no folder {display(path.parent)}", hint="create it first"
        )
    if change.before is not None and not os.access(path, os.W_OK):
        raise Refusal("unwritable", f"{display(path)} is read-only; nothing was changed")


def _check_unchanged(path: Path, change: FileChange) -> None:
    try:
        found = disk.read(path)
    except OSError as error:
        raise Refusal(
            "unreadable", f"{display(path)} cannot be read: {error.strerror or error}"
        ) from error
    if found == change.before:
        return
    what = "appeared" if change.before is None else "changed"
    raise Refusal(
        "changed-meanwhile",
        f"{display(path)} {what} since it was read; nothing was written",
        hint="run the command again",
    )


def _stage(path: Path, change: FileChange, saved: Saved) -> None:
    """Write the new contents beside the target, with its mode and owner."""
    if change.after is None:
        return
    temporary = path.with_name(saved.temporary)
    if saved.mode is not None:
        disk.write_new(temporary, change.after, 0o600)
        disk.dress(temporary, saved.mode, path)
    else:
        disk.write_new(temporary, change.after)
        if change.mode is not None:
            disk.dress(temporary, change.mode, temporary)


def _refusal(
    error: OSError, wanted: Sequence[tuple[Path, FileChange]], failed: Sequence[str]
) -> Refusal:
    reason = error.strerror or str(error)
    message = f"{_named(error, wanted)} cannot be written: {reason}"
    if not failed:
        return Refusal("unwritable", message, hint="nothing was changed")
    return Refusal(
        "half-written",
        f"{message}; and these could not be restored: {one_of(failed)}",
        hint="their contents are safe in yamlmod's journal: fix the cause, and the next yamlmod "
        "that writes there puts them back",
    )


def _named(error: OSError, wanted: Sequence[tuple[Path, FileChange]]) -> str:
    named = Path(str(error.filename2 or error.filename or ""))
    for path, _ in wanted:
        if named == path or named.parent == path.parent:
            return display(path)
    return display(wanted[0][0]) if str(named) == "." else str(named)
