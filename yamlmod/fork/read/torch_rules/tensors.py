"""Sizes of tensors: broadcasting, products, and sizes from arguments."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from yamlmod.fork.read.interpreter.machine import Machine, fail
from yamlmod.fork.read.interpreter.operators import kind_of
from yamlmod.fork.read.interpreter.values import TensorValue, UnknownValue, Value, is_plain

Sizes = tuple[int | None, ...]


def is_int(value: Value) -> bool:
    """Check whether a value is a whole number and no bool."""
    return isinstance(value, int) and not isinstance(value, bool)


def text_of(shape: Sequence[int | None]) -> str:
    """Return sizes as torch's messages spell them."""
    return "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"


def broadcast(left: Sizes | None, right: Sizes | None) -> Sizes | None:
    """Return the sizes of an operation on two tensors; raises torch's error where none fit."""
    if left is None or right is None:
        return None
    rank = max(len(left), len(right))
    one = (1,) * (rank - len(left)) + left
    other = (1,) * (rank - len(right)) + right
    out: list[int | None] = []
    for place, (a, b) in enumerate(zip(one, other, strict=True)):
        if a == b or b == 1:
            out.append(a)
        elif a == 1:
            out.append(b)
        elif a is None or b is None:
            out.append(b if a is None else a)
        else:
            fail(
                RuntimeError,
                f"The size of tensor a ({a}) must match the size of tensor b ({b}) at "
                f"non-singleton dimension {place}",
            )
    return tuple(out)


def count(shape: Sizes | None) -> int | None:
    """The number of elements."""
    if shape is None or None in shape:
        return None
    return prod(size for size in shape if size is not None)


def dimension(value: Value, rank: int) -> int | None:
    """Return a dimension counted from the front; raises torch's error where there is none."""
    if not is_int(value):
        return None
    if not -max(rank, 1) <= value < max(rank, 1):
        low, high = -max(rank, 1), max(rank, 1) - 1
        fail(
            IndexError,
            f"Dimension out of range (expected to be in range of [{low}, {high}], but got {value})",
        )
    return int(value) % max(rank, 1)


def dimensions(value: Value, rank: int) -> list[int] | None:
    """Return several dimensions, None where one is not known."""
    found = [
        dimension(item, rank) for item in (value if isinstance(value, (list, tuple)) else [value])
    ]
    known = [item for item in found if item is not None]
    return known if len(known) == len(found) else None


def sizes_of(values: Value, what: str) -> Sizes | None:
    """Return the sizes that arguments give, as torch takes them; None where there is no knowing."""
    if (
        isinstance(values, (list, tuple))
        and len(values) == 1
        and isinstance(values[0], (list, tuple))
    ):
        values = values[0]
    if isinstance(values, (TensorValue, UnknownValue)):
        return None
    if not isinstance(values, (list, tuple)):
        values = (values,)
    out: list[int | None] = []
    for value in values:
        if is_int(value):
            if value < 0:
                fail(RuntimeError, f"Trying to create tensor with negative dimension {value}")
            out.append(value)
        elif isinstance(value, (UnknownValue, TensorValue)):
            out.append(None)
        elif is_plain(value):
            fail(
                TypeError,
                f"{what}(): argument 'size' must be tuple of ints, but found element of type "
                f"{kind_of(value)}",
            )
        else:
            return None
    return tuple(out)


def view(shape: Sizes | None, sizes: Sequence[Value]) -> Sizes | None:
    """Return the sizes of view or reshape; raises torch's error where the counts differ."""
    out: list[int | None] = []
    inferred: int | None = None
    for place, size in enumerate(sizes):
        if is_int(size) and size == -1:
            if inferred is not None:
                fail(RuntimeError, "only one dimension can be inferred")
            inferred = place
            out.append(None)
        elif is_int(size):
            if size < 0:
                fail(RuntimeError, f"invalid shape dimension {size}")
            out.append(size)
        elif isinstance(size, (float, str, bool)) or size is None:
            fail(
                TypeError,
                f"view(): argument 'size' must be tuple of ints, but found {kind_of(size)}",
            )
        else:
            out.append(None)
    total = count(shape)
    fixed = [size for place, size in enumerate(out) if place != inferred]
    if total is None or None in fixed:
        return tuple(out)
    given = prod(size for size in fixed if size is not None)
    if inferred is None:
        if given != total:
            raise_shape(out, inferred, total)
    elif given == 0 or total % given:
        raise_shape(out, inferred, total)
    else:
        out[inferred] = total // given
    return tuple(out)


