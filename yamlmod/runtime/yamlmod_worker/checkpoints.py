"""Opens a checkpoint: torch's zip and legacy formats and safetensors, as data and nothing else.

Tensors are views into the file's own bytes, read once: memory stays near the size of the file.
"""

from __future__ import annotations

import json
import mmap
import struct
import sys
import zipfile
import zlib
from typing import Any, Callable, Dict, List, Tuple

from .meanings import KNOWN, STORAGES, WIDTH, Storage, Tensor, storage_of, whole
from .opcodes import TABLE
from .pickles import Name, Pickle
from .refused import Refused, bad

_ZIP_START = b"PK\x03\x04"
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_START = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # the same as a pickle, behind its protocol
_SAFE = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}


class Checkpoint:
    """What a file holds: its root object, the globals it names, and its tensors' numbers."""

    def __init__(self, form: str, root: Any, names: List[Name], read: Callable[[str], Any]) -> None:
        self.form, self.root, self.names = form, root, names
        self._read = read
        self._storages: Dict[str, Any] = {}

    def tensor(self, found: Tensor) -> Any:
        """Return a torch tensor: a view of its storage, which is read once."""
        import torch

        storage, dtype = found.storage, getattr(torch, found.dtype)
        _within(found)
        if storage.key not in self._storages:
            self._storages[storage.key] = self._read(storage.key)
        data = self._storages[storage.key]
        if len(data) < (storage.start + storage.length) * WIDTH[storage.dtype]:
            raise bad("storage {} is shorter than its pickle says".format(storage.key))
        try:
            if not len(data):
                return torch.empty(found.shape, dtype=dtype)
            flat = _numbers(torch, data, found.dtype)
            return flat.as_strided(found.shape, found.stride, storage.start + found.offset)
        except (RuntimeError, ValueError, TypeError, OverflowError):
            raise bad("a tensor of shape {} cannot be made".format(list(found.shape))) from None


def _numbers(torch: Any, data: bytearray, name: str) -> Any:
    if name == "bool":
        return _numbers(torch, data, "uint8") != 0
    dtype = getattr(torch, name)
    if hasattr(torch, "frombuffer"):
        return torch.frombuffer(data, dtype=dtype)
    kind = next(kind for kind, known in STORAGES.items() if known == name)
    storage = getattr(torch, kind).from_buffer(data, byte_order="little")
    return torch.empty(0, dtype=dtype).set_(storage)  # torch before 1.10


def _within(found: Tensor) -> None:
    """Refuse a tensor that reaches beyond its storage or spreads it over more numbers."""
    count, last = 1, found.offset
    for size, step in zip(found.shape, found.stride):
        count *= size
        last += (size - 1) * step
    room = found.storage.length * WIDTH[found.storage.dtype] // WIDTH[found.dtype]
    if count and (last >= room or count > room):
        raise bad("a tensor of shape {} reaches beyond its storage".format(list(found.shape)))


def open_checkpoint(path: str) -> Checkpoint:
    """Read a checkpoint. Raises Refused with one sentence where it is none, or is damaged."""
    if sys.byteorder != "little":
        raise Refused("unsupported", "checkpoints are read on little-endian machines only")
    try:
        with open(path, "rb") as file:
            head = file.read(64)
            if not head:
                raise bad("{} is empty".format(path))
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise Refused(
            "unreadable", "{} cannot be read: {}".format(path, error.strerror or error)
        ) from None
    if head.startswith(_ZIP_START):
        return _open_zip(path, data)
    if head.startswith(b"\x80") and _LEGACY_START in head:
        return _open_legacy(data)
    if len(head) > 8 and head[8:9] == b"{":
        return _open_safetensors(data)
    raise bad(
        "{} is not a checkpoint: neither torch's zip or legacy format nor safetensors".format(path)
    )


# The zip format: data.pkl beside data/KEY.


