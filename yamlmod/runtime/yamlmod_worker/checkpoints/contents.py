"""Hold the contents of a weight file of any format: objects, and where their numbers are."""

from __future__ import annotations

import io
import os
import stat
from typing import Any, Callable, List, NamedTuple, Optional

from ..refused import bad
from .inert import Name
from .room import Room

# A pickle, header or directory of more bytes is refused before it is read. That of yolov5s has
# 0.09 MB, that of yolov9e in training 1 MB.
LONGEST = 8 << 20


class File:
    """A file that is read at places, and nothing of it kept; and the room for what it holds."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._file = io.FileIO(path, opener=_opened)
        about = os.fstat(self._file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise bad("it is a device or a pipe, not a file")
        self.size = about.st_size
        self.room = Room(self.size)

    def part(self, start: int, count: int) -> bytes:
        """Return a stretch of the file; at its end there may be less."""
        self._file.seek(start)
        return self._file.read(min(count, self.size))

    def fill(self, start: int, room: memoryview) -> int:
        """Read into memory that is there, and return how many bytes there were."""
        self._file.seek(start)
        done = 0
        while done < len(room):
            count = self._file.readinto(room[done:])  # one call gives 2 GB at most
            if not count:
                break
            done += count
        return done


def _opened(path: str, flags: int) -> int:
    # A pipe without a writer would keep this from ever returning.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


class StoragePlace(NamedTuple):
    """The position of a storage in the file, and its CRC-32 if the format has one."""

    start: int
    length: int
    checksum: Optional[int] = None


class Contents(NamedTuple):
    """The root object, every global that was named, and where a storage lies by its key."""

    root: Any
    names: List[Name]
    place: Callable[[str], Optional[StoragePlace]]