def raise_shape(out: Sequence[int | None], inferred: int | None, total: int) -> None:
    """Raise torch's error for a view that does not fit."""
    sizes = [-1 if place == inferred else size for place, size in enumerate(out)]
    fail(RuntimeError, f"shape '{text_of(sizes)}' is invalid for input of size {total}")


def reduced(shape: Sizes | None, dims: Value, keep: Value) -> Sizes | None:
    """Return the sizes behind a mean, a sum or another reduction."""
    if shape is None or isinstance(dims, UnknownValue) or isinstance(keep, UnknownValue):
        return None
    if dims is None or dims in ([], ()):
        return (1,) * len(shape) if keep else ()
    places = dimensions(dims, len(shape))
    if places is None:
        return None
    if keep:
        return tuple(1 if place in places else size for place, size in enumerate(shape))
    return tuple(size for place, size in enumerate(shape) if place not in places)


def matmul(left: Sizes | None, right: Sizes | None) -> Sizes | None:
    """Return the sizes of a matrix product; raises torch's error where they do not fit."""
    if left is None or right is None:
        return None
    if not left or not right:
        fail(RuntimeError, "both arguments to matmul need to be at least 1D")
    inner, other = left[-1], right[-2] if len(right) > 1 else right[0]
    if inner is not None and other is not None and inner != other:
        if len(left) > 2 or len(right) > 2:
            message = "Expected size for first two dimensions of batch2 tensor to be: "
            message += f"[.., {inner}] but got: [.., {other}]."
        else:
            rows = text_of(left)[1:-1].replace(", ", "x")
            columns = text_of(right)[1:-1].replace(", ", "x")
            message = f"mat1 and mat2 shapes cannot be multiplied ({rows} and {columns})"
        fail(RuntimeError, message)
    batch = broadcast(left[:-2], right[:-2])
    if batch is None:
        return None
    rows_part = (left[-2],) if len(left) > 1 else ()
    column_part = (right[-1],) if len(right) > 1 else ()
    return (*batch, *rows_part, *column_part)


def concatenated(tensors: Sequence[TensorValue], place: Value) -> Sizes | None:
    """Return the sizes of torch.cat; raises torch's error where they do not fit."""
    shapes = [tensor.shape for tensor in tensors]
    known = [shape for shape in shapes if shape is not None and shape != (0,)]
    if not known or not is_int(place):
        return None
    rank = len(known[0])
    for shape in known:
        if len(shape) != rank:
            fail(
                RuntimeError,
                f"Tensors must have same number of dimensions: got {rank} and {len(shape)}",
            )
    dim = dimension(place, rank)
    assert dim is not None
    out: list[int | None] = list(known[0])
    for number, sizes in enumerate(shapes):
        if sizes is None or sizes == (0,):
            continue
        for axis, size in enumerate(sizes):
            if axis == dim or size is None:
                continue
            if out[axis] is None:
                out[axis] = size
            elif out[axis] != size:
                fail(
                    RuntimeError,
                    f"Sizes of tensors must match except in dimension {dim}. Expected size "
                    f"{out[axis]} but got size {size} for tensor number {number} in the list.",
                )
    parts = [None if shape is None else shape[dim] for shape in shapes if shape != (0,)]
    out[dim] = None if None in parts else sum(part for part in parts if part is not None)
    return tuple(out)


def tensor_binary(machine: Machine, sign: str, left: Value, right: Value) -> Value:
    """Return what an operator makes of a tensor and another value."""
    shapes: list[Sizes | None] = []
    kinds: list[str] = []
    for value in (left, right):
        if isinstance(value, TensorValue):
            shapes.append(value.shape)
            kinds.append(value.kind)
        elif isinstance(value, (int, float)):
            shapes.append(())
            kinds.append("float" if isinstance(value, float) else "")
        elif isinstance(value, UnknownValue):
            shapes.append(None)
            kinds.append("")
        elif is_plain(value):
            first, second = kind_of(left), kind_of(right)
            fail(TypeError, f"unsupported operand type(s) for {sign}: '{first}' and '{second}'")
        else:
            return UnknownValue(f"`{sign}` of a tensor and {kind_of(value)}")
    if sign == "@":
        return TensorValue(matmul(shapes[0], shapes[1]))
    kind = "float" if "float" in kinds or sign == "/" else kinds[0] or kinds[1]
    if isinstance(left, UnknownValue) or isinstance(right, UnknownValue):
        other = shapes[1] if isinstance(left, UnknownValue) else shapes[0]
        # Broadcasting enlarges a size of 1 and leaves the others.
        return TensorValue(tuple(None if s == 1 else s for s in other) if other else None, kind)
    return TensorValue(broadcast(shapes[0], shapes[1]), kind)
