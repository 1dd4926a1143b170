"""Interpret the few globals of a torch pickle that are data: tensors, storages, ordered dicts."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Optional, Tuple

from ..refused import a_value_of, bad, shown
from .inert import Name
from .keys import check_text
from .pickles import Known

STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "UntypedStorage": "uint8",
}
WIDTH = {"float64": 8, "int64": 8, "float32": 4, "int32": 4, "int8": 1, "uint8": 1, "bool": 1}
WIDTH.update(dict.fromkeys(("float16", "bfloat16", "int16"), 2))

_MOST_SIZES = 16  # dimensions of a tensor; those of networks have five
_MOST = 1 << 62  # of a size, an offset or a count


class Storage(NamedTuple):
    """A stretch of numbers in the file: its key, kind and length, and where a view begins."""

    key: str
    dtype: str
    length: int
    start: int = 0


class Tensor(NamedTuple):
    """A tensor as the pickle describes it; the numbers are read when they are asked for."""

    storage: Storage
    dtype: str
    offset: int
    shape: Tuple[int, ...]
    stride: Tuple[int, ...]

    @property
    def numel(self) -> int:
        return math.prod(self.shape)

    @property
    def is_float(self) -> bool:
        return "float" in self.dtype


def whole(value: Any) -> int:
    """Return a number that must be whole, and that a file may have of something."""
    if type(value) is not int:
        raise bad("it has {} where an integer is expected".format(a_value_of(type(value))))
    if value < 0:
        raise bad("it has a negative number for a size")
    if value > _MOST:
        raise bad("it has a size of {} bits".format(value.bit_length()))
    return value


def check_shape(shape: Any) -> Any:
    """Return a tensor's sizes, after checking how many there are."""
    if len(shape) > _MOST_SIZES:
        raise bad("it has a tensor of {} dimensions".format(len(shape)))
    return shape


def storage_of(identifier: Any) -> Storage:
    """Return the storage of a persistent id; every other kind of id is refused."""
    if (
        not isinstance(identifier, tuple)
        or len(identifier) not in (5, 6)
        or identifier[0] != "storage"
    ):
        raise bad("its pickle has a persistent id that is not a storage")
    _, kind, key, _, count = identifier[:5]
    if not isinstance(kind, Name) or kind.module not in ("torch", "torch.storage"):
        raise bad("its pickle has a storage of an unknown kind")
    dtype = STORAGES.get(kind.name)
    if dtype is None or not isinstance(key, str):
        raise bad(
            "its pickle has a storage of the kind {}, which is not read".format(shown(kind.name))
        )
    check_text(key)
    view = identifier[5] if len(identifier) == 6 else None
    if view is None:
        return Storage(key, dtype, whole(count))
    if not isinstance(view, tuple) or len(view) != 3:
        raise bad("its pickle has a view of a storage that is malformed")
    return Storage(key, dtype, whole(view[2]), whole(view[1]))


def _tensor(args: Tuple[Any, ...], dtype: Optional[str] = None) -> Any:
    storage, offset, shape, stride = args[:4]
    if not isinstance(storage, Storage) or not isinstance(shape, tuple):
        raise bad("its pickle makes a tensor of something that is not a storage")
    check_shape(shape)
    if not isinstance(stride, tuple) or len(shape) != len(stride):
        raise bad("its pickle makes a tensor whose sizes and strides differ in number")
    for value in (offset, *shape, *stride):
        whole(value)
    return Tensor(storage, dtype or storage.dtype, offset, shape, stride)


def _typed_tensor(args: Tuple[Any, ...]) -> Any:
    name = args[6].name if isinstance(args[6], Name) else ""
    if name not in WIDTH:
        raise bad("its pickle has a tensor of the type {}, which is not read".format(shown(name)))
    return _tensor(args, name)


def _of_type(args: Tuple[Any, ...]) -> Any:
    """Return the tensor within `_rebuild_from_type_v2(function, type, args, state)`."""
    function, inner = args[0], args[2]
    meaning = KNOWN.get((function.module, function.name)) if isinstance(function, Name) else None
    if meaning is None or meaning is _of_type or not isinstance(inner, tuple):
        raise bad("its pickle makes a tensor in an unknown way")
    return meaning(inner)


def _ordered(args: Tuple[Any, ...]) -> Any:
    if args and args[0]:
        # A call would copy what it is given: a small pickle could make it fill the memory.
        raise bad("its pickle gives an ordered dict its items at once, as Python 2 did")
    return {}


def _size(args: Tuple[Any, ...]) -> Any:
    return args[0] if args and isinstance(args[0], tuple) else ()


def _first(args: Tuple[Any, ...]) -> Any:
    return args[0]


KNOWN: Known = {
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_tensor_v3"): _typed_tensor,
    ("torch._utils", "_rebuild_parameter"): _first,
    ("torch._utils", "_rebuild_parameter_with_state"): _first,
    ("torch._tensor", "_rebuild_from_type_v2"): _of_type,
    ("torch", "Size"): _size,
    ("collections", "OrderedDict"): _ordered,
    ("collections", "defaultdict"): lambda args: {},
}
