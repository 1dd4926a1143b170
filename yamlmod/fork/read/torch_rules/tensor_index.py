"""`x[...]` of a tensor: integers, slices, None, Ellipsis."""

from __future__ import annotations

from yamlmod.fork.read.interpreter.machine import Machine, fail
from yamlmod.fork.read.interpreter.values import TensorValue, Value
from yamlmod.fork.read.torch_rules.tensors import is_int


def index_tensor(machine: Machine, value: TensorValue, key: Value) -> Value:
    """Return the part of a tensor that a subscript names."""
    keys = list(key) if isinstance(key, tuple) else [key]
    if value.shape is None:
        return TensorValue(None, value.kind)
    if any(_is_odd(item) for item in keys):
        return TensorValue(None, value.kind)
    taken = sum(item is not None and item is not Ellipsis for item in keys)
    if taken > len(value.shape):
        message = f"too many indices for tensor of dimension {len(value.shape)}"
        fail(IndexError, message)
    if Ellipsis in [item for item in keys if item is Ellipsis]:
        place = next(i for i, item in enumerate(keys) if item is Ellipsis)
        keys[place : place + 1] = [slice(None)] * (len(value.shape) - taken)
    out: list[int | None] = []
    axis = 0
    for item in keys:
        if item is None:
            out.append(1)
            continue
        size = value.shape[axis]
        if isinstance(item, slice):
            out.append(_sliced(size, item))
        else:
            _check_index(item, size, axis)
        axis += 1
    return TensorValue((*out, *value.shape[axis:]), value.kind)


def _is_odd(item: Value) -> bool:
    """Check whether a key is none of those whose result has known sizes."""
    if isinstance(item, slice):
        parts = (item.start, item.stop, item.step)
        return not all(part is None or is_int(part) for part in parts)
    return not (item is None or item is Ellipsis or is_int(item))


def _sliced(size: int | None, item: slice) -> int | None:
    if item == slice(None):
        return size
    if item.step is not None and item.step <= 0:
        fail(ValueError, "step must be greater than zero")
    return None if size is None else len(range(*item.indices(size)))


def _check_index(item: int, size: int | None, axis: int) -> None:
    if size is not None and not -size <= item < size:
        fail(IndexError, f"index {item} is out of bounds for dimension {axis} with size {size}")