def _open_zip(path: str, data: Any) -> Checkpoint:
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename: info for info in archive.infolist()}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise bad("{} is a damaged or truncated zip file: {}".format(path, error)) from None
    pickles = [name for name in members if name.endswith("/data.pkl") or name == "data.pkl"]
    if len(pickles) != 1:
        raise bad("{} is a zip file, but not of torch.save: it holds no data.pkl".format(path))
    prefix = pickles[0][: -len("data.pkl")]
    if prefix + "constants.pkl" in members:
        raise bad("{} is a TorchScript archive; give the checkpoint it came from".format(path))
    if sum(info.file_size for info in members.values()) > len(data):
        raise bad("{} says that it holds more than it does".format(path))

    def read(name: str) -> bytearray:
        info = members.get(prefix + name)
        if info is None:
            raise bad("{} lacks its record {}".format(path, name))
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            raise bad("{} is compressed or encrypted, which torch.save never does".format(path))
        # Read here and not through zipfile, which takes longer than torch does for it all.
        place = info.header_offset
        head = data[place : place + 30]
        if len(head) < 30 or not head.startswith(_ZIP_START):
            raise bad("{} is damaged at its record {}".format(path, name))
        start = place + 30 + sum(struct.unpack("<HH", head[26:]))
        with memoryview(data) as whole_file, whole_file[start : start + info.file_size] as part:
            found = bytearray(part)
        if len(found) != info.file_size or zlib.crc32(found) != info.CRC:
            raise bad("{} is truncated or damaged in its record {}".format(path, name))
        return found

    if prefix + "byteorder" in members and bytes(read("byteorder")) != b"little":
        raise bad("{} was written on a big-endian machine".format(path))
    pickle = Pickle(bytes(read("data.pkl")), 0, KNOWN, storage_of)
    root = pickle.load(TABLE)
    return Checkpoint("zip", root, list(pickle.names), lambda key: read("data/" + key))


# The legacy format: five pickles, then the storages one behind the other.


def _open_legacy(data: Any) -> Checkpoint:
    found: List[Any] = []
    names: Dict[Name, None] = {}
    storages: Dict[str, Storage] = {}

    def storage(told: Any) -> Any:
        if isinstance(told, tuple) and len(told) == 4 and told[0] == "module":
            return told[1]  # the class, with the source it had; never needed
        made = storage_of(told)
        storages[made.key] = made
        return made

    end = 0
    for _ in range(5):
        pickle = Pickle(data, end, KNOWN, storage)
        found.append(pickle.load(TABLE))
        names.update(pickle.names)
        end = pickle.end
    magic, version, system, root, keys = found
    if magic != _LEGACY_MAGIC or version != 1001 or not isinstance(keys, list):
        raise bad("it is not of torch.save's legacy format 1001")
    if isinstance(system, dict) and system.get("little_endian") is False:
        raise bad("it was written on a big-endian machine")
    places: Dict[str, Tuple[int, int]] = {}
    for key in keys:
        if not isinstance(key, str) or key not in storages:
            raise bad("it holds a storage that nothing names")
        if len(data) - end < 8:
            raise bad("it is truncated: a storage is missing")
        count = struct.unpack("<q", data[end : end + 8])[0]
        length = count * WIDTH[storages[key].dtype]
        if count < 0 or length > len(data) - end - 8:
            raise bad("it is truncated: {} bytes of a storage are missing".format(length))
        places[key] = (end + 8, length)
        end += 8 + length

    def read(key: str) -> bytearray:
        if key not in places:
            raise bad("it lacks the storage {!r}".format(key[:40]))
        start, length = places[key]
        return bytearray(data[start : start + length])

    return Checkpoint("legacy", root, list(names), read)


# safetensors: a JSON header, then the numbers.


def _open_safetensors(data: Any) -> Checkpoint:
    length = struct.unpack("<Q", data[:8])[0]
    if length > len(data) - 8 or length > 100_000_000:
        raise bad("it begins like safetensors, but its header is cut short")
    try:
        header = json.loads(bytes(data[8 : 8 + length]).decode("utf-8"))
    except (ValueError, RecursionError):
        raise bad("it begins like safetensors, but its header is no JSON") from None
    if not isinstance(header, dict):
        raise bad("its safetensors header is no table")
    base = 8 + length
    header.pop("__metadata__", None)
    root = {name: _safe_tensor(name, told, len(data) - base) for name, told in header.items()}

    def read(key: str) -> bytearray:
        start, stop = header[key]["data_offsets"]
        return bytearray(data[base + start : base + stop])

    return Checkpoint("safetensors", root, [], read)


def _safe_tensor(name: str, told: Any, room: int) -> Tensor:
    try:
        dtype, shape = _SAFE.get(told["dtype"]), told["shape"]
        start, stop = told["data_offsets"]
        shape = tuple(whole(value) for value in shape)
        start, stop = whole(start), whole(stop)
    except (KeyError, TypeError, ValueError):
        raise bad("its safetensors header is malformed at {!r}".format(name[:80])) from None
    if dtype is None:
        raise bad("{!r} has a type that is not read: {}".format(name[:80], told["dtype"]))
    count, stride = 1, []
    for value in reversed(shape):
        stride.append(count)
        count *= value
    if not start <= stop <= room or stop - start != count * WIDTH[dtype]:
        raise bad("{!r} does not fit its place in the file, which may be cut".format(name[:80]))
    return Tensor(Storage(name, dtype, count), dtype, 0, shape, tuple(reversed(stride)))
