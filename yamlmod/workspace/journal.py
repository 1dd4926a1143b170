"""The journal of a home: the current write, and the last completed ones."""

from __future__ import annotations

import contextlib
import os
import re
import time
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.workspace import disk
from yamlmod.workspace.entry import (
    MAX_ALL,
    MAX_ENTRY,
    MAX_NUMBER,
    OLD_FORMAT,
    ParsedEntry,
    parse,
    signature_of,
)
from yamlmod.workspace.files import display
from yamlmod.workspace.home import NAME, PENDING, store_of
from yamlmod.workspace.identity import Identity, identity_of
from yamlmod.workspace.key import JournalKey, key_for
from yamlmod.workspace.places import is_store
from yamlmod.workspace.record import Record, encode
from yamlmod.workspace.wording import safe

# Old writes go when there are more, or when the journal is larger; the last one always stays.
MAX_RECORDS = 20
MAX_BYTES = 16_000_000
# Of what anyone may have put there: more is not read.
_MOST_NAMES = 1_000
_DRAFT = "pending.tmp"
_ENTRY = re.compile(r"([0-9]{6,8})\.json")


@dataclass(frozen=True)
class Entry:
    """An entry of the journal, and the ``doubt`` that it is ours; empty where there is none.

    ``record`` is None where it is damaged: it can be listed then, and nothing else.
    """

    path: Path
    record: Record | None
    doubt: str = ""


def begin(home: Path, record: Record) -> str:
    """Write down what is about to happen, down to the disk; the home's lock is held.

    Returns why the entry could not be signed, and empty where it is.
    """
    store = store_of(home)
    key = key_for(home, make=True)
    data = encode(record, home, identity_of(home), key.sign)
    _refuse_unreadable(home, record, data)
    # No one else may read in the journal what he may not read in the file itself.
    mode = 0o666
    for file in record.files:
        mode &= 0o666 if file.mode is None else file.mode
    disk.remove(store / _DRAFT)
    try:
        disk.write_new(store / _DRAFT, data, mode | 0o600)
        disk.replace(store / _DRAFT, store / PENDING)
    except BaseException:
        discard(home)
        raise
    disk.sync_folder(store)
    disk.sync_folder(home)
    return key.trouble


def pending(home: Path) -> Entry | None:
    """Return the write that was begun and not closed, None where there is none."""
    path = store_of(home) / PENDING
    found = _read(path)
    if found is None or isinstance(found, Entry):
        return found
    entry = _Judge(home).entry(path, found)
    if entry.record and not entry.doubt and entry.record.number in dict(_entries(home)):
        if _read(path) != found:  # another process has just closed it
            return pending(home)
        return replace(entry, doubt="it is a copy of a completed entry")
    return entry


def close(home: Path, record: Record) -> None:
    """Turn the write that was going on into one that is done; this is the point of no return."""
    store = store_of(home)
    done = store / f"{record.number:06}.json"
    # A foreign entry, accepted by the user, must not replace one of ours.
    if not any(file.kept for file in record.files) or os.path.lexists(done):
        disk.remove(store / PENDING)
        return
    disk.replace(store / PENDING, done)
    disk.sync_folder(store)


def discard(home: Path) -> None:
    """Forget the write that was going on: nothing of it is left."""
    store = store_of(home)
    disk.remove(store / _DRAFT)
    disk.remove(store / PENDING)


def drop(home: Path, record: Record) -> None:
    """Forget a write that is done."""
    disk.remove(store_of(home) / f"{record.number:06}.json")


def entries(home: Path) -> list[Entry]:
    """Return the entries of writes that are done, the oldest first, ours and others."""
    store = store_of(home)
    judge = _Judge(home)
    try:
        newest = _entries(home)[-_MOST_NAMES:]
    except OSError as error:
        reason = error.strerror or error
        raise Refusal("unreadable", f"{display(store)} cannot be read: {reason}") from error
    found = [judge.done(store / name, number) for number, name in reversed(newest)]
    return [entry for entry in reversed(found) if entry is not None]


def records(home: Path, trust: bool = False) -> list[Record]:
    """Return the writes that are done and ours, the oldest first; ``trust`` takes others, too."""
    return [one.record for one in entries(home) if one.record and (trust or not one.doubt)]


def next_number(home: Path) -> int:
    number = max((number for number, _ in _entries(home)), default=0) + 1
    if number > MAX_NUMBER:
        raise Refusal(
            "journal-full",
            f"{display(store_of(home))} holds {number - 1:06}.json, and no number is left after "
            "that; nothing was changed",
            hint="remove that file: yamlmod has not counted that far",
        )
    return number


