"""The journal of a home: the write that is going on, and the last ones that are done."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import replace
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.workspace import disk
from yamlmod.workspace.files import display
from yamlmod.workspace.home import PENDING, store_of
from yamlmod.workspace.record import Record, decode, encode

# Old writes go when there are more, or when the journal is larger; the last one always stays.
MAX_RECORDS = 20
MAX_BYTES = 16_000_000
_DRAFT = "pending.tmp"
_ENTRY = re.compile(r"(\d{6,})\.json")


def begin(home: Path, record: Record) -> None:
    """Write down what is about to happen, down to the disk; the home's lock is held."""
    store = store_of(home)
    # Nobody else may read in the journal what he may not read in the file itself.
    mode = 0o666
    for file in record.files:
        mode &= 0o666 if file.mode is None else file.mode
    disk.remove(store / _DRAFT)
    try:
        disk.write_new(store / _DRAFT, encode(record, home), mode | 0o600)
        disk.replace(store / _DRAFT, store / PENDING)
    except BaseException:
        discard(home)
        raise
    disk.sync_folder(store)
    disk.sync_folder(home)


def pending(home: Path) -> Record | None:
    """Return the write that was begun and not closed, None where there is none."""
    path = store_of(home) / PENDING
    data = disk.read(path)
    if data is None:
        return None
    try:
        return decode(data, home)
    except ValueError as error:
        raise Refusal(
            "journal-damaged",
            f"{display(path)} tells of an interrupted write and cannot be read: {error}",
            hint="look at the files of the fork yourself (yamlmod's temporary files are called "
            ".yamlmod-*.tmp), then remove it",
        ) from error


def close(home: Path, record: Record) -> None:
    """Turn the write that was going on into one that is done; this is the point of no return."""
    store = store_of(home)
    if not any(file.kept for file in record.files):
        disk.remove(store / PENDING)
        return
    disk.replace(store / PENDING, store / f"{record.number:06}.json")
    disk.sync_folder(store)


def discard(home: Path) -> None:
    """Forget the write that was going on: nothing of it is left."""
    store = store_of(home)
    disk.remove(store / _DRAFT)
    disk.remove(store / PENDING)


def drop(home: Path, record: Record) -> None:
    """Forget a write that is done."""
    disk.remove(store_of(home) / f"{record.number:06}.json")


def records(home: Path) -> list[Record]:
    """Return the writes that are done, the oldest first; an unreadable one is left out."""
    store = store_of(home)
    found = []
    try:
        for _, name in _entries(home):
            data = disk.read(store / name) or b""
            with contextlib.suppress(ValueError):  # a later yamlmod's, or damaged: of no use here
                found.append(decode(data, home))
    except OSError as error:
        reason = error.strerror or error
        raise Refusal("unreadable", f"{display(store)} cannot be read: {reason}") from error
    return found


def next_number(home: Path) -> int:
    """Return the number of the next write."""
    return max((number for number, _ in _entries(home)), default=0) + 1


def prune(home: Path) -> None:
    """Remove the oldest writes beyond the limits."""
    store = store_of(home)
    size = 0
    for kept, (_, name) in enumerate(reversed(_entries(home))):
        size += (store / name).stat().st_size
        if kept and (kept >= MAX_RECORDS or size > MAX_BYTES):
            disk.remove(store / name)


def stamp(record: Record) -> Record:
    """Return a record with the time of now."""
    return replace(record, when=time.strftime("%Y-%m-%d %H:%M:%S"))


def _entries(home: Path) -> list[tuple[int, str]]:
    matches = (_ENTRY.fullmatch(name) for name in disk.names(store_of(home)))
    return sorted((int(match[1]), match[0]) for match in matches if match)
