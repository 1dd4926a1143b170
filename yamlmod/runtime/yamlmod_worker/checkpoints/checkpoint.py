"""Open a checkpoint as data only: torch's zip and legacy formats, and safetensors.

What a file holds is known when it is open; its numbers are read when they are asked for, one
storage after the other, so that memory stays near what is held of it.
"""

from __future__ import annotations

import ctypes
import sys
import zlib
from collections import Counter
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from ..refused import Refused, bad, shown
from . import legacy, safe_tensors, zipped
from .contents import Contents, File, StoragePlace
from .inert import Name
from .meanings import WIDTH, Tensor

_AHEAD = 1 << 16  # bytes that are read at once, or a storage that is larger
_MOST_UNUSED = 4 << 20
_KIND = 300  # bytes of memory for what is known of a storage
_FORMATS = (
    (zipped.is_zip, "zip", zipped.open_zip),
    (legacy.is_legacy, "legacy", legacy.open_legacy),
    (safe_tensors.is_safetensors, "safetensors", safe_tensors.open_safetensors),
)
# What people have by mistake, recognised by its first bytes.
_FOREIGN = (
    (b"version https://git-lfs", "a pointer of git-lfs; `git lfs pull` fetches the file itself"),
    (b"<!doctype html", "a web page: the download did not return the file"),
    (b"<html", "a web page: the download did not return the file"),
    (b"<?xml", "an XML file, perhaps the answer of a server: the download did not return the file"),
    (b"\x1f\x8b", "a gzip file; unpack it first"),
    (b"\x89hdf\r\n", "an HDF5 file (Keras), which is not read"),
    (b"\x89png", "an image"),
    (b"\xff\xd8\xff", "an image"),
)
_TAR = (257, b"ustar")
_OLD_TAR = "a tar file; the checkpoints of PyTorch before 0.2 are not read, nor are archives"


class Checkpoint:
    """The contents of a file: its root object, the globals it names, and its tensors' numbers."""

    def __init__(self, form: str, file: File, contents: Contents) -> None:
        self.form = form
        self.root: Any = contents.root
        self.names: List[Name] = contents.names
        self.room = file.room
        self._file, self._place = file, contents.place
        self._kinds: Dict[str, Tuple[StoragePlace, str]] = {}
        self._window: Optional[_Window] = None
        self._unused = 0  # bytes that were read beside those of the tensors

    def check(self, tensor: Tensor) -> None:
        """Refuse a tensor that is not in the file as it is described. No number is read."""
        _within(tensor)
        storage = tensor.storage
        if storage.key not in self._kinds:
            self.room.spend(_KIND)
            place = self._place(storage.key)
            if place is None:
                raise bad("it lacks the storage {}".format(shown(storage.key)))
            self._kinds[storage.key] = place, tensor.dtype
        place, dtype = self._kinds[storage.key]
        if place.length < (storage.start + storage.length) * WIDTH[storage.dtype]:
            raise bad("its storage {} is shorter than declared".format(shown(storage.key)))
        if place.start + place.length > self._file.size:
            raise bad("it is truncated at its storage {}".format(shown(storage.key)))
        if dtype != tensor.dtype:  # each of them would be held
            raise bad("its storage {} is of two types".format(shown(storage.key)))

    def read(self, tensors: Mapping[str, Tensor]) -> Iterator[Tuple[str, Any]]:
        """Yield torch tensors by name, one at a time; those of one storage share its numbers."""
        self._unused = 0
        left = Counter(tensor.storage.key for tensor in tensors.values())
        shared: Dict[str, Any] = {}
        for name, tensor in tensors.items():
            key = tensor.storage.key
            self.check(tensor)
            flat = shared.pop(key) if key in shared else self._numbers(tensor)
            left[key] -= 1
            if left[key]:
                shared[key] = flat
            yield name, _view(tensor, flat)

    def _numbers(self, tensor: Tensor) -> Any:
        """Return a tensor's whole storage, and check it where the file has a checksum."""
        storage = tensor.storage
        place = self._kinds[storage.key][0]
        window = self._window_on(place)
        self._unused -= place.length
        first = place.start - window.start
        part = window.room[first : first + place.length]
        if len(part) != place.length or _damaged(part, place.checksum):
            raise bad("it is truncated or damaged at its storage {}".format(shown(storage.key)))
        # A tensor holds all that was read with it: in a file without order that would be far more.
        own = self._unused > _MOST_UNUSED
        if tensor.dtype == "bool":
            self._window = None  # what is read is changed
        return window.numbers_at(first, place.length, tensor.dtype, own)

    def _window_on(self, place: StoragePlace) -> "_Window":
        """Return what was read of the file around a place; the next ones are after it."""
        window = self._window
        end = place.start + place.length
        if window is None or not window.start <= place.start <= end <= window.end:
            most = max(place.length, _AHEAD)
            self._window = window = None  # before the next one takes its place in memory
            window = self._window = _Window(self._file, place.start, most)
            self._unused += window.end - window.start
        return window