def prune(home: Path) -> None:
    """Remove the oldest writes beyond the limits: ours, or all of them where none can be ours."""
    store = store_of(home)
    sizes = {name: (store / name).lstat().st_size for _, name in _entries(home)}
    if len(sizes) <= MAX_RECORDS and sum(sizes.values()) <= MAX_BYTES:
        return
    key = key_for(home, make=False)
    names = [name for name in sizes if key.secret is None or _is_signed(store / name, key)]
    size = 0
    for kept, name in enumerate(reversed(names)):
        size += sizes[name]
        if kept and (kept >= MAX_RECORDS or size > MAX_BYTES):
            disk.remove(store / name)


def stamp(record: Record) -> Record:
    """Return a record with the time of now."""
    return replace(record, when=time.strftime("%Y-%m-%d %H:%M:%S"))


class _Judge:
    """Reads the entries of a home, and says of each whether it is ours."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.room = MAX_ALL

    def done(self, path: Path, number: int) -> Entry | None:
        """Return the entry of a write that is done, None where it has gone meanwhile."""
        try:
            data = _read(path, max(self.room, 0))
        except OSError as error:
            return Entry(path, None, f"it cannot be read: {error.strerror or error}")
        if data is None or isinstance(data, Entry):
            return data
        entry = self.entry(path, data)
        if entry.record is not None and entry.record.number != number:
            return Entry(path, None, "it is damaged: its name is another entry's")
        return entry

    def entry(self, path: Path, data: bytes) -> Entry:
        """Return an entry; those of others may not be larger together than one of them may."""
        signed = signature_of(data)
        ours = signed is not None and self._key.signed(*signed)
        try:
            parsed = parse(data, self.home, MAX_ALL if ours else self.room)
        except ValueError as error:
            return Entry(path, None, f"it is damaged: {error}")
        if not ours:
            self.room -= len(data) + sum(len(file.before or b"") for file in parsed.record.files)
        return Entry(path, parsed.record, self._doubt(path, parsed))

    def _doubt(self, path: Path, parsed: ParsedEntry) -> str:
        if parsed.format == OLD_FORMAT:
            return "it is not signed: an earlier yamlmod wrote it, or another user"
        if parsed.signature is None:
            return "it is not signed: it was written where no key could be kept, or by another user"
        if self._key.secret is None:
            return f"it is signed, but your own key cannot be read: {self._key.trouble}"
        if not self._key.signed(parsed.body, parsed.signature):
            return "it is not signed with your key"
        if parsed.folder is None or not parsed.folder.same(self._folder):
            was = safe(parsed.folder.path if parsed.folder else "")
            return f"it was written in another folder, at that time {was}"
        if NAME in self._tracked or path.name.casefold() in self._tracked:
            return "git tracks it, so others may have it"
        return ""

    @cached_property
    def _key(self) -> JournalKey:
        return key_for(self.home, make=False)

    @cached_property
    def _folder(self) -> Identity:
        return identity_of(self.home)

    @cached_property
    def _tracked(self) -> frozenset[str]:
        """The names of tracked entries; that of the store where git knows only that as a whole."""
        from yamlmod.workspace.git import tracked

        names = set()
        for one in tracked(store_of(self.home), NAME):
            first, _, rest = one.partition("/")
            if is_store(first):
                names.add(rest.casefold() or NAME)
        return frozenset(names)


def _read(path: Path, room: int = MAX_ALL) -> bytes | Entry | None:
    if path.parent.is_symlink():
        there = os.path.lexists(path)
        return Entry(path, None, "it is damaged: its folder is a link") if there else None
    if path.is_symlink():
        return Entry(path, None, "it is damaged: it is a link")
    try:
        return disk.read(path, min(room, MAX_ENTRY))
    except disk.UnfitError as error:
        return Entry(path, None, f"it is damaged: {error.strerror}")


def _is_signed(path: Path, key: JournalKey) -> bool:
    end = None
    with contextlib.suppress(OSError):
        data = _read(path)
        end = signature_of(data) if isinstance(data, bytes) else None
    return end is not None and key.signed(*end)


def _refuse_unreadable(home: Path, record: Record, data: bytes) -> None:
    """What could not be read again must not be written: nothing would settle it after a kill."""
    try:
        parse(data, home)
    except ValueError as error:
        size = sum(len(file.before or b"") for file in record.files)
        raise Refusal(
            "journal-too-large",
            f"the write changes {len(record.files):,} files of {size:,} bytes, and the journal "
            f"cannot store that: {error}; nothing was changed",
            hint="split it into several steps",
        ) from error


def _entries(home: Path) -> list[tuple[int, str]]:
    matches = (_ENTRY.fullmatch(name) for name in disk.names(store_of(home)))
    return sorted((int(match[1]), match[0]) for match in matches if match)
