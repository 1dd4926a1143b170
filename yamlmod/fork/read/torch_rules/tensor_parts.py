"""Operations that return several tensors, or select elements."""

from __future__ import annotations

from yamlmod.fork.read.interpreter.machine import MAX_ITEMS, Machine, fail
from yamlmod.fork.read.interpreter.values import (
    LimitError,
    TensorValue,
    UnknownValue,
    Value,
    ValuesAndIndices,
)
from yamlmod.fork.read.torch_rules.tensors import (
    broadcast,
    dimension,
    is_int,
    reduced,
)


def reduce(
    machine: Machine, x: TensorValue, dim: Value = None, keepdim: Value = False, **rest: Value
) -> Value:
    """Return the sizes behind a mean, a sum and their like."""
    dim = rest.get("axis", dim)
    keepdim = rest.get("keepdims", keepdim)
    return TensorValue(reduced(x.shape, dim, keepdim), x.kind)


def norm(
    machine: Machine,
    x: TensorValue,
    p: Value = 2,
    dim: Value = None,
    keepdim: Value = False,
    **rest: Value,
) -> Value:
    """Return the sizes of a norm."""
    return TensorValue(reduced(x.shape, dim, keepdim), x.kind)


def reduce_pair(
    machine: Machine, x: TensorValue, dim: Value = None, keepdim: Value = False
) -> Value:
    """Return values and places, as max and min along a dimension do."""
    if isinstance(dim, TensorValue):
        return TensorValue(broadcast(x.shape, dim.shape), x.kind)
    if dim is None:
        return TensorValue((), x.kind)
    shape = reduced(x.shape, dim, keepdim)
    return ValuesAndIndices((TensorValue(shape, x.kind), TensorValue(shape, "int")))


def index_of(machine: Machine, x: TensorValue, dim: Value = None, keepdim: Value = False) -> Value:
    """Return the sizes of argmax and argmin."""
    return TensorValue(reduced(x.shape, dim, keepdim), "int")


def topk(
    machine: Machine, x: TensorValue, k: Value, dim: Value = -1, *rest: Value, **keywords: Value
) -> Value:
    """Return the pair of topk."""
    place = None if x.shape is None else dimension(dim, len(x.shape))
    if x.shape is None or place is None or not is_int(k):
        return ValuesAndIndices((TensorValue(None, x.kind), TensorValue(None, "int")))
    size = x.shape[place]
    if size is not None and k > size:
        fail(RuntimeError, "selected index k out of range")
    shape = (*x.shape[:place], k, *x.shape[place + 1 :])
    return ValuesAndIndices((TensorValue(shape, x.kind), TensorValue(shape, "int")))


def sort(machine: Machine, x: TensorValue, *args: Value, **keywords: Value) -> Value:
    """Return the pair of sort."""
    return ValuesAndIndices((TensorValue(x.shape, x.kind), TensorValue(x.shape, "int")))


def chunk(machine: Machine, x: TensorValue, chunks: Value, dim: Value = 0) -> Value:
    if x.shape is None or not is_int(chunks):
        return UnknownValue("chunks of a tensor whose sizes are not known")
    if chunks <= 0:
        fail(RuntimeError, f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    place = dimension(dim, len(x.shape))
    size = None if place is None else x.shape[place]
    if place is None or size is None:
        # Of an even size, as in every network that unpacks them.
        return UnknownValue("chunks of a size that is not known")
    step = max(1, -(-size // chunks))
    return _parts(x, [min(step, size - start) for start in range(0, size, step)] or [0], place)


def split(
    machine: Machine, x: TensorValue, split_size: Value, dim: Value = 0, **rest: Value
) -> Value:
    split_size = rest.get("split_size_or_sections", split_size)
    if x.shape is None:
        return UnknownValue("parts of a tensor whose sizes are not known")
    place = dimension(dim, len(x.shape))
    if place is None:
        return UnknownValue("parts along a dimension that is not known")
    size = x.shape[place]
    if isinstance(split_size, (list, tuple)) and all(is_int(part) for part in split_size):
        if size is not None and sum(split_size) != size:
            fail(
                RuntimeError,
                f"split_with_sizes expects split_sizes to sum exactly to {size} (input tensor's "
                f"size at dimension {place}), but got split_sizes={list(split_size)}",
            )
        return _parts(x, list(split_size), place)
    if size is None or not is_int(split_size) or split_size < 0:
        return UnknownValue("parts of a size that is not known")
    if split_size == 0:
        fail(RuntimeError, "split_size can only be 0 if dimension size is 0")
    return _parts(x, [min(split_size, size - s) for s in range(0, size, split_size)], place)


def _parts(x: TensorValue, sizes: list[int], place: int) -> Value:
    assert x.shape is not None
    if len(sizes) > MAX_ITEMS:
        raise LimitError("a tensor in many parts")
    shapes = [(*x.shape[:place], size, *x.shape[place + 1 :]) for size in sizes]
    return tuple(TensorValue(shape, x.kind) for shape in shapes)


def unbind(machine: Machine, x: TensorValue, dim: Value = 0) -> Value:
    """Return the slices along a dimension."""
    place = None if x.shape is None else dimension(dim, len(x.shape))
    if x.shape is None or place is None or x.shape[place] is None:
        return UnknownValue("parts of a tensor whose sizes are not known")
    shape = (*x.shape[:place], *x.shape[place + 1 :])
    if (x.shape[place] or 0) > MAX_ITEMS:
        raise LimitError("a tensor in many parts")
    return tuple(TensorValue(shape, x.kind) for _ in range(x.shape[place] or 0))


def index_select(machine: Machine, x: TensorValue, dim: Value, index: Value) -> Value:
    """Return the parts at the places that an index names."""
    place = None if x.shape is None else dimension(dim, len(x.shape))
    if x.shape is None or place is None:
        return TensorValue(None, x.kind)
    known = isinstance(index, TensorValue) and index.shape is not None and len(index.shape) < 2
    size = (index.shape[0] if index.shape else 1) if known else None
    return TensorValue((*x.shape[:place], size, *x.shape[place + 1 :]), x.kind)