class _Window:
    """A stretch of the file, read in one call into the memory of a tensor."""

    def __init__(self, file: File, start: int, most: int) -> None:
        import torch

        size = max(min(most, file.size - start), 0)
        self._bytes = torch.empty(size // 8 * 8 + 8, dtype=torch.uint8)
        self.room = _memory(self._bytes)[:size]
        self.start, self.end = start, start + file.fill(start, self.room)

    def numbers_at(self, first: int, length: int, name: str, own: bool) -> Any:
        """Return the numbers at a place: of this memory where its form allows, or their ``own``."""
        import torch

        if name == "bool":  # any byte but 0 is true, also one that torch would not have written
            return self.numbers_at(first, length, "uint8", own).ne_(0).view(torch.bool)
        dtype, width = getattr(torch, name), WIDTH[name]
        length -= length % width
        # Wider views came with torch 1.10, as this function did.
        if not own and first % width == 0 and hasattr(torch, "frombuffer"):
            return self._bytes[first : first + length].view(dtype)
        numbers = torch.empty(length // width, dtype=dtype)
        if length:
            _memory(numbers)[:] = self.room[first : first + length]
        return numbers


# A ctypes array would do, too, but its type is made anew for each length.
_VIEW = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int)(
    ("PyMemoryView_FromMemory", ctypes.pythonapi)
)
_WRITABLE = 0x200


def _memory(tensor: Any) -> memoryview:
    """Return a tensor's memory, which must outlive what is returned."""
    length = tensor.numel() * tensor.element_size()
    memory: memoryview = _VIEW(tensor.data_ptr(), length, _WRITABLE)
    return memory


def _damaged(part: memoryview, checksum: Optional[int]) -> bool:
    return checksum is not None and zlib.crc32(part) != checksum


def _view(tensor: Tensor, flat: Any) -> Any:
    first = tensor.storage.start + tensor.offset
    try:
        return flat.as_strided(tensor.shape, tensor.stride, flat.storage_offset() + first)
    except (RuntimeError, ValueError, TypeError, OverflowError):
        raise bad("a tensor of shape {} cannot be created".format(list(tensor.shape))) from None


def _within(tensor: Tensor) -> None:
    """Refuse a tensor that reaches beyond its storage or spreads it over more numbers."""
    count, last = 1, tensor.offset
    for size, step in zip(tensor.shape, tensor.stride):
        count *= size
        last += (size - 1) * step
    room = tensor.storage.length * WIDTH[tensor.storage.dtype] // WIDTH[tensor.dtype]
    if count and (last >= room or count > room):
        raise bad("a tensor of shape {} reaches beyond its storage".format(list(tensor.shape)))


def open_checkpoint(path: str) -> Checkpoint:
    """Read a checkpoint. Raises Refused with one sentence if it is not one, or is damaged."""
    if sys.byteorder != "little":
        raise Refused("unsupported", "checkpoints are read on little-endian machines only")
    try:
        file = File(path)
        head = file.part(0, 512)
    except OSError as error:
        raise Refused(
            "unreadable", "{} cannot be read: {}".format(path, error.strerror or error)
        ) from None
    if not head:
        raise bad("{} is empty".format(path))
    try:
        for is_it, form, open_it in _FORMATS:
            if is_it(head):
                return Checkpoint(form, file, open_it(file))
    except Refused as error:
        # Every refusal names the file; the code that finds the error adds what is wrong.
        raise Refused(error.code, "{}: {}".format(path, error.message), error.hint) from None
    raise bad("{} is not a checkpoint: {}".format(path, _what(head)))


def _what(head: bytes) -> str:
    start = head.lstrip().lower()
    for begin, what in _FOREIGN:
        if start.startswith(begin):
            return "it is " + what
    offset, mark = _TAR
    if head[offset : offset + len(mark)] == mark:
        return "it is " + _OLD_TAR
    return "neither torch's zip or legacy format nor safetensors"
