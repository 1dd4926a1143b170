"""Limit the memory of a file's objects by the file's size, charged before they are created."""

from __future__ import annotations

from ..refused import bad

# Networks of 2,000 tensors in training are charged a third of it, and small ones a thirtieth.
FLOOR = 128 << 20
_SHARE = 4  # part of the file's size that comes to it: large files have more tensors


class Room:
    """The memory that the objects of one file may still take, in bytes.

    Everything that is made of a file's bytes is charged at no less than it takes at worst, whether
    it is kept or not. So neither the memory nor the work can grow faster than the file.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.left = FLOOR + size // _SHARE

    def spend(self, count: int) -> None:
        """Charge a number of bytes. Raises Refused where they are not left."""
        self.left -= count
        if self.left < 0:
            raise self.full()

    def full(self) -> Exception:
        """Return the refusal of a file that holds more than one of its size may."""
        most = (FLOOR + self.size // _SHARE) >> 20
        return bad(
            "its objects need more than the {} MB allowed for a file of its size".format(most)
        )
