"""Read safetensors: the length of a JSON header, the header, then the numbers."""

from __future__ import annotations

import json
import struct
from typing import Any, Dict, List, Tuple

from ..refused import bad, shown
from .contents import LONGEST, Contents, File, StoragePlace
from .keys import check_text
from .meanings import WIDTH, Storage, Tensor, check_shape, whole

_DTYPES = {
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
_JSON = 40  # bytes of memory for a byte of JSON: `[]` has 88
_TENSOR = 1500  # bytes of memory for a tensor, beside its JSON
_LONGEST_NUMBER = 20  # digits; those of a whole number cost their square


def is_safetensors(head: bytes) -> bool:
    """Recognise the format by its first bytes: a length, and the brace of a JSON object."""
    return len(head) > 8 and head[8:9] == b"{"


def open_safetensors(file: File) -> Contents:
    """Return what the file holds. Raises Refused where it is damaged."""
    length = struct.unpack("<Q", file.part(0, 8))[0]
    if length > file.size - 8:
        raise bad("it begins like safetensors, but its header is truncated")
    if length > LONGEST:
        raise bad("its header has {} bytes; at most {} are read".format(length, LONGEST))
    file.room.spend(_JSON * length)
    header = _header(file.part(8, length))
    file.room.spend(_TENSOR * len(header))
    base = 8 + length
    placed = {name: _tensor(name, entry, base, file.size) for name, entry in header.items()}
    end = base
    for place, tensor in sorted((place, tensor) for tensor, place in placed.values()):
        if place.start < end:
            raise bad("{} overlaps another tensor".format(shown(tensor.storage.key)))
        end = place.start + place.length
    root = {name: tensor for name, (tensor, _) in placed.items()}
    return Contents(root, [], {name: place for name, (_, place) in placed.items()}.get)


def _header(data: bytes) -> Dict[str, Any]:
    try:
        header = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_once,
            parse_int=_integer,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    except (ValueError, RecursionError):
        raise bad("it begins like safetensors, but its header is not JSON") from None
    if not isinstance(header, dict):
        raise bad("its safetensors header is not a JSON object")
    header.pop("__metadata__", None)
    return header


def _integer(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise bad("its header writes a number of {} digits".format(len(text)))
    return int(text)


def _no_number(text: str) -> Any:
    raise bad("its header has the number {}, but sizes are integers".format(shown(text)))


def _once(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise bad("its header has a name twice")
    return table


def _tensor(name: str, entry: Any, base: int, size: int) -> Tuple[Tensor, StoragePlace]:
    check_text(name)
    try:
        dtype, shape = _DTYPES.get(entry["dtype"]), check_shape(entry["shape"])
        start, stop = map(whole, entry["data_offsets"])
        shape = tuple(map(whole, shape))
    except (KeyError, TypeError, ValueError):
        raise bad("its safetensors header is malformed at {}".format(shown(name))) from None
    if dtype is None:
        kind = shown(str(entry["dtype"]))
        raise bad("{} has a type that is not read: {}".format(shown(name), kind))
    count, stride = 1, []
    for value in reversed(shape):
        stride.append(count)
        count *= value
    if not start <= stop <= size - base or stop - start != count * WIDTH[dtype]:
        raise bad(
            "{} does not match its position in the file, which may be truncated".format(shown(name))
        )
    tensor = Tensor(Storage(name, dtype, count), dtype, 0, shape, tuple(reversed(stride)))
    return tensor, StoragePlace(base + start, stop - start)
