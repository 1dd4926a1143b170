"""Pooling and adaptive pooling, shared by layers and functions."""

from __future__ import annotations

from yamlmod.fork.read.interpreter.machine import fail
from yamlmod.fork.read.interpreter.operators import kind_of
from yamlmod.fork.read.interpreter.values import TensorValue, UnknownValue, Value, is_plain
from yamlmod.fork.read.torch_rules.tensor_convolution import pairs
from yamlmod.fork.read.torch_rules.tensors import Sizes, is_int, text_of


def pool(
    x: TensorValue | None, kernel: Value, stride: Value, padding: Value, dilation: Value,
    ceil: Value, what: str, rank: int = 2,
) -> TensorValue:  # fmt: skip
    """Return the output of max or average pooling."""
    if is_plain(ceil) and not isinstance(ceil, bool):
        fail(TypeError, f"{what}(): argument 'ceil_mode' must be bool, not {kind_of(ceil)}")
    width = pairs(kernel, rank, what, "kernel_size")
    empty = stride is None or stride in ([], ())
    step = width if empty else pairs(stride, rank, what, "stride")
    pad, spread = pairs(padding, rank, what, "padding"), pairs(dilation, rank, what, "dilation")
    if x is None or x.shape is None:
        return TensorValue(None)
    if len(x.shape) not in (rank + 1, rank + 2):
        fail(
            RuntimeError,
            f"{what}: Expected {rank + 1}D or {rank + 2}D tensor, but got {text_of(x.shape)}",
        )
    if None in (width, step, pad, spread) or isinstance(ceil, UnknownValue):
        return TensorValue((*x.shape[:-rank], *(None,) * rank))
    assert width and step and pad and spread
    sizes = [
        _pooled(size, width[i], step[i], pad[i], spread[i], bool(ceil), x.shape, what)
        for i, size in enumerate(x.shape[-rank:])
    ]
    return TensorValue((*x.shape[:-rank], *sizes))


def _pooled(
    size: int | None,
    width: int,
    step: int,
    pad: int,
    spread: int,
    ceil: bool,
    shape: Sizes,
    what: str,
) -> int | None:
    if width <= 0:
        fail(RuntimeError, "kernel size should be greater than zero")
    if step <= 0:
        fail(RuntimeError, "stride should be greater than zero")
    if spread <= 0:
        fail(RuntimeError, "dilation should be greater than zero")
    if pad < 0:
        fail(RuntimeError, "pad must be non-negative")
    if pad > ((width - 1) * spread + 1) // 2:
        fail(
            RuntimeError,
            f"pad should be at most half of effective kernel size, but got pad={pad}, "
            f"kernel_size={width} and dilation={spread}",
        )
    if size is None:
        return None
    room = size + 2 * pad - spread * (width - 1) - 1
    found = -(-room // step) + 1 if ceil else room // step + 1
    if ceil and (found - 1) * step >= size + pad:
        found -= 1
    if found < 1:
        fail(
            RuntimeError,
            f"{what}: given input size {text_of(shape)}, the output size is too small",
        )
    return found


def adaptive(x: TensorValue | None, size: Value, what: str, rank: int = 2) -> TensorValue:
    if isinstance(size, str) and x is not None and x.shape and len(x.shape) <= len(size):
        fail(ValueError, f"Input dimension should be at least {len(size) + 1}")
    if size is None or isinstance(size, (float, str)):
        fail(TypeError, f"object of type '{kind_of(size)}' has no len()")
    if isinstance(size, bool):
        fail(TypeError, f"{what}(): argument 'output_size' must be tuple of ints, not bool")
    if x is None or x.shape is None:
        return TensorValue(None)
    if len(x.shape) not in (rank + 1, rank + 2):
        return TensorValue(None)  # torch takes some of them
    if isinstance(size, UnknownValue):
        return TensorValue((*x.shape[:-rank], *(None,) * rank))
    items = list(size) if isinstance(size, (list, tuple)) else [size] * rank
    if len(items) != rank:
        return TensorValue((*x.shape[:-rank], *(None,) * rank))
    own = x.shape[-rank:]
    sizes: list[int | None] = []
    for item, old in zip(items, own, strict=True):
        if item is None:
            sizes.append(old)
        elif is_int(item):
            if item < 0:
                fail(RuntimeError, "elements of output_size must be greater than or equal to 0")
            sizes.append(item)
        elif is_plain(item):
            fail(
                TypeError,
                f"{what}(): argument 'output_size' must be tuple of ints, not {kind_of(item)}",
            )
        else:
            sizes.append(None)
    return TensorValue((*x.shape[:-rank], *sizes))
