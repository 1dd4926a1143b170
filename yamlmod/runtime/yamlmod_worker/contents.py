"""What a file of weights holds, whatever its format: objects, and where their numbers lie."""

from __future__ import annotations

import io
import mmap
import os
from typing import Any, Callable, List, NamedTuple, Optional

from .pickles import Name

# A pickle or a header of more bytes is refused before it is read: its objects take some 70 times
# its size. That of yolov5s has 0.09 MB.
LONGEST = 8 << 20


class File:
    """A file that is read at places, and nothing of it kept."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._file = io.FileIO(path)
        self.size = os.fstat(self._file.fileno()).st_size

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

    def mapped(self) -> Any:
        """Return the whole file as a buffer, of which only what is looked at is read."""
        return mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)


class Place(NamedTuple):
    """Where a storage lies in the file, and its CRC-32 where the format has one."""

    start: int
    length: int
    checksum: Optional[int] = None


class Contents(NamedTuple):
    """The root object, every global that was named, and where a storage lies by its key."""

    root: Any
    names: List[Name]
    place: Callable[[str], Optional[Place]]
